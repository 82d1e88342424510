package protofield

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Field is one field of a message.
type Field struct {
	Tag   uint64 // its number and its type on the wire: number<<3 | type
	Bytes []byte // of a field of bytes: a part of the message
	N     uint64 // of a varint, or of eight bytes
}

// Each calls take for each field of a message, in order, until it fails. What is no
// message is an error that wraps malformed, after the fields before it. The values of
// other types are passed over.
func Each(message []byte, malformed error, take func(f Field) error) error {
	for len(message) > 0 {
		number, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return fmt.Errorf("%w: %w", malformed, protowire.ParseError(size))
		}
		message = message[size:]
		f := Field{Tag: protowire.EncodeTag(number, kind)}
		switch kind {
		case protowire.BytesType:
			f.Bytes, size = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			f.N, size = protowire.ConsumeVarint(message)
		case protowire.Fixed64Type:
			f.N, size = protowire.ConsumeFixed64(message)
		default:
			size = protowire.ConsumeFieldValue(number, kind, message)
		}
		if size < 0 {
			return fmt.Errorf("%w: %w", malformed, protowire.ParseError(size))
		}
		message = message[size:]
		if err := take(f); err != nil {
			return err
		}
	}
	return nil
}
