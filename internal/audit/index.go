package audit

import (
	"cmp"
	"slices"
	"time"
)

// a subject is a request while observations are looked for.
type subject struct {
	*Request
	tailer  []seen
	litellm []seen // without failed attempts that another followed
	others  int
}

// seen is an observation that belongs to a request.
type seen struct {
	id, trace, user string
	start           time.Time
}

// index finds the request that an observation belongs to.
type index struct {
	spans     map[string][]*subject // by trace and span id
	calls     map[string][]*subject // by bare call id; a call id that a client chose may repeat
	responses map[string][]*subject // an answer from a cache repeats its id
	traces    map[string][]*subject // by a trace id that requests may share

	unnamed []Observation // of such traces, which name no request: see settle
}

func newIndex(n int) *index {
	return &index{
		spans: make(map[string][]*subject, n), calls: make(map[string][]*subject, n), responses: make(map[string][]*subject, n),
		traces: make(map[string][]*subject, n),
	}
}

func (x *index) add(s *subject) {
	put := func(m map[string][]*subject, key string) {
		if key != "" {
			m[key] = append(m[key], s)
		}
	}
	put(x.spans, s.TraceID+"/"+s.SpanID)
	put(x.calls, bare(s.CallID))
	put(x.responses, s.ResponseID)
	for _, trace := range s.CallbackTraces {
		put(x.traces, trace)
	}
}

// find returns the request of an observation, nil if none can be told. Where
// several bear the same id, it is the one that began nearest. An observation that
// only its trace could tell is kept for settle, if requests may share the trace.
func (x *index) find(o *Observation) *subject {
	if s := nearest(x.spans[o.TraceID+"/"+o.ID], o.Start); s != nil {
		return s
	}
	if o.CallID != "" {
		return nearest(x.calls[bare(o.CallID)], o.Start)
	}
	byTrace, byAnswer := x.calls[bare(o.TraceID)], x.responses[o.responseID()]
	both := slices.DeleteFunc(slices.Clone(byAnswer), func(s *subject) bool {
		return !slices.Contains(byTrace, s) && !slices.Contains(x.traces[o.TraceID], s)
	})
	for _, candidates := range [][]*subject{both, byAnswer, byTrace} {
		if s := nearest(candidates, o.Start); s != nil {
			return s
		}
	}
	if o.responseID() == "" && len(x.traces[o.TraceID]) > 0 {
		x.unnamed = append(x.unnamed, *o)
	}
	return nil
}

// settle gives each unnamed observation to the request of its trace that LiteLLM's
// callback has written nothing of and that began nearest. It returns what is left.
func (x *index) settle(note func(*subject, *Observation)) (left []Observation) {
	slices.SortStableFunc(x.unnamed, func(a, b Observation) int { return cmp.Compare(a.Start.UnixNano(), b.Start.UnixNano()) })
	for i := range x.unnamed {
		o := &x.unnamed[i]
		open := slices.DeleteFunc(slices.Clone(x.traces[o.TraceID]), func(s *subject) bool { return len(s.litellm) > 0 || s.Failed != o.Failed })
		if s := nearest(open, o.Start); s != nil && s.Start.Sub(o.Start).Abs() <= late {
			note(s, o)
			continue
		}
		left = append(left, *o)
	}
	x.unnamed = nil
	return left
}

func nearest(candidates []*subject, start time.Time) (best *subject) {
	for _, s := range candidates {
		if best == nil || s.Start.Sub(start).Abs() < best.Start.Sub(start).Abs() {
			best = s
		}
	}
	return best
}

// note adds an observation to its request. What is shown twice on two pages is one.
func (s *subject) note(o *Observation, folds bool) {
	it := seen{id: o.ID, trace: o.TraceID, user: o.User, start: o.Start}
	switch o.writer(s.Request) {
	case Tailer:
		s.tailer = appendNew(s.tailer, it, folds)
	case LiteLLM:
		if o.Failed && (!s.Failed || len(s.litellm) > 0) {
			return // an attempt that another followed, or a refusal that 1.84 tells of twice
		}
		s.litellm = appendNew(s.litellm, it, folds)
	default:
		s.others++
	}
}

// appendNew adds an observation, unless the server folds equal ids, so that it is
// the same one on another page.
func appendNew(all []seen, it seen, folds bool) []seen {
	if folds {
		for i := range all {
			if all[i].id == it.id && all[i].trace == it.trace && all[i].start.Equal(it.start) {
				return all
			}
		}
	}
	return append(all, it)
}
