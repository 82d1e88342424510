package pair

import (
	"encoding/json"
	"hash/maphash"
	"strings"
	"time"

	"tailer"
)

// counted follows what LiteLLM counts of streams whose provider states no usage:
// first the messages, then the text of the answer, by one thread without a pause
// (streaming_chunk_builder_utils.py, 1.72 and later). So the text that follows
// answers the messages, unless another thread counts at the same time.
type counted struct {
	messages json.RawMessage // counted last
	at       time.Time
	due      int  // texts that have yet to come
	mixed    bool // two threads count: which text is whose can't be told
}

// countGap is how long after its messages a text may be counted.
const countGap = 2 * time.Second

// add takes a record and returns the messages that a text certainly answers.
func (c *counted) add(r *tailer.Record) json.RawMessage {
	if r.Time.Sub(c.at) > countGap {
		*c = counted{}
	}
	if messages := r.Hint.Get("messages"); messages != nil {
		c.due++
		c.mixed = c.mixed || c.due > 1
		c.messages, c.at = messages, r.Time
		return nil
	}
	if c.due == 0 {
		return nil
	}
	messages := c.messages
	if c.mixed {
		messages = nil
	}
	if c.due--; c.due == 0 {
		*c = counted{}
	}
	return messages
}

// addCounted gives a text that was counted to the stream whose messages it
// answers, if only one in flight has them. The arguments of a tool call are
// counted as text too, so streams that may call tools are left alone.
func (t *Table) addCounted(r *tailer.Record) {
	messages := t.counted.add(r)
	if messages == nil {
		return
	}
	var own *flight
	asked := hashJSON(messages)
	for _, f := range t.flights.open {
		body := f.body()
		if !f.streamed || f.answer.text != nil || f.asking() != asked {
			continue
		}
		if own != nil || body.Get("tools") != nil || body.Get("functions") != nil {
			return
		}
		own = f
	}
	if own == nil {
		return
	}
	own.answer.text = r.Call.Response
	own.touch(r.Time)
	if own.answer.at.Before(r.Time) {
		own.answer.at = r.Time
	}
	if own.call != nil && !own.call.finished {
		t.touch(own.call, r)
		t.settle(own.call)
	}
}

// asking returns a hash of the messages of the flight's request, the same for the
// same messages however they are written; 0 while they are not known.
func (f *flight) asking() uint64 {
	if f.asks == 0 {
		if messages := f.body().Get("messages"); messages != nil {
			f.asks = hashJSON(messages)
		}
	}
	return f.asks
}

// jsonSeed is of hashes of JSON, which do not outlive the process.
var jsonSeed = maphash.MakeSeed()

// hashJSON hashes a JSON value, whatever its white space and escapes.
func hashJSON(value json.RawMessage) uint64 {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return maphash.Bytes(jsonSeed, value)
	}
	plain, _ := json.Marshal(v) // with its keys sorted
	return maphash.Bytes(jsonSeed, plain)
}

// body returns the body of the flight's request; nil while it is not known.
func (f *flight) body() tailer.Fields {
	switch {
	case f.front != nil && f.front.request.Body != nil:
		return f.front.request.Body
	case f.call != nil:
		return f.call.request.Body
	}
	return nil
}

// completed returns a text as a chat completion.
func completed(text json.RawMessage) json.RawMessage {
	return json.RawMessage(strings.Join([]string{`{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":`, string(text), `}}]}`}, ""))
}
