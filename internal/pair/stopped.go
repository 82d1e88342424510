package pair

import "tailer"

// stopped is the class of the failure that LiteLLM states of a stream of /v1/responses
// that was over before an event said so: it skips events that it can't read, such as
// one that a provider's line separators tear (responses/streaming_iterator.py; seen in
// 1.80). The client was told no error, so how the request ended is not known.
const stopped = "StopAsyncIteration"

// stoppedShort fills in what is known of such a stream.
func (c *call) stoppedShort(x *tailer.Exchange, last *attempt) {
	x.Response, x.Status = last.Response, streamStatus(last)
	if f := c.flight(); f != nil && f.status != 0 {
		x.Status = f.status
	}
	x.Incomplete = append(x.Incomplete, noEnd)
}
