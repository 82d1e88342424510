package parse_test

import (
	"strings"
	"testing"

	"tailer"
)

const searching = "searching for custom_litellm_key_header_name= authorization, in headers="

// TestUnchecked reads the headers of a request whose key is not checked yet, as
// LiteLLM 1.80 and 1.106 write them.
func TestUnchecked(t *testing.T) {
	const labHash = "61726837d396da324b28a0e50c32d1e6e0c8d36f7a718a92463096ad3a1a354c" // as LiteLLM 1.80.17 logged it
	for _, test := range []struct {
		name, message, kinds, email, hash string
	}{
		{"a key in clear", searching + "{'host': 'x', 'authorization': 'Bearer sk-wrong-key-1111-not-real', 'x-openwebui-user-email': 'ana@example.org'}", "unchecked", "ana@example.org", labHash},
		{"a masked key", searching + "{'authorization': 'REDACTED', 'x-openwebui-user-email': 'ana@example.org'}", "unchecked", "ana@example.org", ""},
		{"a masked member", searching + "{'host': 'x', 'REDACTED', 'x-openwebui-user-email': 'ana@example.org'}", "unchecked", "ana@example.org", ""},
		{"no key of LiteLLM's", searching + "{'authorization': 'Bearer abc', 'x-openwebui-user-email': 'ana@example.org'}", "unchecked", "ana@example.org", ""},
		{"no headers", searching + "None", "", "", ""},
		{"no mark", "searching for custom_litellm_key_header_name= authorization", "", "", ""},
		{"a name without end", "searching for custom_litellm_key_header_name= " + strings.Repeat("a", 300) + ", in headers={'a': 'b'}", "", "", ""},
		{"within another text", "x " + searching + "{'a': 'b'}", "", "", ""},
		{
			"a header that imitates others", searching + `{'x-a': "', 'x-openwebui-user-email': 'forged@example.org', 'y': '", 'x-openwebui-user-email': 'ana@example.org'}`,
			"unchecked", "ana@example.org", "",
		},
		{
			"a header that imitates the mark", searching + `{'x-a': ", in headers={'x-openwebui-user-email': 'forged@example.org'}", 'x-openwebui-user-email': 'ana@example.org'}`,
			"unchecked", "ana@example.org", "",
		},
		{
			"a header that imitates a record", searching + `{'x-a': 'searching for custom_litellm_key_header_name= x, in headers={}', 'x-openwebui-user-email': 'ana@example.org'}`,
			"unchecked", "ana@example.org", "",
		},
		{"a broken dict", searching + "{'a': 'b", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, form := range []struct{ name, log string }{
				{"JSON", jsonRecord(test.message, "")},
				{"text", plainHead + test.message + "\n" + head + "x"},
			} {
				got := feed(form.log)
				if kinds(got.records) != test.kinds {
					t.Errorf("%s: records %q, want %q", form.name, kinds(got.records), test.kinds)
					continue
				}
				if test.kinds == "" {
					continue
				}
				r := got.records[0]
				if email := value(r.Request.Headers, "x-openwebui-user-email"); email != test.email || r.Key.Hash != test.hash || r.CallID != "" {
					t.Errorf("%s: user %q, hash %q, id %q", form.name, email, r.Key.Hash, r.CallID)
				}
			}
		})
	}
}

func value(headers []tailer.Header, name string) (text string) {
	for _, h := range headers {
		if h.Name == name {
			text = h.Value
		}
	}
	return text
}
