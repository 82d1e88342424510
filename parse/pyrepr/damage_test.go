package pyrepr

import "testing"

// TestDamage has what the secret patterns of LiteLLM 1.84.10 and 1.109.1
// (litellm_core_utils/secret_redaction.py) make of the reprs of made-up members,
// as these patterns themselves produced it. A row that differs between the two
// releases is there twice.
func TestDamage(t *testing.T) {
	tests := []struct {
		name, repr, want string
		repairs          int
	}{
		{"PEM key in a value", `{'cert': 'x REDACTED y', 'k': 1}`, `{"cert":"x REDACTED y","k":1}`, 0},
		{"private_key with PEM", `{'REDACTED', 'k': 1}`, `{"k":1}`, 1},
		{"private_key, bare", `{'REDACTED, 'k': 1}`, `{"k":1}`, 1},
		{"ya29", `{'t': 'REDACTED', 'k': 1}`, `{"t":"REDACTED","k":1}`, 0},
		{"client_secret and a blank", `{'t': 'use REDACTED, ok', 'k': 1}`, `{"t":"use REDACTED, ok","k":1}`, 0},
		{"AWS key id", `{'t': 'REDACTED', 'k': 1}`, `{"t":"REDACTED","k":1}`, 0},
		{"Bearer", `{'headers': {'authorization': 'REDACTED', 'k': 1}}`, `{"headers":{"authorization":"REDACTED","k":1}}`, 0},
		{"Basic", `{'headers': {'authorization': 'REDACTED', 'k': 1}}`, `{"headers":{"authorization":"REDACTED","k":1}}`, 0},
		{"sk- as a value", `{'t': 'REDACTED', 'k': 1}`, `{"t":"REDACTED","k":1}`, 0},
		{"sk- as a key", `{'REDACTED': 1, 'k': 1}`, `{"REDACTED":1,"k":1}`, 0},
		{"query parameter", `{'url': 'http://127.0.0.1/x?REDACTED', 'k': 1}`, `{"url":"http://127.0.0.1/x?REDACTED","k":1}`, 0},
		{"query parameter, 1.109", `{'url': 'http://127.0.0.1/x?REDACTED&b=1', 'k': 1}`, `{"url":"http://127.0.0.1/x?REDACTED&b=1","k":1}`, 0},
		{"api_key, text", `{'a': 0, 'REDACTED', 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"api_key, prefix", `{'a': 0, 'user_REDACTED', 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"api_key, None stays", `{'api_key': None, 'k': 1}`, `{"api_key":null,"k":1}`, 0},
		{"api_key first", `{'REDACTED', 'k': 1}`, `{"k":1}`, 1},
		{"api_key last", `{'k': 1, 'REDACTED'}`, `{"k":1}`, 1},
		{"api_key only", `{'p': {'REDACTED'}, 'k': 1}`, `{"p":{},"k":1}`, 1},
		{"x-api-key", `{'headers': {'REDACTED', 'k': 1}}`, `{"headers":{"k":1}}`, 1},
		{"x-ak", `{'t': 'REDACTED', 'k': 1}`, `{"t":"REDACTED","k":1}`, 0},
		{"AIza", `{'t': 'REDACTED', 'k': 1}`, `{"t":"REDACTED","k":1}`, 0},
		{"password with blanks", `{'a': 0, 'REDACTED horse battery', 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"password with commas", `{'REDACTED,cd, ef', 'k': 1}`, `{"k":1}`, 1},
		{"password with brackets", `{'REDACTED}cd]', 'k': 1}`, `{"k":1}`, 1},
		{"password, None", `{'a': 0, 'REDACTED, 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"password, number, last", `{'p': {'REDACTED}, 'k': 1}`, `{"p":{},"k":1}`, 1},
		{"password, None, last of all", `{'p': [{'q': {'REDACTED}}]}`, `{"p":[{"q":{}}]}`, 1},
		{"two in a row", `{'REDACTED, 'REDACTED, 'azure_scope': None}`, `{"azure_scope":null}`, 2},
		{"three in a row, text between", `{'REDACTED, 'REDACTED', 'REDACTED, 'azure_scope': None}`, `{"azure_scope":null}`, 3},
		{"password with an apostrophe", `{'a': 0, 'REDACTED's me", 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"password with both quotes", `{'a': 0, 'REDACTED's "me"', 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"password with a double quote", `{'a': 0, 'REDACTED"cd', 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"password, empty", `{'password': '', 'k': 1}`, `{"password":"","k":1}`, 0},
		{"password, dict", `{'password': {'a': 1}, 'k': 1}`, `{"password":{"a":1},"k":1}`, 0},
		{"password, list of texts", `{'a': 0, 'REDACTED'a', 'b'], 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"password, list of numbers", `{'a': 0, 'REDACTED, 2], 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"password, empty list", `{'a': 0, 'REDACTED], 'k': {'l': [1]}}`, `{"a":0,"k":{"l":[1]}}`, 1},
		{"password, tuple", `{'a': 0, 'REDACTED'a',), 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"key before an odd key", `{'REDACTED, "it's": 1}`, `{"it's":1}`, 1},
		{"in a value", `{'c': "hi REDACTED 'line'", 'k': 1}`, `{"c":"hi REDACTED 'line'","k":1}`, 0},
		{"in a value, both quotes", `{'c': 'It\'s "REDACTED's" ok', 'role': 'user'}`, `{"c":"It's \"REDACTED's\" ok","role":"user"}`, 1},
		{"in a value, both quotes twice", `{'c': '"REDACTED' REDACTED'" x', 'role': 'user'}`, `{"c":"\"REDACTED' REDACTED'\" x","role":"user"}`, 1},
		{"in a value of a list", `{'c': ['It\'s "REDACTED's" ok', 'b'], 'k': 1}`, `{"c":["It's \"REDACTED's\" ok","b"],"k":1}`, 1},
		{"in JSON text", `{'arguments': '{"REDACTED", "REDACTED"}', 'k': 1}`, `{"arguments":"{\"REDACTED\", \"REDACTED\"}","k":1}`, 0},
		{"at the end of a value", `{'c': 'the password: ', 'k': 1}`, `{"c":"the password: ","k":1}`, 0},
		{"key that ends in password:", `{'my REDACTED 'val', 'k': 1}`, `{"k":1}`, 1},
		{"key that ends in password:, number", `{'my REDACTED 5, 'k': 1}`, `{"k":1}`, 1},
		{"URL with a password", `{'database': 'postgres://REDACTED@127.0.0.1/x', 'k': 1}`, `{"database":"postgres://REDACTED@127.0.0.1/x","k":1}`, 0},
		{"database_url", `{'a': 0, 'REDACTED', 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"dapi", `{'t': 'REDACTED', 'k': 1}`, `{"t":"REDACTED","k":1}`, 0},
		{"master_key", `{'a': 0, 'REDACTED', 'k': 1}`, `{"a":0,"k":1}`, 1},
		{"JWT", `{'t': 'REDACTED', 'k': 1}`, `{"t":"REDACTED","k":1}`, 0},
		{"SAS", `{'t': 'http://127.0.0.1/?a=1REDACTED', 'k': 1}`, `{"t":"http://127.0.0.1/?a=1REDACTED","k":1}`, 0},
		{"SAS, 1.109", `{'t': 'http://127.0.0.1/?a=1&REDACTED', 'k': 1}`, `{"t":"http://127.0.0.1/?a=1&REDACTED","k":1}`, 0},
		{"service account", `{'v': 'REDACTED', 'k': 1}`, `{"v":"REDACTED","k":1}`, 0},
		{"service account in a dict of texts", `{'m': [REDACTED], 'k': 1}`, `{"m":[null],"k":1}`, 1},
		{"first argument", `litellm.acompletion(REDACTED', api_base='http://127.0.0.1')`, `{"api_base":"http://127.0.0.1"}`, 1},
		{"argument with a prefix", `UserAPIKeyAuth(a=1, user_REDACTED', user_role=<R.A: 'a'>, b=None)`, `{"a":1,"user_role":"a","b":null}`, 1},
		{"argument, None", `X(REDACTED, b=1)`, `{"b":1}`, 1},
		{"last argument", `X(b=1, REDACTED')`, `{"b":1}`, 1},
		{"last argument, None", `X(b=1, REDACTED)`, `{"b":1}`, 1},
		{"argument with blanks", `X(a=1, REDACTED y z', b=1)`, `{"a":1,"b":1}`, 1},
		{"argument with an apostrophe", `X(a=1, REDACTED's", b=1)`, `{"a":1,"b":1}`, 1},
		{"argument, list", `X(a=1, REDACTED'x', 'y'], b=1)`, `{"a":1,"b":1}`, 1},
		{"value without quotes", `X(a=REDACTED, b=1)`, `{"a":null,"b":1}`, 1},
		// These are not from the patterns: the closing quote and what came next are gone.
		{"closing quote and comma of a value", `{'content': 'my REDACTED 'role': 'user'}`, `{"content":"my REDACTED","role":"user"}`, 1},
		{"closing quote of a value", `{'content': 'my REDACTED, 'role': 'user'}`, `{"content":"my REDACTED","role":"user"}`, 1},
		{"closing quote of the last value", `{'a': {'content': 'my REDACTED}, 'role': 'user'}`, `{"a":{"content":"my REDACTED"},"role":"user"}`, 1},
		{"closing quote in a list", `{'a': ['my REDACTED], 'role': 'user'}`, `{"a":["my REDACTED"],"role":"user"}`, 1},
		{"closing quote of an argument", `X(a='my REDACTED, b='user')`, `{"a":"my REDACTED","b":"user"}`, 1},
		{"bare keys in a text with both quotes", `{'c': 'hi " REDACTED', id: 5, "z": "', 'id': 'true'}`, `{"c":"hi \" REDACTED', id: 5, \"z\": \"","id":"true"}`, 1},
		{"end of the record follows", "{'p': {'REDACTED}} [trace_id=x session_id=y]", `{"p":{}}`, 1},
		{"first entry gone, keys like structure", `{'REDACTED, ', ': "ab'}, 'id': 'x"}`, `{", ":"ab'}, 'id': 'x"}`, 1},
		{"whole dict gone", `RedactedDict(REDACTED)`, `"RedactedDict(REDACTED)"`, 1},
		{"object's start gone", `{'REDACTED at 0x7f00>, 'k': 1}`, `{"k":1}`, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, text := range map[string]string{"": tt.repr, "nested": "{'n': [" + tt.repr + ", {}]}"} {
				want := tt.want
				if name != "" {
					if tt.name == "end of the record follows" {
						continue
					}
					want = `{"n":[` + want + `,{}]}`
				}
				r := New([]byte(text))
				if got := string(r.AppendJSON(nil)); got != want || r.Err() != nil || r.Repairs() != tt.repairs {
					t.Errorf("AppendJSON(%s)\n got %s, %d repairs, %v\nwant %s, %d", text, got, r.Repairs(), r.Err(), want, tt.repairs)
				}
				end := r.Offset()
				r.Reset([]byte(text))
				if r.Skip(); r.Offset() != end || r.Repairs() != tt.repairs || r.Err() != nil {
					t.Errorf("Skip(): offset %d, %d repairs, %v; want %d, %d", r.Offset(), r.Repairs(), r.Err(), end, tt.repairs)
				}
			}
		})
	}
}

// TestRepairsCountOnce reads one wound in several ways.
func TestRepairsCountOnce(t *testing.T) {
	r := New([]byte(`{'a': {'REDACTED, 'b': 'x'}, 'REDACTED', 'c': 1}`))
	top := r.Dict()
	for top.Next() {
		if string(top.Key()) == "a" {
			if _, ok := r.Text(); ok || r.Kind() != Dict {
				t.Errorf("Text of a dict, kind %d", r.Kind())
			}
			a := r.Dict()
			a.Next()
		}
	}
	if r.Repairs() != 2 || r.Err() != nil {
		t.Errorf("%d repairs, %v; want 2", r.Repairs(), r.Err())
	}
}

// TestUncertain has wounds that more than one text explains, or none: reading
// must stop there, with the members before it told and no other.
func TestUncertain(t *testing.T) {
	tests := []struct{ name, repr, keys string }{
		{"secret that closes its dict", `{'a': 1, 'm': {'REDACTED}, 'id': 'evil'", 'k': 1}, 'z': 2}`, "a m"},
		{"secret that holds members", `{'a': 1, 'REDACTED', 'id': 'evil", 'k': 1}`, "a"},
		{"secret that holds a number", `{'a': 1, 'REDACTED, 'id': 5, 'x': 'y", 'k': 1}`, "a"},
		{"secret that is a comma, or a key that is a brace", `{'a': 1, 'REDACTED, '}, ': 2, 'k': 1}`, "a"},
		{"key that starts like structure", `{'a': {'REDACTED}, ': "id"': 'evil', 'k': 1}`, "a"},
		{"key with what may be structure", `{'a': 1, 'REDACTED}, ':': 'x', 'k': 1}`, "a"},
		{"argument that holds arguments", `X(a=1, REDACTED, id=5, x='y", b=1)`, "a"},
		{"nothing fits", `{'a': 1, 'REDACTED {'x', 'k': 1}`, "a"},
		{"closers gone", `{'a': 1, 'm': {'b': 'REDACTED', 'k': 1}`, "a m"},
		{"openers gone", `{'a': 1, 'c': 'REDACTED'}], 'k': 1}`, "a c"},
		{"openers gone, one level", `{'a': 1, 'c': 'REDACTED'}, 'k': 1}`, "a c"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := New([]byte(tt.repr))
			top := r.Dict()
			if r.Kind() == Call {
				top = r.Call()
			}
			if got := keys(top); got != tt.keys || r.Err() == nil {
				t.Errorf("keys %q, err %v; want %q and an error", got, r.Err(), tt.keys)
			}
			if r.Skip() != nil || top.Next() {
				t.Error("reading goes on after an error")
			}
			r.Reset([]byte(tt.repr))
			if got := string(r.AppendJSON(nil)); r.Err() == nil && r.Offset() == len(tt.repr) {
				t.Errorf("AppendJSON() = %s without an error", got)
			}
		})
	}
}
