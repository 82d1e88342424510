// Command amplify makes a long log of a short one: a capture is repeated round by
// round until a size is reached. In every round each id (UUIDs, ids of answers and
// calls, hashes of 64 hex digits) becomes another one, the same all through the
// round, and every time moves on by the capture's length: ISO stamps, the clock at
// the start of text records, Python's datetimes and seconds since 1970. So requests
// of a round belong together and to no other round. The same arguments give the
// same bytes.
//
//	amplify -size 1024 -out big.log testdata/captures/1.109.1/json-detailed/proxy.log.gz
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	size := flag.Int64("size", 64, "how long the log is to be, in MiB; its last round may be cut at a line's end")
	out := flag.String("out", "", "file to write; none: stdout")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: amplify -size MIB -out FILE CAPTURE")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *out, *size<<20); err != nil {
		fmt.Fprintln(os.Stderr, "amplify:", err)
		os.Exit(1)
	}
}

func run(capture, out string, size int64) error {
	text, err := read(capture)
	if err != nil {
		return err
	}
	file := os.Stdout
	if out != "" {
		if file, err = os.Create(out); err != nil {
			return fmt.Errorf("create log: %w", err)
		}
	}
	w := bufio.NewWriterSize(file, 1<<20)
	log, err := newTemplate(text)
	if err != nil {
		return err
	}
	for round := 0; size > 0; round++ {
		b := log.round(round)
		if int64(len(b)) > size {
			b = b[:1+bytes.LastIndexByte(b[:size], '\n')]
			size = 0
		}
		size -= int64(len(b))
		if _, err := w.Write(b); err != nil {
			return fmt.Errorf("write log: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return file.Close()
}

// read returns a capture, decompressed, that ends with a newline.
func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read capture: %w", err)
	}
	defer func() { _ = file.Close() }()
	var from io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if from, err = gzip.NewReader(file); err != nil {
			return nil, fmt.Errorf("read capture %s: %w", path, err)
		}
	}
	text, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("read capture %s: %w", path, err)
	}
	return append(bytes.TrimSuffix(text, []byte("\n")), '\n'), nil
}
