package audit

import "time"

// Kind is a way in which Langfuse may differ from the log.
type Kind string

// The kinds.
const (
	Missing       Kind = "missing"        // no whole observation of the request is there
	Duplicate     Kind = "duplicate"      // more than one is, so that cost is counted more than once
	DifferentUser Kind = "different user" // it is under another user than the log names
	WithoutUser   Kind = "without user"   // it is under none, though the log names one
	CallbackLost  Kind = "callback lost"  // LiteLLM's own callback did not write it: see Config.Callback
)

// A Difference is one request that is not in Langfuse as the log has it.
type Difference struct {
	Kind    Kind      `json:"kind"`
	ID      string    `json:"id"` // the call id, or what stands for it
	TraceID string    `json:"trace_id"`
	SpanID  string    `json:"span_id"` // of the root that tailer writes
	Start   time.Time `json:"start"`
	LogUser string    `json:"log_user,omitempty"`
	User    string    `json:"user,omitempty"`   // that Langfuse shows
	Detail  string    `json:"detail,omitempty"` // who wrote it how often
}

// Counts are those of one hour, or of all.
type Counts struct {
	Requests      int `json:"requests"` // in the log
	Found         int `json:"found"`    // of them in Langfuse
	Traces        int `json:"traces"`   // whole observations in Langfuse that belong to them
	Missing       int `json:"missing"`
	Duplicate     int `json:"duplicate"`
	DifferentUser int `json:"different_user"`
	WithoutUser   int `json:"without_user"`
	Anonymous     int `json:"anonymous"`     // found; neither the log nor Langfuse names a user
	Recent        int `json:"recent"`        // too recent to be judged
	ByTailer      int `json:"by_tailer"`     // requests that tailer wrote
	ByCallback    int `json:"by_callback"`   // requests that LiteLLM's callback wrote
	CallbackLost  int `json:"callback_lost"` // requests that it did not write; all, where it is off
	// CallbackUnknown are requests of which the log has no id that LiteLLM's callback
	// could have written, so that nobody can tell.
	CallbackUnknown int `json:"callback_unknown"`
	Unexplained     int `json:"unexplained"` // observations that belong to no request of the log
}

// Differences is what an exit code tells: 0 for none. What LiteLLM's callback lost
// is not among them.
func (c *Counts) Differences() int {
	return c.Missing + c.Duplicate + c.DifferentUser + c.WithoutUser
}

func (c *Counts) add(o *Counts) {
	c.Requests += o.Requests
	c.Found += o.Found
	c.Traces += o.Traces
	c.Missing += o.Missing
	c.Duplicate += o.Duplicate
	c.DifferentUser += o.DifferentUser
	c.WithoutUser += o.WithoutUser
	c.Anonymous += o.Anonymous
	c.Recent += o.Recent
	c.ByTailer += o.ByTailer
	c.ByCallback += o.ByCallback
	c.CallbackLost += o.CallbackLost
	c.CallbackUnknown += o.CallbackUnknown
	c.Unexplained += o.Unexplained
}

// Hour is what was found of one hour of the log.
type Hour struct {
	Start time.Time `json:"hour"` // UTC
	Counts
	Differences []Difference `json:"differences,omitempty"` // in the order of the requests' start
}
