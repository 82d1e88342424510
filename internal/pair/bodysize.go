package pair

import (
	"bytes"
	"encoding/json"
	"slices"

	"tailer"
)

// bodySizes are the sizes, in bytes, that a JSON body has as clients write it: with
// a blank after each colon and comma, or without; in ASCII, or in UTF-8.
type bodySizes struct {
	plain, ascii int // without blanks
	blanks       int
}

// has reports whether a body of that size can be the same.
func (s bodySizes) has(size int) bool {
	return slices.Contains([]int{s.plain, s.ascii, s.plain + s.blanks, s.ascii + s.blanks}, size)
}

// sizesOf returns the sizes of a body. ok is false if it is no JSON, or has none.
func sizesOf(body tailer.Fields) (s bodySizes, ok bool) {
	if body == nil {
		return s, false
	}
	d := json.NewDecoder(bytes.NewReader(body.JSON()))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return s, false
	}
	s.add(v)
	return s, true
}

func (s *bodySizes) both(n int) { s.plain, s.ascii = s.plain+n, s.ascii+n }

func (s *bodySizes) add(v any) {
	switch v := v.(type) {
	case map[string]any:
		s.both(len("{}") + len(v)) // a colon each
		s.commas(len(v))
		s.blanks += len(v)
		for name, member := range v {
			s.text(name)
			s.add(member)
		}
	case []any:
		s.both(len("[]"))
		s.commas(len(v))
		for _, element := range v {
			s.add(element)
		}
	case string:
		s.text(v)
	case json.Number:
		s.both(len(v))
	case bool:
		if s.both(len("true")); !v {
			s.both(1)
		}
	case nil:
		s.both(len("null"))
	}
}

func (s *bodySizes) commas(n int) {
	if n > 1 {
		s.both(n - 1)
		s.blanks += n - 1
	}
}

func (s *bodySizes) text(v string) {
	s.both(len(`""`))
	for _, r := range v {
		switch {
		case r == '"' || r == '\\' || r == '\n' || r == '\r' || r == '\t' || r == '\b' || r == '\f':
			s.both(2)
		case r < ' ':
			s.both(len(`\u0000`))
		case r < 0x80:
			s.both(1)
		case r < 0x10000:
			s.plain += len(string(r))
			s.ascii += len(`\u0000`)
		default:
			s.plain += len(string(r))
			s.ascii += len(`\ud800\udc00`)
		}
	}
}
