package pair

import (
	"encoding/json"
	"slices"
	"time"

	"tailer"
	"tailer/internal/rawjson"
)

// Without the package litellm-enterprise a payload states no headers, and up to 1.80 no
// call id. Those of /v1/messages and /v1/responses have another trace id than the
// call, too. What is left is what was asked, of whom, when, and with which key.

// bareGap is how far from the record of its call LiteLLM may begin to count the time.
const bareGap = 250 * time.Millisecond

// isStatedBy reports whether a payload without headers states what the call's last
// attempt asked, of the same deployment and under the same key, when it began.
func (c *call) isStatedBy(r *tailer.Record) bool {
	last := &c.tries[len(c.tries)-1]
	late := r.Call.Start.Sub(last.at)
	if last.coarse && late > 0 {
		late = max(0, late-time.Second)
	}
	return !r.Suspect && late.Abs() <= bareGap && last.modelID != "" && last.modelID == r.Call.ModelID &&
		c.key == r.Key && asksFor(c.request.Body, r.Hint.Get("messages"))
}

// asksFor reports whether messages are the content of a body of /v1/messages or
// /v1/responses as payloads state it.
func asksFor(body tailer.Fields, messages json.RawMessage) bool {
	list := slices.Collect(rawjson.Elements(messages))
	switch input := body.Get("input"); {
	case len(input) > 0 && input[0] == '"':
		return len(list) == 1 && sameJSON(rawjson.Member(list[0], "content"), input)
	case input != nil:
		return sameJSON(input, messages)
	}
	if system := body.Get("system"); system != nil && len(list) > 0 && rawjson.Text(rawjson.Member(list[0], "role")) == "system" &&
		sameJSON(rawjson.Member(list[0], "content"), system) {
		list = list[1:]
	}
	own := slices.Collect(rawjson.Elements(body.Get("messages")))
	return len(own) > 0 && slices.EqualFunc(own, list, sameJSON)
}

// asksAlike reports whether another request in flight, of which no answer is stated
// yet, asks the same as a call.
func (t *Table) asksAlike(c *call) bool {
	return slices.ContainsFunc(t.flights.open, func(f *flight) bool {
		return f.call != c && (f.call == nil || !f.call.succeeded()) && hasContent(f.body()) && sameBody(f.body(), c.request.Body)
	})
}
