package otlp

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of opentelemetry/proto/common/v1/common.proto, OTLP 1.
const (
	keyField   = 1 // of KeyValue
	valueField = 2

	stringField = 1 // of AnyValue
	boolField   = 2
	intField    = 3
	doubleField = 4
	arrayField  = 5
	kvlistField = 6
	bytesField  = 7

	valuesField = 1 // of ArrayValue and KeyValueList
)

// attributes collects the attributes of one span in the order of writing, as they
// are on the wire. Values that say nothing are left out, and so is a key that is
// there already.
type attributes struct {
	keys []string
	wire []byte
}

func (a *attributes) reset() {
	clear(a.keys)
	a.keys, a.wire = a.keys[:0], a.wire[:0]
}

// begin appends all of an attribute but its value, an AnyValue of so many bytes. It
// returns false, and appends nothing, if the key is there already.
func (a *attributes) begin(key string, size int) bool {
	key = cut(valid(key), maxName)
	// There are a few dozen, which are compared faster than hashed.
	for _, other := range a.keys {
		if other == key {
			return false
		}
	}
	a.keys = append(a.keys, key)
	a.wire = appendHead(a.wire, attributesField, sizeOf(keyField, len(key))+sizeOf(valueField, size))
	a.wire = appendText(a.wire, keyField, key)
	a.wire = appendHead(a.wire, valueField, size)
	return true
}

// text adds a string, unless it is empty.
func (a *attributes) text(key, value string) {
	if value == "" {
		return
	}
	value = valid(value)
	if a.begin(key, sizeOf(stringField, len(value))) {
		a.wire = appendText(a.wire, stringField, value)
	}
}

// number adds a count as text, unless it is 0, which stands for unknown.
func (a *attributes) number(key string, value int) {
	if value != 0 {
		a.text(key, strconv.Itoa(value))
	}
}

func (a *attributes) integer(key string, value int64) {
	v := uint64(value) // as protobuf has an int64: two's complement
	if a.begin(key, protowire.SizeTag(intField)+protowire.SizeVarint(v)) {
		a.wire = appendNumber(a.wire, intField, v)
	}
}

func (a *attributes) double(key string, value float64) {
	if a.begin(key, protowire.SizeTag(doubleField)+protowire.SizeFixed64()) {
		a.wire = protowire.AppendTag(a.wire, doubleField, protowire.Fixed64Type)
		a.wire = protowire.AppendFixed64(a.wire, math.Float64bits(value))
	}
}

// texts adds a string array, unless it is empty.
func (a *attributes) texts(key string, values []string) {
	if len(values) == 0 {
		return
	}
	size := 0
	for i := range values {
		values[i] = valid(values[i])
		size += sizeOf(valuesField, sizeOf(stringField, len(values[i])))
	}
	if !a.begin(key, sizeOf(arrayField, size)) {
		return
	}
	a.wire = appendHead(a.wire, arrayField, size)
	for _, value := range values {
		a.wire = appendHead(a.wire, valuesField, sizeOf(stringField, len(value)))
		a.wire = appendText(a.wire, stringField, value)
	}
}

// object adds a JSON object or array as text, unless it is absent or empty.
func (a *attributes) object(key string, value json.RawMessage) {
	text := compact(value)
	switch text {
	case "null", "{}", "[]", `""`:
		return
	}
	a.text(key, text)
}

// appendHead appends the beginning of a field that is text, bytes or a message of
// so many bytes.
func appendHead(dst []byte, field protowire.Number, size int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.BytesType), uint64(size)) // fits
}

func appendText(dst []byte, field protowire.Number, text string) []byte {
	return append(appendHead(dst, field, len(text)), text...)
}

// sizeOf is the size of such a field as a whole.
func sizeOf(field protowire.Number, size int) int {
	return protowire.SizeTag(field) + protowire.SizeBytes(size)
}

// marshal returns v as JSON in which <, > and & stay as they are: these texts
// are read by people and compared with what was sent. It returns "" when v
// cannot be written, as a raw value that is not JSON cannot.
func marshal(v any) string {
	switch v := v.(type) { // for what most values are, encoding/json takes several times as long
	case string:
		if plainEnd(view(v)) == len(v) {
			return `"` + v + `"` // names, and most texts
		}
	case message:
		if v.isText() {
			return v.text()
		}
	}
	return encode(v)
}

// encode is marshal by encoding/json.
func encode(v any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(v) != nil {
		return ""
	}
	return valid(strings.TrimSuffix(out.String(), "\n"))
}

// view returns a string as bytes without a copy; they must not be changed.
func view(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// valid replaces bytes that are not UTF-8: protobuf refuses them.
func valid(s string) string {
	if utf8.ValidString(s) { // much faster, and nearly always so
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// cut shortens s to at most limit UTF-16 units, which is how Langfuse (4.16)
// measures a name before it drops a trace for it. For all but emoji and rare
// scripts that is the number of characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	units := 0
	for i, r := range s {
		units += max(utf16.RuneLen(r), 1)
		if units > limit {
			return s[:i]
		}
	}
	return s
}

// firstCharacters shortens s to at most limit characters.
func firstCharacters(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	for i := range s {
		if limit == 0 {
			return s[:i]
		}
		limit--
	}
	return s
}
