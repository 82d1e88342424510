package parse

import (
	"encoding/json"
	"strings"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"tailer"
	"tailer/parse/pyrepr"
)

// repr returns the parser's reader, standing at the start of text.
func (d *decoder) repr(text []byte, followers []string) *pyrepr.Reader {
	d.reader.Followers(followers...)
	d.reader.Reset(text)
	return d.reader
}

// json returns the value as JSON, which is not to be changed; nil for None.
func (d *decoder) json(r *pyrepr.Reader) json.RawMessage {
	text := r.JSON()
	if string(text) == "null" {
		return nil
	}
	return text
}

// result returns the value for a reader of JSON members.
func (d *decoder) result(r *pyrepr.Reader) gjson.Result { return gjson.Parse(view(r.JSON())) }

// view returns bytes as a string without a copy, which for a prompt of a megabyte
// would cost more than to read it. The bytes must not change as long as the string
// is in use.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// fields returns a dict as fields.
func (d *decoder) fields(r *pyrepr.Reader) tailer.Fields {
	fields := tailer.Fields{}
	it := r.Dict()
	for it.Next() {
		name := string(it.Key())
		if v := d.json(r); v != nil {
			fields = append(fields, tailer.Field{Name: name, Value: v})
		}
	}
	return fields
}

// headers returns a dict of headers, plain or in a Headers(…) call; nil when
// there is none. A raw list of pairs, which Starlette prints when a name
// repeats, is accepted as well. The slice is not to be changed.
func (d *decoder) headers(r *pyrepr.Reader) []tailer.Header {
	text := r.JSON()
	for _, known := range d.known {
		// The reader gives the same memory for what it remembers.
		if len(text) > 0 && len(known.text) == len(text) && &known.text[0] == &text[0] {
			return known.headers
		}
	}
	headers := headersOf(gjson.Parse(view(text)))
	d.known[d.nextKnown] = knownHeaders{text, headers}
	d.nextKnown = (d.nextKnown + 1) % len(d.known)
	return headers
}

// knownHeaders are headers as they were read last: several records of a request
// state the same.
type knownHeaders struct {
	text    []byte
	headers []tailer.Header
}

// headersOf reads an object of headers. The strings share its memory.
func headersOf(doc gjson.Result) []tailer.Header {
	var headers []tailer.Header
	add := func(name, value string) {
		if headers == nil {
			headers = make([]tailer.Header, 0, 24)
		}
		headers = append(headers, tailer.Header{Name: lower(name), Value: value})
	}
	if inner := doc.Get("raw"); doc.IsObject() && inner.IsArray() {
		doc = inner
	}
	doc.ForEach(func(key, value gjson.Result) bool {
		switch {
		case key.Type == gjson.String && value.Type == gjson.String:
			add(key.Str, value.Str)
		case value.IsArray():
			if pair := value.Array(); len(pair) == 2 {
				add(pair[0].String(), pair[1].String())
			}
		}
		return true
	})
	return headers
}

// datetime returns the time of a datetime repr; naive ones are local.
func (d *decoder) datetime(r *pyrepr.Reader) time.Time {
	t, _, ok := r.Time(d.location)
	if !ok {
		return time.Time{}
	}
	return t.UTC()
}

// lower returns s with the letters of ASCII in lower case.
func lower(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool { return c >= 'A' && c <= 'Z' }) {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
