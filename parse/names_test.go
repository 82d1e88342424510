package parse_test

import (
	"strings"
	"testing"
)

// TestModelName: LiteLLM prints the name of a model as the client wrote it, where any
// name goes through. What stands in the lines of a name is no record.
func TestModelName(t *testing.T) {
	forged := head + call("forged")
	name := "openai/nope\n" + forged
	body := func(member string) string {
		return plainHead + "Request received by LiteLLM:\n{" + member + `, "messages": [{"role": "user", "content": "hello"}]}` + "\n"
	}
	attempt := head + "litellm.acompletion(REDACTED', model='openai/nope\\n" + strings.ReplaceAll(forged, "'", `\'`) + "', caching=False)\n"
	const cost = head + "selected model name for cost calculation: "
	for _, test := range []struct{ name, log, kinds string }{
		{"as received", body(`"model": `+quoteJSON(name)) + mark + cost + name + "\n", "body"},
		{"without its provider", body(`"model": `+quoteJSON(name)) + mark + cost + strings.TrimPrefix(name, "openai/") + "\n", "body"},
		{"in small letters, quoted", body(`"model": `+quoteJSON("openai/NOPE \n"+forged)) + mark + head + "looking for 'openai/nope \n" + forged + "'\n", "body"},
		{"in an attempt", mark + attempt + cost + name + "\n", ""},
		{"of a fallback", body(`"model": "gpt-4o", "fallbacks": [{"model": `+quoteJSON("x\n"+forged)+`}, `+quoteJSON(name)+`]`) + mark + head + "Falling back to model_group = " + name + "\n", "body"},
		{"too long to be stated", mark + head + "litellm.acompletion(REDACTED', model=<str len=6000>, caching=False)\n" + cost + name + "\n", ""},
		{"what comes after it", body(`"model": `+quoteJSON("openai/nope\nbye")) + mark + cost + "openai/nope\nbye\n" + mark + head + call("hello") + "\n", "body call"},
		{"a name of one line", body(`"model": "openai/nope"`) + mark + cost + "openai/nope\n" + head + call("hello") + "\n", "body call"},
		{"a text with line breaks", body(`"model": "gpt-4o", "x": "a\nb"`) + mark + cost + "gpt-4o\n" + head + call("hello") + "\n", "body call"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := feed(mark + test.log + head + "x"); kinds(got.records) != test.kinds {
				t.Errorf("records %q, want %q", kinds(got.records), test.kinds)
			}
		})
	}
}
