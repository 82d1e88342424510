package pyrepr

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func checkOffset(t *testing.T, r *Reader, want int) {
	t.Helper()
	var syntax *SyntaxError
	if !errors.As(r.Err(), &syntax) {
		t.Fatalf("Err() = %v, want a *SyntaxError", r.Err())
	}
	if syntax.Offset != want {
		t.Errorf("%v; want offset %d", syntax, want)
	}
}

// keys walks it and returns its keys, joined, without touching the values.
func keys(it Items) string {
	var all []string
	for it.Next() {
		all = append(all, string(it.Key()))
	}
	return strings.Join(all, " ")
}

func TestWalk(t *testing.T) {
	const text = `{'id': 'c-1', 'params': {'deep': {'x': [1, {'id': 'no'}]}, 'user': 'u'}, 'n': 3, 'on': True, 'none': None, 'cost': 1e-06}`
	r := New([]byte(text))
	var got []string
	for top := r.Dict(); top.Next(); {
		switch string(top.Key()) {
		case "id":
			s, ok := r.Text()
			got = append(got, s, fmt.Sprint(ok))
		case "params":
			for p := r.Dict(); p.Next(); {
				if string(p.Key()) == "user" {
					s, _ := r.Text()
					got = append(got, s)
				}
			}
		case "n":
			_, isText := r.Text()
			n, ok := r.Int()
			_, again := r.Int()
			got = append(got, fmt.Sprint(isText, n, ok, again))
		case "on":
			v, ok := r.Bool()
			got = append(got, fmt.Sprint(v, ok))
		case "none":
			got = append(got, fmt.Sprint(r.IsNone(), r.IsNone()))
		case "cost":
			f, ok := r.Float()
			got = append(got, fmt.Sprint(f, ok))
		}
	}
	want := "[c-1 true u false 3 true false true true true true 1e-06 true]"
	if fmt.Sprint(got) != want || r.Err() != nil || r.Offset() != len(text) {
		t.Errorf("got %v, %v, offset %d\nwant %s", got, r.Err(), r.Offset(), want)
	}
}

func TestLeaveEarly(t *testing.T) {
	const text = `{'a': {'b': {'c': {'d': 1, 'e': 2}, 'f': 3}, 'g': 4}, 'h': [1, [2, 3]], 'i': 5}`
	r := New([]byte(text))
	top := r.Dict()
	top.Next()
	a := r.Dict()
	a.Next()
	b := r.Dict()
	b.Next()
	c := r.Dict()
	c.Next()
	if !a.Next() || string(a.Key()) != "g" {
		t.Fatalf("after b: key %q, err %v; want g", a.Key(), r.Err())
	}
	if b.Next() || c.Next() || b.Key() != nil {
		t.Error("Items that were left still have members")
	}
	if !top.Next() || string(top.Key()) != "h" {
		t.Fatalf("after a: key %q, err %v; want h", top.Key(), r.Err())
	}
	list := r.List()
	if a.Next() {
		t.Error("Items that were left move on in a later container")
	}
	list.Next()
	list.Next()
	inner := r.List()
	inner.Next()
	if n, ok := r.Int(); n != 2 || !ok {
		t.Errorf("Int() = %d, %v; want 2", n, ok)
	}
	if !top.Next() || string(top.Key()) != "i" || top.Next() || top.Next() {
		t.Errorf("key %q, err %v; want i and the end", top.Key(), r.Err())
	}
	if r.Err() != nil || r.Offset() != len(text) {
		t.Errorf("err %v, offset %d", r.Err(), r.Offset())
	}
}

