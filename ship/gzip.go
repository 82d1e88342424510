package ship

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"

	"tailer/ship/otlp"
)

// zips are writers that wait for the next batch: their tables are larger than most
// batches.
var zips = sync.Pool{New: func() any {
	zip, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is one of its own
	return zip
}}

// Gzip returns payloads as one gzipped request. It is a new slice each time: after a
// time-out a transport may still be reading the last one.
func Gzip(payloads []otlp.Payload) ([]byte, error) {
	zip := zips.Get().(*gzip.Writer) // of nothing else
	defer zips.Put(zip)
	var body bytes.Buffer
	zip.Reset(&body)
	for _, payload := range payloads {
		if _, err := zip.Write(payload); err != nil {
			return nil, fmt.Errorf("compress spans: %w", err)
		}
	}
	if err := zip.Close(); err != nil {
		return nil, fmt.Errorf("compress spans: %w", err)
	}
	return body.Bytes(), nil
}

// Payloads are those of the items.
func Payloads(items []*Item) []otlp.Payload {
	payloads := make([]otlp.Payload, len(items))
	for i, item := range items {
		payloads[i] = item.payload
	}
	return payloads
}
