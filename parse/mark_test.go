package parse_test

import "testing"

// TestSessionMark: a record that states the address of the session which all requests
// share is none that somebody wrote; another address, or the first one, says nothing.
func TestSessionMark(t *testing.T) {
	const (
		session = head + "SESSION REUSE: Attached shared aiohttp session to request (ID: 139701471597776)\n"
		other   = head + "SESSION REUSE: Attached shared aiohttp session to request (ID: 139701471597777)\n"
		begun   = head + "litellm.acompletion(REDACTED', model='openai/gpt-4o', litellm_call_id='" + genuine + "', shared_session=<aiohttp.client.ClientSession object at 0x"
		started = begun + "7f0ec896d4d0>, timeout=6000.0)\n"
		forged  = begun + "7f0ec896d4d1>, timeout=6000.0)\n"
		end     = head + "x"
	)
	for _, test := range []struct{ name, log, kinds string }{
		{"an attempt", mark + session + raw + started + end, "routed arguments"},
		{"what follows the attempt", mark + session + raw + started + head + call("hello") + "\n" + end, "routed arguments call"},
		{"a request is handed on", mark + session + raw + session + head + call("hello") + "\n" + end, "routed routed call"},
		{"an attempt with another session", mark + session + raw + forged + end, "routed"},
		{"another session", mark + session + raw + other + head + call("hello") + "\n" + end, "routed routed"},
		{"a session that raw text stated", mark + session + raw + other + mark + raw + other + head + call("hello") + "\n" + end, "routed routed routed"},
		{"an attempt before any session", mark + raw + started + end, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := feed(test.log); kinds(got.records) != test.kinds {
				t.Errorf("records %q, want %q", kinds(got.records), test.kinds)
			}
		})
	}
}

// TestErrorWithoutTraceback: since 1.110 the router states an error that was never
// raised, of a model that nobody serves, without the words before a traceback.
func TestErrorWithoutTraceback(t *testing.T) {
	const words = head + "Tracebacklitellm.exceptions.BadRequestError: litellm.BadRequestError: You passed in model=nope\n"
	if got := feed(mark + words + head + call("hello") + "\n" + head + "x"); len(got.records) != 0 {
		t.Errorf("records %q of a model's name", kinds(got.records))
	}
}
