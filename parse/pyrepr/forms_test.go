package pyrepr

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestForms has every form that CPython 3.11, pydantic, httpx, starlette and
// OpenTelemetry print and LiteLLM logs. Each is read alone, as a value of a
// dict, of a list and of a call, skipped, and transcoded.
func TestForms(t *testing.T) {
	tests := []struct{ name, repr, want string }{
		{"both quotes", `'a\'b"c'`, `"a'b\"c"`},
		{"apostrophe", `"a'b"`, `"a'b"`},
		{"double quote", `'a"b'`, `"a\"b"`},
		{"empty string", `''`, `""`},
		{"backslash", `'a\\b'`, `"a\\b"`},
		{"backslash at the end", `'a\\'`, `"a\\"`},
		{"control characters", `'\n\r\t\x00\x1b\x7f'`, `"\n\r\t\u0000\u001b\u007f"`},
		{"not printable", `'\xa0\u200b\u2028\ufeff'`, "\"\u00a0\u200b\u2028\ufeff\""},
		{"printable beyond ASCII", `'日本 é 😀'`, `"日本 é 😀"`},
		{"astral escape", `'\U0001f600'`, `"😀"`},
		{"lone surrogate", `'\ud83d'`, "\"\uFFFD\""},
		{"surrogate pair", `'\ud83d\ude00'`, `"😀"`},
		{"two high surrogates", `'\ud83d\ud83d'`, "\"\uFFFD\uFFFD\""},
		{"beyond Unicode", `'\U00110000'`, "\"\uFFFD\""},
		{"source escapes", `'\a\b\f\v\0\101\q'`, `"\u0007\u0008\u000c\u000b\u0000A\\q"`},
		{"upper-case hex", `'\xC3\uABCD'`, "\"Ã\uABCD\""},
		{"high surrogate, no low one", `'\ud83d\u0041\ud83dx'`, "\"\uFFFDA\uFFFDx\""},
		{"escapes that bytes do not have", `b'\u0041\U00000041'`, `"\\u0041\\U00000041"`},
		{"line continuation", "'a\\\nb'", `"ab"`},
		{"no hex digit", `'\xg0'`, `"\\xg0"`},
		{"cut escape", `'\x4'`, `"\\x4"`},
		{"invalid UTF-8", "'a\xffb'", "\"a\uFFFDb\""},
		{"bytes", `b'a\'b"\xff\x00\n'`, "\"a'b\\\"\uFFFD\\u0000\\n\""},
		{"bytes with UTF-8", `b'\xc3\xa9'`, `"é"`},
		{"bytes with apostrophe", `b"it's"`, `"it's"`},
		{"bytearray", `bytearray(b'x')`, `"x"`},
		{"datetime, minutes", `datetime.datetime(2026, 1, 2, 3, 4)`, `"2026-01-02T03:04:00"`},
		{"datetime, seconds", `datetime.datetime(2026, 1, 2, 3, 4, 5)`, `"2026-01-02T03:04:05"`},
		{"datetime, microseconds", `datetime.datetime(2026, 1, 2, 3, 4, 5, 6)`, `"2026-01-02T03:04:05.000006"`},
		{"datetime, UTC", `datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.timezone.utc)`, `"2026-01-02T03:04:05.000006Z"`},
		{"datetime, offset", `datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(seconds=19800)))`, `"2026-01-02T03:04:00+05:30"`},
		{"datetime, west", `datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=68400)))`, `"2026-01-02T03:04:00-05:00"`},
		{"datetime, pydantic zone", `datetime.datetime(2026, 1, 2, 3, 4, tzinfo=TzInfo(UTC))`, `"2026-01-02T03:04:00Z"`},
		{"datetime, fold", `datetime.datetime(2026, 1, 2, 3, 4, fold=1)`, `"2026-01-02T03:04:00"`},
		{"datetime, zone without offset", `datetime.datetime(2026, 1, 2, 3, 4, tzinfo=<x object at 0x7f>)`, `"datetime.datetime(2026, 1, 2, 3, 4, tzinfo=<x object at 0x7f>)"`},
		{"timedelta", `datetime.timedelta(seconds=1, microseconds=500000)`, `{"seconds":1,"microseconds":500000}`},
		{"date", `datetime.date(2026, 1, 2)`, `"datetime.date(2026, 1, 2)"`},
		{"UUID", `UUID('00000000-0000-0000-0000-000000000005')`, `"00000000-0000-0000-0000-000000000005"`},
		{"Decimal", `Decimal('1.10')`, `"1.10"`},
		{"URL", `URL('http://127.0.0.1/v1')`, `"http://127.0.0.1/v1"`},
		{"enum", `<E.A: 'a'>`, `"a"`},
		{"int enum", `<I.B: 2>`, `2`},
		{"enum with a bracket in its value", `<E.A: '>'>`, `">"`},
		{"tuple of one", `(1,)`, `[1]`},
		{"empty tuple", `()`, `[]`},
		{"tuple", `(1, 'a')`, `[1,"a"]`},
		{"set", `{1, 'a'}`, `[1,"a"]`},
		{"set of strings", `{'a', 'b'}`, `["a","b"]`},
		{"set of tuples", `{(1, 2), (3, 4)}`, `[[1,2],[3,4]]`},
		{"empty set", `set()`, `[]`},
		{"empty frozenset", `frozenset()`, `[]`},
		{"frozenset", `frozenset({1})`, `[1]`},
		{"empty list", `[]`, `[]`},
		{"empty dict", `{}`, `{}`},
		{"small float", `1e-06`, `1e-06`},
		{"long float", `5.549999999999999e-06`, `5.549999999999999e-06`},
		{"float, no fraction", `5.`, `5`},
		{"float, no integer", `.5`, `0.5`},
		{"large float", `1e+22`, `1e+22`},
		{"negative zero", `-0.0`, `-0.0`},
		{"nan", `nan`, `null`},
		{"inf", `inf`, `null`},
		{"negative inf", `-inf`, `null`},
		{"JSON's NaN", `NaN`, `null`},
		{"JSON's Infinity", `-Infinity`, `null`},
		{"big int", `12345678901234567890123`, `12345678901234567890123`},
		{"negative int", `-5`, `-5`},
		{"hex", `0x1f`, `31`},
		{"128-bit hex", `0x5b8aa5a2d2c872e8321cf37308d69df2`, `121679644080686260342866383613480836594`},
		{"leading zero", `007`, `7`},
		{"very long hex", `0x` + strings.Repeat("f", 5000), `"0x` + strings.Repeat("f", 5000) + `"`},
		{"float beyond range", `1_0e999`, `"1_0e999"`},
		{"two points", `1.2.3`, `"1.2.3"`},
		{"sign", `+5`, `5`},
		{"complex", `2j`, `"2j"`},
		{"address, unquoted", `127.0.0.1`, `"127.0.0.1"`},
		{"True", `True`, `true`},
		{"False", `False`, `false`},
		{"None", `None`, `null`},
		{"Ellipsis", `Ellipsis`, `null`},
		{"dotted name", `datetime.timezone.utc`, `"datetime.timezone.utc"`},
		{"dict inside itself", `{'a': {...}}`, `{"a":null}`},
		{"list inside itself", `[[...]]`, `[null]`},
		{"mappingproxy", `mappingproxy({'a': 1})`, `{"a":1}`},
		{"OrderedDict, 3.11", `OrderedDict([('a', 1)])`, `[["a",1]]`},
		{"OrderedDict, 3.12", `OrderedDict({'a': 1})`, `{"a":1}`},
		{"defaultdict", `defaultdict(<class 'list'>, {'a': [1]})`, `{"a":[1]}`},
		{"Counter", `Counter({'a': 2})`, `{"a":2}`},
		{"deque", `deque([1], maxlen=3)`, `[1]`},
		{"Headers", `Headers({'a': '1', 'authorization': '[secure]'})`, `{"a":"1","authorization":"[secure]"}`},
		{"Headers, repeated", `Headers([('a', '1'), ('a', '2')])`, `[["a","1"],["a","2"]]`},
		{"Headers, raw", `Headers(raw=[(b'a', b'1'), (b'a', b'2')])`, `{"raw":[["a","1"],["a","2"]]}`},
		{"Timeout", `Timeout(timeout=5.0)`, `{"timeout":5.0}`},
		{"class", `<class 'int'>`, `null`},
		{"function", `<function f at 0x7f00>`, `null`},
		{"bound method", `<bound method A.b of <x.Y object at 0x7f00>>`, `null`},
		{"abbreviated argument", `<dict len=69>`, `null`},
		{"exception", `ValueError("x'y")`, `"ValueError(\"x'y\")"`},
		{"exception without arguments", `ProxyException()`, `"ProxyException()"`},
		{"positional numbers", `range(0, 3)`, `"range(0, 3)"`},
		{"dotted key", `{E.A: 1}`, `{"E.A":1}`},
		{"enum key", `{<E.A: 'a'>: 1}`, `{"<E.A: 'a'>":1}`},
		{"keys of any type", `{1: 6, None: 3, (1, 2): 4, b'k': 5, 'k"': 0}`, `{"1":6,"None":3,"(1, 2)":4,"k":5,"k\"":0}`},
		{"duplicate keys", `{'a': 1, 'b': 2, '\x61': 3}`, `{"a":1,"b":2}`},
		{"duplicate keys, later ones in pairs", `{'a': {'b': 1}, 'b': 2, 'a': {'c': 1}, 'c': 3}`, `{"a":{"b":1},"b":2,"c":3}`},
		{
			"pydantic",
			`ModelResponse(id='r-1', choices=[Choices(finish_reason='stop', message=Message(content="it's", tool_calls=[Function(arguments='{"a":1}')]))], usage=Usage(completion_tokens=20, details=None))`,
			`{"id":"r-1","choices":[{"finish_reason":"stop","message":{"content":"it's","tool_calls":[{"arguments":"{\"a\":1}"}]}}],"usage":{"completion_tokens":20,"details":null}}`,
		},
		{
			"OpenTelemetry span",
			`_Span(name="Received", context=SpanContext(trace_id=0x1f, trace_state=[], is_remote=False))`,
			`{"name":"Received","context":{"trace_id":31,"trace_state":[],"is_remote":false}}`,
		},
		{"trailing comma", `[1, 2,]`, `[1,2]`},
		{"no blanks", `{'a':1,'b':[2,3]}`, `{"a":1,"b":[2,3]}`},
		{"line breaks", "{\n  'a': 1,\n  'b': 2\n}", `{"a":1,"b":2}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, tt.repr, tt.want)
			check(t, "{'k': "+tt.repr+", 'l': 1}", `{"k":`+tt.want+`,"l":1}`)
			check(t, "["+tt.repr+", 1]", "["+tt.want+",1]")
			check(t, "X(k="+tt.repr+", l=1)", `{"k":`+tt.want+`,"l":1}`)
		})
	}
}

// check reads text in whole, by skipping and by transcoding, without repair.
func check(t *testing.T, text, want string) {
	t.Helper()
	r := New([]byte(text))
	if got := string(r.AppendJSON(nil)); got != want {
		t.Errorf("AppendJSON(%s)\n got %s\nwant %s", text, got, want)
	}
	if !json.Valid([]byte(want)) {
		t.Errorf("the test wants invalid JSON: %s", want)
	}
	if r.Err() != nil || r.Repairs() != 0 || r.Offset() != len(text) {
		t.Errorf("%s: err %v, %d repairs, offset %d of %d", text, r.Err(), r.Repairs(), r.Offset(), len(text))
	}
	r.Reset([]byte(text))
	if got := string(r.Skip()); got != text || r.Err() != nil {
		t.Errorf("Skip() = %q, %v; want all of %q", got, r.Err(), text)
	}
}

func TestManyKeys(t *testing.T) {
	var repr, want strings.Builder
	repr.WriteString("{'k': 0")
	want.WriteString(`{"k":0`)
	for range 3 {
		for _, c := range strings.Repeat("ab", 100) {
			repr.WriteString(", '" + string(c) + "': {'k': 1}, 'k': 2")
		}
	}
	for i := range 300 {
		n := string(rune('A'+i%26)) + strings.Repeat("x", i/26)
		repr.WriteString(", '" + n + "': 1, '" + n + "': 2")
	}
	want.WriteString(`,"a":{"k":1},"b":{"k":1}`)
	for i := range 300 {
		want.WriteString(`,"` + string(rune('A'+i%26)) + strings.Repeat("x", i/26) + `":1`)
	}
	check(t, repr.String()+"}", want.String()+"}")
}

func TestDepth(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct {
		name, repr, want string
		deep             bool
	}{
		{"at the limit", nested(200), nested(200), false},
		{"beyond the limit", nested(201), strings.Repeat("[", 200) + "null" + strings.Repeat("]", 200), true},
		{"far beyond", nested(100_000), strings.Repeat("[", 200) + "null" + strings.Repeat("]", 200), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, tt.repr, tt.want)
			r := New([]byte(tt.repr))
			if r.AppendJSON(nil); r.TooDeep() != tt.deep {
				t.Errorf("TooDeep() = %v, want %v", r.TooDeep(), tt.deep)
			}
			r.Reset([]byte(tt.repr))
			if r.Skip(); r.TooDeep() != tt.deep {
				t.Errorf("after Skip, TooDeep() = %v, want %v", r.TooDeep(), tt.deep)
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	tests := []struct {
		name, repr string
		offset     int
	}{
		{"nothing", "", 0},
		{"blanks only", "  ", 2},
		{"open string", "'abc", 0},
		{"open dict", "{'a': 1", 6},
		{"open key", "{'a", 1},
		{"no value", "{'a': ", 6},
		{"no colon", "{'a' 1}", 1},
		{"no comma", "[1 'a']", 1},
		{"wrong closer", "[1}", 1},
		{"closer alone", "]", 0},
		{"open angle", "<x", 0},
		{"open call", "f(", 2},
		{"bare key", "{a: 1}", 1},
		{"closer as a key", "{1: 2, ]: 1}", 7},
		{"odd key without a colon", "{1: 2, 3}", 7},
		{"too deep and open", strings.Repeat("[", 201), 201},
		{"open quote in an angle", "<x '>", 0},
		{"open quote in an odd key", "{('): 1}", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := New([]byte(tt.repr))
			if got := string(r.AppendJSON(nil)); got != "null" {
				t.Errorf("AppendJSON() = %s, want null", got)
			}
			checkOffset(t, r, tt.offset)
			r.Reset([]byte(tt.repr))
			if got := r.Skip(); got != nil {
				t.Errorf("Skip() = %q, want nil", got)
			}
			checkOffset(t, r, tt.offset)
			if r.Kind() != Invalid {
				t.Errorf("Kind() = %v after an error", r.Kind())
			}
		})
	}
}
