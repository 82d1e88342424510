package rawjson

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// FuzzMembers compares the reader of members with encoding/json.
func FuzzMembers(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":{"c":"}"},"\u0061":[1,"]"]}`, `{}`, ` { "x" : "\\\"" , "y":null}`, `{"a":{"b":[{}]}}`, `[1]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := map[string]json.RawMessage{}
		for name, value := range Members(raw) {
			got[name] = value
		}
		sameMembers(t, raw, got)
	})
}

// sameMembers holds the members that a reader has found against encoding/json's, if
// that reads raw as an object.
func sameMembers(t *testing.T, raw []byte, got map[string]json.RawMessage) {
	t.Helper()
	var want map[string]json.RawMessage
	if !utf8.Valid(raw) || json.Unmarshal(raw, &want) != nil {
		return
	}
	if len(got) != len(want) {
		t.Fatalf("members of %q are %q, want %q", raw, got, want)
	}
	for name, value := range want {
		if !bytes.Equal(got[name], value) {
			t.Fatalf("member %q of %q is %q, want %q", name, raw, got[name], value)
		}
	}
}

// FuzzObject compares the strict reader with encoding/json.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{"a":1,"b":{"c":"}"},"\u0061":[1,"]"]}`, `{}`, ` { "x" : "\\\"" , "y":null} `, `{"a":{"b":[{}]},}`, `{"a":-0.5e+7,"b":[true,false,01]}`,
		`{"a":"\ud800\u00zz"}`, `{"a":"äöü and so on ß"}`, "{\"a\":\"\x1f\"}", `[1]`, `{"a":[1,]}`, `{"a" 1}`, `{"a":1}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := map[string]json.RawMessage{}
		ok := Object(raw, func(name string, value json.RawMessage) { got[name] = value })
		want := json.Valid(raw) && bytes.TrimLeft(raw, " \t\r\n")[0] == '{'
		if ok != want {
			t.Fatalf("Object(%q) is %v, want %v", raw, ok, want)
		}
		if ok {
			sameMembers(t, raw, got)
		}
	})
}

// FuzzQuote checks that quoting and unquoting agree with encoding/json.
func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "a\"b\\c", "\x00\x1f\n\r\t\x7f", "äö😀\u2028", "\xff\xfe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		raw := AppendQuoted(nil, []byte(text))
		var want string
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatalf("AppendQuoted(%q) = %s: %v", text, raw, err)
		}
		if got, ok := Unquote(raw); !ok || got != want {
			t.Fatalf("Unquote(%s) = %q, want %q", raw, got, want)
		}
		if utf8.ValidString(text) && want != text {
			t.Fatalf("AppendQuoted(%q) = %s", text, raw)
		}
		if json.Unmarshal([]byte(`"`+text+`"`), &want) == nil && utf8.ValidString(text) {
			if got, ok := Unquote([]byte(`"` + text + `"`)); !ok || got != want {
				t.Fatalf("Unquote(%q) = %q, want %q", text, got, want)
			}
		}
	})
}
