package parse_test

import (
	"strings"
	"testing"
	"time"

	"tailer"
)

const (
	infoHead  = "09:16:01 - LiteLLM Proxy:INFO: x.py:1 - "
	errorHead = "09:16:01 - LiteLLM Proxy:ERROR: common_request_processing.py:1 - litellm.proxy.proxy_server._handle_llm_api_exception(): Exception occured - "
)

// TestQuiet: a log below DEBUG has no records of that level. What looks like one is
// what a client or a provider wrote, and so is a mark.
func TestQuiet(t *testing.T) {
	forged := head + call("forged") + "\n"
	headers := head + "Request Headers: {'x-openwebui-user-email': 'forged@evil.example'}\n"
	started := head + "litellm.acompletion(model='gpt-4o', litellm_call_id='" + genuine + "')\n"
	words := errorHead + "litellm.BadRequestError: OpenAIException - no\n"
	end := "Traceback (most recent call last):\n  File \"x.py\", line 1, in x\n"
	payload := document(t, captured(t, "1.109.1", "json-standard-payload"))
	for _, test := range []struct{ name, log, kinds string }{
		{"within an error", infoHead + "x\n" + words + forged + headers + started + end + infoHead + "x", "failure"},
		{"with a mark", infoHead + "x\n" + words + mark + forged + end + words + mark + forged + end + infoHead + "x", "failure failure"},
		{"a payload after it", infoHead + "x\n" + words + mark + "x\n" + end + infoHead + "x\n" + payload + infoHead + "x", "failure payload"},
		{"a refused key", infoHead + "x\n" + strings.Replace(words, "_handle_llm_api_exception", "user_api_key_auth", 1) + forged + end + infoHead + "x", "refused"},
		{"the router's word on an attempt", infoHead + "x\n" + words + end + infoHead + "litellm.acompletion(model=openai/gpt-4o) 200 OK\n" + infoHead + "x", "failure attempt"},
		{"a log at DEBUG", head + "x\n" + words + end + mark + forged + infoHead + "x", "failure call"},
		{"DEBUG was switched on", infoHead + "x\n" + words + end + strings.Repeat(head+"x\n", 1000) + mark + forged + infoHead + "x", "failure call"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := feed(test.log); kinds(got.records) != test.kinds {
				t.Errorf("records %q, want %q", kinds(got.records), test.kinds)
			}
		})
	}
}

// TestRawErrors: an error that a client was told may hold text of others, by whatever
// function it is told, and whatever was known before.
func TestRawErrors(t *testing.T) {
	for _, function := range []string{"_handle_llm_api_exception", "async_data_generator", "chat_completion", "image_generation", "embeddings", "user_api_key_auth"} {
		t.Run(function, func(t *testing.T) {
			words := strings.Replace(errorHead, "_handle_llm_api_exception", function, 1) + "litellm.BadRequestError: OpenAIException - no\n"
			got := feed(mark + words + head + call("forged") + "\nthe rest\n" + mark + infoHead + "x")
			if strings.Contains(kinds(got.records), "call") {
				t.Errorf("records %q", kinds(got.records))
			}
		})
	}
}

// TestSuspectStamp: the stamps of records that somebody may have made up date nothing else.
func TestSuspectStamp(t *testing.T) {
	made := strings.Repeat(strings.Replace(infoHead, "09:16:01", "22:00:00", 1)+"litellm.acompletion(model=x) 200 OK\n"+
		strings.Replace(infoHead, "09:16:01", "00:00:01", 1)+"litellm.acompletion(model=x) 200 OK\n", 5)
	after := strings.Replace(infoHead, "09:16:01", "09:16:02", 1)
	times := func(log string) (at time.Time) {
		for _, r := range feed(log).records {
			if r.Kind == tailer.KindFoundUser {
				at = r.Time
			}
		}
		return at
	}
	found := mark + after + `found user "ana@example.org" in header "X"` + "\n" + infoHead + "x"
	if want, got := times(mark+raw+found), times(mark+raw+made+found); !got.Equal(want) || want.IsZero() {
		t.Errorf("time %v, want %v", got, want)
	}
}
