package audit

import (
	"slices"
	"strings"
	"time"
)

// A Request is what the log says of one, and how tailer names it.
type Request struct {
	ID              string `json:"i"` // what lists show: the call id, or what stands for it
	CallID          string `json:"c,omitempty"`
	ResponseID      string `json:"r,omitempty"`
	TraceID, SpanID string // lower hex, of the root span that tailer writes
	// CallbackTraces are ids, as texts, under which LiteLLM's callback may have
	// written it, besides its call id: a session's (1.84 to 1.103), or the client's
	// own. Requests may share them.
	CallbackTraces []string  `json:"t,omitempty"`
	Start, End     time.Time // UTC
	User           string    `json:"u,omitempty"` // as tailer would send it; "" for nobody
	Failed         bool      `json:"f,omitempty"` // it ended in an error
}

// own is r with texts of its own: those of a parsed log may be pieces of records,
// which they would keep in memory.
func (r *Request) own() Request {
	o := *r
	for _, text := range []*string{&o.ID, &o.CallID, &o.ResponseID, &o.TraceID, &o.SpanID, &o.User} {
		*text = strings.Clone(*text)
	}
	o.CallbackTraces = slices.Clone(o.CallbackTraces)
	for i := range o.CallbackTraces {
		o.CallbackTraces[i] = strings.Clone(o.CallbackTraces[i])
	}
	return o
}

// named tells whether the log has any id by which an observation of LiteLLM's
// callback could be joined.
func (r *Request) named() bool {
	return r.CallID != "" || r.ResponseID != "" || len(r.CallbackTraces) > 0
}

// Writer is who wrote an observation.
type Writer uint8

// The writers.
const (
	Other Writer = iota
	Tailer
	LiteLLM
)

func (w Writer) String() string {
	switch w {
	case Tailer:
		return "tailer"
	case LiteLLM:
		return "litellm"
	}
	return "other"
}

// An Observation is what Langfuse shows of one. Only whole generations matter: see
// Generation.
type Observation struct {
	ID, TraceID        string
	CallID, ResponseID string // as its metadata says; "" if it does not
	Start              time.Time
	User               string
	Failed             bool // its level is ERROR
	Generation         bool // it stands for a request or an attempt, not for a step of one
	ByTailer           bool // it has tailer's mark
	BySDK              bool // Langfuse's own SDK wrote it, as LiteLLM's callback does
}

// legacyID is how LiteLLM's callback up to 1.103 names its generations:
// `time-` and the start of the request, then `_` and the id of the answer.
const legacyID = "time-"

// responseID is the id of the answer that the observation tells of, "" if none.
func (o *Observation) responseID() string {
	if o.ResponseID != "" {
		return o.ResponseID
	}
	if rest, ok := strings.CutPrefix(o.ID, legacyID); ok {
		if _, id, ok := strings.Cut(rest, "_"); ok {
			return id
		}
	}
	return ""
}

// writer tells who wrote an observation that belongs to r. Only LiteLLM puts a call
// id or an answer's id on what tailer did not write.
func (o *Observation) writer(r *Request) Writer {
	switch {
	case o.ByTailer || o.TraceID == r.TraceID && o.ID == r.SpanID:
		return Tailer
	case o.BySDK, strings.HasPrefix(o.ID, legacyID), o.CallID != "", bare(o.TraceID) == bare(r.CallID) && r.CallID != "",
		slices.Contains(r.CallbackTraces, o.TraceID):
		return LiteLLM
	}
	return Other
}

// bare is an id without what LiteLLM's versions write differently: up to 1.103 they
// keep the dashes of a call id that is a trace id, later ones drop them.
func bare(id string) string {
	return strings.ToLower(strings.ReplaceAll(id, "-", ""))
}
