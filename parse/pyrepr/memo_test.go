package pyrepr

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// walked is what a walk over a dict or call tells: every member's key, text and
// JSON, and how the walk ended.
func walked(r *Reader, input []byte) string {
	var b strings.Builder
	r.Reset(input)
	it := r.Dict()
	if it.r == nil {
		it = r.Call()
	}
	for n := 0; it.Next(); n++ {
		fmt.Fprintf(&b, "%q ", it.Key())
		switch n % 3 {
		case 0:
			fmt.Fprintf(&b, "%s\n", r.JSON())
		case 1:
			fmt.Fprintf(&b, "%s\n", r.Skip())
		default: // skipped by Next
		}
	}
	fmt.Fprintf(&b, "%v, %d repairs, at %d, deep %v", r.Err(), r.Repairs(), r.Offset(), r.TooDeep())
	return b.String()
}

// checkRemember reads input with a Reader that has no memory and with one that
// has read it, and it in other surroundings, before.
func checkRemember(t *testing.T, remembering *Reader, input []byte) {
	t.Helper()
	for _, around := range []string{"%s", "{'a': 'REDACTED', 'b': %s, 'c': %[1]s}", "f(x=%s, y=%[1]s)", "{'a': %s, 'b': %[1]s, 'c': %[1]s, 'd': 'REDACTED'}", "[%s, {'a': %[1]s}]"} {
		text := []byte(fmt.Sprintf(around, input))
		want := walked(New(text), text)
		for pass := range 2 {
			if got := walked(remembering, text); got != want {
				t.Fatalf("pass %d of %q\n got %s\nwant %s", pass, text, got, want)
			}
		}
	}
}

func TestRemember(t *testing.T) {
	long := strings.Repeat("'some words': ['of text', 1.5, None, True, (), {}], ", 6)
	for _, test := range []struct{ name, input string }{
		{"dict", "{" + long + "'end': 1}"},
		{"call", "Name(a=1, b={" + long + "})"},
		{"list", "[{" + long + "}, {" + long + "}]"},
		{"set", "{'" + strings.Repeat("a", 300) + "', 'b'}"},
		{"damaged", "{'api_key': REDACTED, " + long + "'end': 1}"},
		{"damaged at the end", "{" + long + "'api_key': 'REDACTED}"},
		{"redacted string", "{" + long + "'api_key': 'REDACTED'}"},
		{"key in double quotes", "{" + long + `"it's": 1}`},
		{"forged key", "{" + long + `"its": 1}`},
		{"argument in double quotes", `N(a="text", b={` + long + "})"},
		{"raw text", "{'exception': it failed, " + long + "'end': 1}"},
		{"unfinished", "{" + long},
		{"escapes", "{" + long + `'k\'ey': 'it\'s', 'b': b'\xff', 'c': 'a\\'}`},
		{"equal keys", "{" + long + long + "}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := New(nil)
			r.Remember()
			checkRemember(t, r, []byte(test.input))
		})
	}
}

func TestRememberIsBounded(t *testing.T) {
	r := New(nil)
	r.Remember()
	for i := range 100 {
		text := fmt.Appendf(nil, "{'%d': '%s'}", i, strings.Repeat("x", 900_000))
		r.Reset(text)
		if r.JSON(); r.Err() != nil {
			t.Fatal(r.Err())
		}
		kept := 0
		for _, slot := range r.memo.slots {
			for _, m := range slot {
				kept += len(m.text) + len(m.json)
			}
		}
		if kept > maxMemos || kept != r.memo.bytes {
			t.Fatalf("keeps %d bytes and counts %d, more than %d", kept, r.memo.bytes, maxMemos)
		}
	}
}

func FuzzRemember(f *testing.F) {
	f.Add([]byte("{'a': {'b': " + strings.Repeat("[1, 'c', None], ", 20) + "}}"))
	f.Add([]byte("N(a='REDACTED', b={'c': " + strings.Repeat(`"it's", `, 30) + "})"))
	f.Add(madeUp()[:3000])
	f.Fuzz(func(t *testing.T, input []byte) {
		r := New(nil)
		r.Remember()
		checkRemember(t, r, input)
	})
}

func TestAsIsEnd(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		s := bytes.Repeat([]byte{'a'}, random.IntN(40))
		for range random.IntN(3) {
			if len(s) > 0 {
				s[random.IntN(len(s))] = byte(random.IntN(256))
			}
		}
		want := 0
		for want < len(s) && asIs[s[want]] {
			want++
		}
		if got := asIsEnd(s); got != want {
			t.Fatalf("%q: %d, want %d", s, got, want)
		}
	}
}
