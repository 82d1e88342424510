package otlp

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// checkCompact compares with the standard library.
func checkCompact(t *testing.T, text string) {
	t.Helper()
	want := ""
	var out bytes.Buffer
	if json.Compact(&out, []byte(text)) == nil {
		want = valid(out.String())
	}
	if got := compact(json.RawMessage(text)); got != want {
		t.Fatalf("%.100q: %.100q, want %.100q", text, got, want)
	}
}

func TestCompact(t *testing.T) {
	for _, test := range []struct{ name, text string }{
		{"nothing", ""},
		{"compact", `{"a":[1,2.5e-7,"b",null,true,false],"c":{}}`},
		{"white space", " { \"a\" : [ 1 ,\t-0 , [ ] , { } ] ,\r\n\"b c\" : \" x \" } "},
		{"escapes", `["\u00e4\"\\\/\b\f\n\r\t","ä\ud83d"]`},
		{"bad escape", `["\x"]`},
		{"bad unicode escape", `["\u12g4"]`},
		{"control character", "[\"a\x01\"]"},
		{"DEL", "[\"a\x7f\"]"},
		{"not UTF-8", "[\"a\xff\"]"},
		{"line separator", "[\"a\u2028\"]"},
		{"unfinished string", `["a`},
		{"unfinished array", `[1,2`},
		{"wrong closer", `[1}`},
		{"no comma", `[1 2]`},
		{"last comma", `[1,]`},
		{"last comma of an object", `{"a":1,}`},
		{"no colon", `{"a" 1}`},
		{"no name", `{1:2}`},
		{"two values", `1 2`},
		{"leading zero", `01`},
		{"no digit after the point", `1.`},
		{"no exponent", `1e`},
		{"plus", `+1`},
		{"a word", `nul`},
		{"NaN", `NaN`},
		{"deep", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)},
		{"too deep", strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001)},
	} {
		t.Run(test.name, func(t *testing.T) { checkCompact(t, test.text) })
	}
}

func FuzzCompact(f *testing.F) {
	f.Add(` {"a": [1, -2.5E+7, "\u00e4 \" ", null, true, false, {}], "b" : "ä" } `)
	f.Add("[\"long enough for eight at once \x01\", 1]")
	f.Fuzz(checkCompact)
}
