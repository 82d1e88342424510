package pyrepr

import "testing"

// TestForgery has texts that a user or an upstream chose, and that look like
// members or like damage. They must stay text.
func TestForgery(t *testing.T) {
	tests := []struct{ name, repr, want string }{
		{"members in a double-quoted text", `{'c': "x', 'id': 'evil", 'id': 'true'}`, `{"c":"x', 'id': 'evil","id":"true"}`},
		{"members in an escaped text", `{'c': 'x" \', \'id\': \'evil', 'id': 'true'}`, `{"c":"x\" ', 'id': 'evil","id":"true"}`},
		{"the mark, typed", `{'c': 'REDACTED', 'id': 'true'}`, `{"c":"REDACTED","id":"true"}`},
		{"the mark and a key", `{'c': "REDACTED, 'id': 'evil'", 'id': 'true'}`, `{"c":"REDACTED, 'id': 'evil'","id":"true"}`},
		{"the mark, a quote and a key", `{'c': "REDACTED', 'id': 'evil', '", 'id': 'true'}`, `{"c":"REDACTED', 'id': 'evil', '","id":"true"}`},
		{"the mark and closers", `{'m': [{'c': 'REDACTED}], "id": "evil"'}], 'id': 'true'}`, `{"m":[{"c":"REDACTED}], \"id\": \"evil\""}],"id":"true"}`},
		{"the mark in a key", `{'xREDACTED': 1, 'id': 'true'}`, `{"xREDACTED":1,"id":"true"}`},
		{"the mark in a list", `{'c': ['REDACTED', 'REDACTED, '], 'id': 'true'}`, `{"c":["REDACTED","REDACTED, "],"id":"true"}`},
		{"the mark in an argument", `X(c='REDACTED, id=5', id='true')`, `{"c":"REDACTED, id=5","id":"true"}`},
		{"a later duplicate", `{'id': 'true', 'id': 'evil'}`, `{"id":"true"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, tt.repr, tt.want) })
	}
}

// TestForgedQuotes has texts with both kinds of quotes, where the redaction of
// "password: '" in them sets an apostrophe free that Python had escaped. What
// follows in the text must not become a member.
func TestForgedQuotes(t *testing.T) {
	tests := []struct{ name, repr string }{
		{"double-quoted members", `{'c': 'hi " REDACTED', "id": "evil", "z": "', 'id': 'true'}`},
		{"out of a list", `{'m': [{'c': 'it\'s REDACTED'}], "id": "evil", "z": "'}], 'id': 'true'}`},
		{"bytes keys", `{'c': 'hi " REDACTED', b"id": 5, "z": "', 'id': 'true'}`},
		{"arguments", `X(c='hi " REDACTED', id="evil", z="', id='true')`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := New([]byte(tt.repr))
			top := r.Dict()
			if r.Kind() == Call {
				top = r.Call()
			}
			for top.Next() {
				if s, _ := r.Text(); string(top.Key()) == "id" && s != "true" {
					t.Errorf("id is %q", s)
				}
			}
			if r.Err() == nil {
				t.Error("no error")
			}
		})
	}
}

func TestOpaque(t *testing.T) {
	const rest = `'traceback_exception': 'T', 'end_time': 1}`
	tests := []struct {
		name, repr, raw string
		follow          bool
	}{
		{"exception", `{'e': litellm.RateLimitError: 429, it's "quoted"` + "\n" + `{"error": [}, ` + rest, `litellm.RateLimitError: 429, it's "quoted"` + "\n" + `{"error": [}`, true},
		{"no followers named", `{'e': litellm.Timeout: it's late, ` + rest, `litellm.Timeout: it's late`, false},
		{"looks like a call", `{'e': litellm.X(1) went wrong, ` + rest, `litellm.X(1) went wrong`, true},
		{"looks like a dict", `{'e': {'a': 1} trailing, ` + rest, `{'a': 1} trailing`, true},
		{"looks like an open dict", `{'e': {"error": it's, ` + rest, `{"error": it's`, true},
		{"looks like a string", `{'e': 'foo' is bad, ` + rest, `'foo' is bad`, true},
		{"looks like a number", `{'e': 429 Too Many, ` + rest, `429 Too Many`, true},
		{"looks like a name", `{'e': Timeout, 'id': 'evil', ` + rest, `Timeout, 'id': 'evil'`, true},
		{"looks like an object", `{'e': <html> & it's, ` + rest, `<html> & it's`, true},
		{"punctuation", `{'e': *** , ` + rest, `*** `, true},
		{"forged member", `{'e': litellm.X: no, 'id': 'evil', ` + rest, `litellm.X: no, 'id': 'evil'`, true},
		{"forged follower", `{'e': litellm.X: no, 'traceback_exception': 'f', 'id': 'evil', ` + rest, `litellm.X: no, 'traceback_exception': 'f', 'id': 'evil'`, true},
		{"forged follower and closer", `{'e': litellm.X: no, 'traceback_exception': 'f'}, ` + rest, `litellm.X: no, 'traceback_exception': 'f'}`, true},
		{"follower in the traceback", `{'e': litellm.X: no, 'end_time': 2, 'traceback_exception': "litellm.X: no, 'end_time': 2", 'end_time': 1}`, `litellm.X: no, 'end_time': 2`, true},
		{"at the end", `{'traceback_exception': 'T', 'e': litellm.X: it's} over}`, `litellm.X: it's} over`, true},
		{"argument", `X(e=it's "late", b=1)`, `it's "late"`, false},
		{"in an inner dict", `{'m': {'e': litellm.X: {"a": [1]} no}, 'id': 1}`, `litellm.X: {"a": [1]} no`, true},
		{"in an inner dict, member behind", `{'m': {'e': litellm.X: it's no, 'id': 1}}`, `litellm.X: it's no`, true},
		{"in an inner call", `{'m': Y(e=litellm.X: it's no, b=1)}`, `litellm.X: it's no`, true},
		{"in a list", `{'m': [litellm.X: no, 'a']}`, `litellm.X: no`, true},
		{"in a tuple", `{'m': (a b,)}`, `a b`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := New([]byte(tt.repr))
			if tt.follow {
				r.Followers("traceback_exception", "end_time")
			}
			if raw := opaqueIn(r); raw != tt.raw || r.Err() != nil {
				t.Errorf("raw %q, %v\nwant %q", raw, r.Err(), tt.raw)
			}
			r.Reset([]byte(tt.repr))
			if got := r.Skip(); string(got) != tt.repr {
				t.Errorf("Skip() = %q, %v", got, r.Err())
			}
			r.Reset([]byte(tt.repr))
			if r.AppendJSON(nil); r.Offset() != len(tt.repr) || r.Err() != nil {
				t.Errorf("AppendJSON: offset %d of %d, %v", r.Offset(), len(tt.repr), r.Err())
			}
		})
	}
}

