package ship

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"google.golang.org/protobuf/encoding/protowire"
)

// versionKey is left out of digests: another version of tailer is no other content.
const versionKey = "langfuse.observation.metadata.tailer.version"

// Field numbers of opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto.
const (
	resourceSpansField = 1
	scopeSpansField    = 2
	spansField         = 2
	spanIDField        = 2
	startField         = 7
	endField           = 8
	attributesField    = 9
	keyField           = 1
)

// digest sums up what spans say: times, names and attributes. It reads them as they were
// encoded, for to encode attributes once more would take as long again.
func digest(payload []byte) uint64 {
	sum := sha256.New()
	eachBytes(payload, resourceSpansField, func(resource []byte) {
		eachBytes(resource, scopeSpansField, func(scope []byte) {
			eachBytes(scope, spansField, func(span []byte) { addSpan(sum, span) })
		})
	})
	return binary.BigEndian.Uint64(sum.Sum(nil))
}

func addSpan(sum hash.Hash, span []byte) {
	var id []byte
	var start, end uint64
	each(span, func(number protowire.Number, kind protowire.Type, value []byte) {
		switch {
		case number == spanIDField && kind == protowire.BytesType:
			id, _ = protowire.ConsumeBytes(value)
		case number == startField && kind == protowire.Fixed64Type:
			start, _ = protowire.ConsumeFixed64(value)
		case number == endField && kind == protowire.Fixed64Type:
			end, _ = protowire.ConsumeFixed64(value)
		}
	})
	var text [8]byte
	head := binary.BigEndian.AppendUint64(id[:len(id):len(id)], start)
	_, _ = sum.Write(binary.BigEndian.AppendUint64(head, end)) // a hash never fails
	eachBytes(span, attributesField, func(attribute []byte) {
		if hasKey(attribute, versionKey) {
			return
		}
		binary.BigEndian.PutUint64(text[:], uint64(len(attribute)))
		_, _ = sum.Write(text[:])
		_, _ = sum.Write(attribute)
	})
}

// hasKey reports whether an encoded attribute has that key.
func hasKey(attribute []byte, key string) bool {
	has := false
	eachBytes(attribute, keyField, func(b []byte) { has = string(b) == key })
	return has
}

// each calls take with every field of a message; value is what follows its tag.
func each(message []byte, take func(protowire.Number, protowire.Type, []byte)) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return // payloads are our own: this one was damaged on disk
		}
		size := protowire.ConsumeFieldValue(number, kind, message[n:])
		if size < 0 {
			return
		}
		take(number, kind, message[n:n+size])
		message = message[n+size:]
	}
}

// eachBytes calls take with every field of that number that is text, bytes or a message.
func eachBytes(message []byte, field protowire.Number, take func([]byte)) {
	each(message, func(number protowire.Number, kind protowire.Type, value []byte) {
		if number == field && kind == protowire.BytesType {
			b, _ := protowire.ConsumeBytes(value)
			take(b)
		}
	})
}