func TestEnter(t *testing.T) {
	dict := func(r *Reader) Items { return r.Dict() }
	list := func(r *Reader) Items { return r.List() }
	call := func(r *Reader) Items { return r.Call() }
	tests := []struct {
		name, repr string
		enter      func(*Reader) Items
		want       string
	}{
		{"dict", `{'a': 1, 'b': 2}`, dict, "a b"},
		{"escaped key", `{'a\'b"\n': 1}`, dict, "a'b\"\n"},
		{"other keys", `{1: 1, 'a': 2, None: 3, b'k': 4}`, dict, " a  k"},
		{"wrapped dict", `Headers({'a': 1, 'b': 2})`, dict, "a b"},
		{"dict is no list", `{'a': 1}`, list, ""},
		{"set is no dict", `{'a', 'b'}`, dict, ""},
		{"recursion is no dict", `{...}`, dict, ""},
		{"recursion is no list", `[...]`, list, ""},
		{"string is no dict", `'{}'`, dict, ""},
		{"list", `[1, 2]`, list, " "},
		{"tuple", `(1, 2)`, list, " "},
		{"set", `{'a', 'b'}`, list, " "},
		{"call", `X(a=1, 2, b=3)`, call, "a  b"},
		{"arguments alone", `(a=1, b=3)`, call, "a b"},
		{"name is no call", `x.y`, call, ""},
		{"call is no dict", `X(a=1)`, dict, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "[" + tt.repr + ", 'next']"
			r := New([]byte(text))
			outer := r.List()
			outer.Next()
			if got := keys(tt.enter(r)); got != tt.want {
				t.Errorf("keys %q, want %q", got, tt.want)
			}
			if !outer.Next() {
				t.Fatal(r.Err())
			}
			if s, ok := r.Text(); s != "next" || !ok {
				t.Errorf("the value behind is %q, %v", s, ok)
			}
		})
	}
}

func TestCallName(t *testing.T) {
	r := New([]byte("litellm.acompletion(model='m')\x1b[0m"))
	args := r.Call()
	if string(args.Name()) != "litellm.acompletion" || keys(args) != "model" {
		t.Errorf("name %q, err %v", args.Name(), r.Err())
	}
	if r.Offset() != len("litellm.acompletion(model='m')") {
		t.Errorf("Offset() = %d", r.Offset())
	}
}

func TestZeroValues(t *testing.T) {
	var r Reader
	var it Items
	if it.Next() || it.Key() != nil || it.Name() != nil {
		t.Error("the zero Items has members")
	}
	if r.Skip() != nil || r.Kind() != Invalid || string(r.AppendJSON(nil)) != "null" || keys(r.Dict())+keys(r.List())+keys(r.Call()) != "" {
		t.Error("the zero Reader has a value")
	}
}

func TestKinds(t *testing.T) {
	tests := []struct {
		repr string
		want Kind
	}{
		{"None", None}, {"{...}", None}, {"True", Bool}, {"1", Number}, {"-1.5", Number}, {"nan", Number},
		{"''", String}, {"b''", Bytes}, {"{}", Dict}, {"{'a': 1}", Dict}, {"{'a'}", List}, {"[]", List}, {"()", List},
		{"f()", Call}, {"<x>", Object}, {"x.y", Name}, {"*", Opaque},
		{"{'REDACTED', 'a': 1}", Dict}, {"{'REDACTED', 'b'}", List}, {"{'REDACTED'}", Dict}, {"{'xREDACTED, 'a': 1}", Dict},
	}
	for _, tt := range tests {
		if got := New([]byte(tt.repr)).Kind(); got != tt.want {
			t.Errorf("Kind of %s = %d, want %d", tt.repr, got, tt.want)
		}
	}
}

func TestScalars(t *testing.T) {
	for _, text := range []string{"12x", "1.5", "99999999999999999999", "'1'", "None"} {
		if n, ok := New([]byte(text)).Int(); ok {
			t.Errorf("Int of %s = %d", text, n)
		}
	}
	for _, text := range []string{"nan", "-inf", "1e999", "1.2.3", "True"} {
		if f, ok := New([]byte(text)).Float(); ok {
			t.Errorf("Float of %s = %g", text, f)
		}
	}
	if n, ok := New([]byte("0x1f")).Int(); n != 31 || !ok {
		t.Errorf("Int of 0x1f = %d, %v", n, ok)
	}
	if f, ok := New([]byte("-7")).Float(); f != -7 || !ok {
		t.Errorf("Float of -7 = %g, %v", f, ok)
	}
	if s, ok := New([]byte(`b'\xc3\xa9'`)).Text(); s != "é" || !ok {
		t.Errorf("Text of bytes = %q, %v", s, ok)
	}
}