// opaqueIn returns the text of key e, or of the first element of a list or
// tuple, at the top or under m; having read all.
func opaqueIn(r *Reader) string {
	raw := ""
	var walk func(Items)
	walk = func(it Items) {
		for it.Next() {
			switch string(it.Key()) {
			case "e":
				_, isText := r.Text()
				_, isInt := r.Int()
				if !isText && !isInt && !r.IsNone() {
					raw = string(r.Skip())
				}
			case "m":
				switch r.Kind() {
				case Dict:
					walk(r.Dict())
				case Call:
					walk(r.Call())
				default:
					if l := r.List(); l.Next() {
						raw = string(r.Skip())
					}
				}
			}
		}
	}
	if r.Kind() == Call {
		walk(r.Call())
	} else {
		walk(r.Dict())
	}
	return raw
}

// TestOpaqueUncertain has raw text whose end cannot be told.
func TestOpaqueUncertain(t *testing.T) {
	tests := []struct{ name, repr string }{
		{"unbalanced in an inner dict", `{'m': {'e': litellm.X: {no, 'id': 1}}`},
		{"closers of another kind", `{'m': {'e': litellm.X: no], 'id': 1}}`},
		{"in a list, with quotes", `{'m': [it's, 'a']}`},
		{"no way to read on", `{'e': litellm.X: no, 'end_time': ], 'end_time': ]`},
		{"damage before it", `{'e': {'REDACTED {'x', 'end_time': 1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := New([]byte(tt.repr))
			r.Followers("traceback_exception", "end_time")
			if got := r.Skip(); got != nil || r.Err() == nil {
				t.Errorf("Skip() = %q, %v; want an error", got, r.Err())
			}
		})
	}
}
