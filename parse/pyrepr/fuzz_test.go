package pyrepr

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzReader wants every reading of any bytes to end, to agree on what was
// consumed, and to give valid JSON.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{'a': 1, 'b': [None, (1,), {2}], 'c': X(k="it's", j=b'\xff')}`,
		`{'REDACTED', 'REDACTED, 'user_REDACTED horse', 'k': {'xREDACTED}, 'c': 'my REDACTED 'role': 'u'}`,
		`litellm.acompletion(REDACTED', a=1, REDACTED's", b='x')`,
		`{'e': litellm.X: it's "raw", 'end_time': 1, 'f': raw, 'end_time': 2}`,
		`{'d': datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc), 'e': <E.A: 'a'>, 'r': {...}}`,
		`{'c': 'It\'s "REDACTED's" ok', 'x': {(1, 2): -0x1f, None: nan}}`,
		`{"it's": '\ud83d\ude00\U0001f600\N\0', 'l': [...], 'x': -.5e-7j}`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, follow bool) {
		var skipped, copied, walked Reader
		if follow {
			skipped.Followers("end_time")
			copied.Followers("end_time")
			walked.Followers("end_time")
		}
		skipped.Reset(text)
		copied.Reset(text)
		span := skipped.Skip()
		js := copied.AppendJSON([]byte("x"))
		if js[0] != 'x' || !json.Valid(js[1:]) {
			t.Fatalf("invalid JSON: %q", js)
		}
		if skipped.Offset() != copied.Offset() || skipped.Repairs() != copied.Repairs() || skipped.TooDeep() != copied.TooDeep() {
			t.Fatalf("Skip ends at %d with %d repairs, AppendJSON at %d with %d", skipped.Offset(), skipped.Repairs(), copied.Offset(), copied.Repairs())
		}
		if !reflect.DeepEqual(skipped.Err(), copied.Err()) || (span == nil) != (skipped.Err() != nil) {
			t.Fatalf("Skip: %v, AppendJSON: %v", skipped.Err(), copied.Err())
		}
		walked.Reset(text)
		if steps := walk(&walked, len(text)); steps > 2*len(text)+2 {
			t.Fatalf("%d steps in %d bytes", steps, len(text))
		}
	})
}

// walk reads the value by every means; some containers it leaves early.
func walk(r *Reader, limit int) int {
	steps := 1
	for _, it := range []Items{r.Dict(), r.List(), r.Call()} {
		for n := 0; it.Next() && steps <= 2*limit+2; n++ {
			if len(it.Key())%7 == 3 || n == 9 {
				break
			}
			if len(it.Key())%5 != 4 {
				steps += walk(r, limit)
			}
		}
	}
	for _, read := range []func() bool{
		func() bool { _, ok := r.Text(); return ok },
		func() bool { _, ok := r.Int(); return ok },
		func() bool { _, ok := r.Float(); return ok },
		func() bool { _, ok := r.Bool(); return ok },
		func() bool { _, _, ok := r.Time(nil); return ok },
	} {
		if read() {
			return steps
		}
	}
	if !r.IsNone() {
		r.Skip()
	}
	return steps
}

// FuzzRoundTrip writes values made up from a seed and the pieces of a text as
// Python would, and wants them back.
func FuzzRoundTrip(f *testing.F) {
	f.Add(uint64(1), "a|b'|c\"|'\"|REDACTED|REDACTED, 'x': |\\|\n\x00|日本😀|\xff|', 'id': 'evil|}")
	f.Add(uint64(2), "")
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		g := generator{rand.New(rand.NewPCG(seed, 7)), strings.Split(strings.ToValidUTF8(text, "?"), "|")}
		want := g.value(0)
		repr := appendRepr(nil, want)
		r := New(repr)
		js := r.AppendJSON(nil)
		var got any
		if err := json.Unmarshal(js, &got); err != nil || r.Err() != nil || r.Repairs() != 0 || r.Offset() != len(repr) {
			t.Fatalf("%s\n%s\n%v, %v, %d repairs", repr, js, err, r.Err(), r.Repairs())
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\n got %v\nwant %v", repr, got, want)
		}
	})
}

// TestRoundTrip is FuzzRoundTrip for many seeds.
func TestRoundTrip(t *testing.T) {
	pieces := strings.Split("a|b'|c\"|'\"|REDACTED|my REDACTED|REDACTED, 'x': |\\|\n\x00|日本😀|', 'id': 'evil|}|]}, {|: |, ", "|")
	for seed := range uint64(3000) {
		g := generator{rand.New(rand.NewPCG(seed, 7)), pieces}
		want := g.value(0)
		repr := appendRepr(nil, want)
		r := New(repr)
		var got any
		if err := json.Unmarshal(r.AppendJSON(nil), &got); err != nil || r.Err() != nil || !reflect.DeepEqual(got, want) || r.Repairs() != 0 {
			t.Fatalf("seed %d: %s\n got %v, %v, %v\nwant %v", seed, repr, got, err, r.Err(), want)
		}
	}
}

// A generator makes up the values that encoding/json decodes to.
type generator struct {
	*rand.Rand
	pieces []string
}

func (g generator) value(depth int) any {
	n := g.IntN(10)
	if depth > 4 {
		n = 4 + g.IntN(6)
	}
	switch n {
	case 0, 1:
		dict := map[string]any{}
		for range g.IntN(6) {
			// The mark is no part of a key: LiteLLM would have replaced more.
			dict[strings.ReplaceAll(g.text(), "REDACTED", "-")+strconv.Itoa(g.IntN(9))] = g.value(depth + 1)
		}
		return dict
	case 2, 3:
		list := []any{}
		for range g.IntN(4) {
			list = append(list, g.value(depth+1))
		}
		return list
	case 4:
		return nil
	case 5:
		return g.IntN(2) == 0
	case 6:
		return float64(g.IntN(2000) - 1000)
	case 7:
		return g.NormFloat64() * 1e-6
	}
	return g.text()
}

func (g generator) text() string {
	var b strings.Builder
	for range g.IntN(5) {
		b.WriteString(g.pieces[g.IntN(len(g.pieces))])
	}
	return b.String()
}

// appendRepr appends v as CPython prints it.
func appendRepr(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "None"...)
	case bool:
		if v {
			return append(dst, "True"...)
		}
		return append(dst, "False"...)
	case float64:
		return strconv.AppendFloat(dst, v, 'g', -1, 64)
	case string:
		return appendStringRepr(dst, v)
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = appendRepr(dst, e)
		}
		return append(dst, ']')
	case map[string]any:
		dst = append(dst, '{')
		for k, e := range v {
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ", "...)
			}
			dst = append(appendStringRepr(dst, k), ": "...)
			dst = appendRepr(dst, e)
		}
		return append(dst, '}')
	}
	panic(fmt.Sprintf("no repr of %T", v))
}

func appendStringRepr(dst []byte, s string) []byte {
	q := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	dst = append(dst, byte(q))
	for _, c := range s {
		switch {
		case c == q || c == '\\':
			dst = append(dst, '\\', byte(c))
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case unicode.IsPrint(c):
			dst = utf8.AppendRune(dst, c)
		case c < 0x100:
			dst = fmt.Appendf(dst, `\x%02x`, c)
		case c < 0x10000:
			dst = fmt.Appendf(dst, `\u%04x`, c)
		default:
			dst = fmt.Appendf(dst, `\U%08x`, c)
		}
	}
	return append(dst, byte(q))
}