func TestTime(t *testing.T) {
	zone := time.FixedZone("local", 3600)
	tests := []struct {
		name, repr string
		want       string // RFC 3339; "" when it is no time
		zoned      bool
	}{
		{"naive", "datetime.datetime(2026, 1, 2, 3, 4, 5, 6)", "2026-01-02T03:04:05.000006+01:00", false},
		{"minutes", "datetime.datetime(2026, 1, 2, 3, 4)", "2026-01-02T03:04:00+01:00", false},
		{"UTC", "datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc)", "2026-01-02T03:04:00Z", true},
		{"west", "datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=68400)))", "2026-01-02T03:04:00-05:00", true},
		{"named zone", "datetime.datetime(2026, 1, 2, 3, 4, tzinfo=zoneinfo.ZoneInfo(key='Asia/Tokyo'))", "", false},
		{"month 13", "datetime.datetime(2026, 13, 2, 3, 4)", "", false},
		{"30 February", "datetime.datetime(2026, 2, 30, 3, 4)", "", false},
		{"microseconds", "datetime.datetime(2026, 2, 3, 3, 4, 5, 1000000)", "", false},
		{"too many fields", "datetime.datetime(2026, 2, 3, 3, 4, 5, 6, 7)", "", false},
		{"too few", "datetime.datetime(2026, 2)", "", false},
		{"no number", "datetime.datetime(2026, 2, x, 3)", "", false},
		{"huge offset", "datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(days=9)))", "", false},
		{"date", "datetime.date(2026, 1, 2)", "", false},
		{"text", "'datetime.datetime(2026, 1, 2, 3, 4)'", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := New([]byte(tt.repr))
			got, zoned, ok := r.Time(zone)
			if ok != (tt.want != "") || zoned != tt.zoned && ok || ok && got.Format(time.RFC3339Nano) != tt.want {
				t.Errorf("Time() = %v, %v, %v; want %q, %v", got, zoned, ok, tt.want, tt.zoned)
			}
			if string(r.Skip()) == tt.repr == ok {
				t.Errorf("consumed: %v", ok)
			}
		})
	}
}

func TestSkipDoesNotAllocate(t *testing.T) {
	text := madeUp()
	var r Reader
	allocs := testing.AllocsPerRun(10, func() {
		r.Reset(text)
		for top := r.Dict(); top.Next(); {
			if string(top.Key()) == "litellm_params" {
				for p := r.Dict(); p.Next(); {
					r.Skip()
				}
			}
		}
	})
	if allocs != 0 || r.Err() != nil {
		t.Errorf("%g allocations, err %v", allocs, r.Err())
	}
}

func TestErrorHoldsNoInput(t *testing.T) {
	r := New([]byte("{'secret-key' 'secret-value'}"))
	r.Skip()
	if got, want := fmt.Sprint(r.Err()), "python repr: no colon after a key at byte 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestErrorWhileLeaving(t *testing.T) {
	r := New([]byte(`{'a': {'b': 1, 'c' 2}, 'd': 3}`))
	top := r.Dict()
	top.Next()
	a := r.Dict()
	a.Next()
	if top.Next() || r.Err() == nil {
		t.Errorf("key %q, err %v; want an error", top.Key(), r.Err())
	}
}

func TestErrorInScalar(t *testing.T) {
	r := New([]byte(`{'a': 'x`))
	top := r.Dict()
	top.Next()
	if s, ok := r.Text(); ok || r.Err() == nil {
		t.Errorf("Text() = %q, %v", s, r.Err())
	}
}

// TestEnterDeep enters more containers than the limit allows.
func TestEnterDeep(t *testing.T) {
	text := strings.Repeat("[", 300) + strings.Repeat("]", 300)
	r := New([]byte(text))
	top := r.List()
	n := 0
	for it := top; it.Next(); n++ {
		it = r.List()
	}
	if n != 200 {
		t.Errorf("entered %d", n)
	}
	if top.Next() || r.Err() != nil || !r.TooDeep() || r.Offset() != len(text) {
		t.Errorf("err %v, too deep %v, offset %d", r.Err(), r.TooDeep(), r.Offset())
	}
}
