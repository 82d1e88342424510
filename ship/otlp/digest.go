package otlp

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"google.golang.org/protobuf/encoding/protowire"
)

// versionKey is left out of digests: another version of tailer is no other content.
const versionKey = observationMetadataPrefix + "tailer.version"

// Digest sums up what the spans say: times, names and attributes. It reads them as they
// are encoded, for to encode attributes once more would take as long again. Of what is
// behind damage it knows nothing.
func (p Payload) Digest() uint64 {
	sum := sha256.New()
	for resource := scan(p); resource.next(); {
		if !resource.is(resourceSpansField) {
			continue
		}
		for scope := scan(resource.bytes); scope.next(); {
			if !scope.is(scopeSpansField) {
				continue
			}
			for span := scan(scope.bytes); span.next(); {
				if span.is(spansField) {
					addSpan(sum, span.bytes)
				}
			}
		}
	}
	return binary.BigEndian.Uint64(sum.Sum(nil))
}

func addSpan(sum hash.Hash, span []byte) {
	var id []byte
	var start, end uint64
	for f := scan(span); f.next(); {
		switch f.number {
		case spanIDField:
			id = f.bytes
		case startField:
			start = f.fixed()
		case endField:
			end = f.fixed()
		}
	}
	var text [8]byte
	head := binary.BigEndian.AppendUint64(id[:len(id):len(id)], start)
	_, _ = sum.Write(binary.BigEndian.AppendUint64(head, end)) // a hash never fails
	for f := scan(span); f.next(); {
		if !f.is(attributesField) || hasKey(f.bytes, versionKey) {
			continue
		}
		binary.BigEndian.PutUint64(text[:], uint64(len(f.bytes)))
		_, _ = sum.Write(text[:])
		_, _ = sum.Write(f.bytes)
	}
}

// hasKey reports whether an attribute has a key of less than 128 bytes. The key is the
// first field of all that this package and protobuf's own have encoded.
func hasKey(attribute []byte, key string) bool {
	const head = 2 // tag and length
	return len(attribute) >= head+len(key) && attribute[0] == byte(keyField<<3|protowire.BytesType) && int(attribute[1]) == len(key) &&
		string(attribute[head:head+len(key)]) == key
}
