package otlp

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// attributes collects the attributes of one span in the order of writing. Values
// that say nothing are left out, and so is a key that is there already.
type attributes struct {
	list []*commonpb.KeyValue
	slab []textAttribute // to be used next
}

// A textAttribute is all that protobuf wants for one attribute. They are made
// many at a time: most of what a trace allocated were these.
type textAttribute struct {
	pair  commonpb.KeyValue
	value commonpb.AnyValue
	text  commonpb.AnyValue_StringValue
}

const slabSize = 32

func newAttributes(room int) *attributes {
	return &attributes{list: make([]*commonpb.KeyValue, 0, room)}
}

func (a *attributes) add(key string, value *commonpb.AnyValue) {
	if key, isNew := a.claim(key); isNew {
		a.list = append(a.list, &commonpb.KeyValue{Key: key, Value: value})
	}
}

// claim returns the key as it is written, and whether it is not there yet.
func (a *attributes) claim(key string) (string, bool) {
	key = cut(valid(key), maxName)
	// There are a few dozen, which are compared faster than hashed.
	for _, pair := range a.list {
		if pair.Key == key {
			return key, false
		}
	}
	return key, true
}

// text adds a string, unless it is empty.
func (a *attributes) text(key, value string) {
	if value == "" {
		return
	}
	key, isNew := a.claim(key)
	if !isNew {
		return
	}
	if len(a.slab) == 0 {
		a.slab = make([]textAttribute, slabSize)
	}
	t := &a.slab[0]
	a.slab = a.slab[1:]
	t.text.StringValue = valid(value)
	t.value.Value = &t.text
	t.pair.Key, t.pair.Value = key, &t.value
	a.list = append(a.list, &t.pair)
}

// number adds a count as text, unless it is 0, which stands for unknown.
func (a *attributes) number(key string, value int) {
	if value != 0 {
		a.text(key, strconv.Itoa(value))
	}
}

func (a *attributes) integer(key string, value int64) {
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}})
}

func (a *attributes) double(key string, value float64) {
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: value}})
}

// texts adds a string array, unless it is empty.
func (a *attributes) texts(key string, values []string) {
	if len(values) == 0 {
		return
	}
	array := &commonpb.ArrayValue{Values: make([]*commonpb.AnyValue, len(values))}
	for i, value := range values {
		array.Values[i] = &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: valid(value)}}
	}
	a.add(key, &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: array}})
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

// marshal returns v as JSON in which <, > and & stay as they are: these texts
// are read by people and compared with what was sent. It returns "" when v
// cannot be written, as a raw value that is not JSON cannot.
func marshal(v any) string {
	if s, ok := v.(string); ok && plainEnd(view(s)) == len(s) {
		return `"` + s + `"` // names, and most texts
	}
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
