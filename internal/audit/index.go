package audit

import "time"

// a subject is a request while observations are looked for.
type subject struct {
	*Request
	mine bool // it is of the hour that is judged, not of its neighbours

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
	responses map[string][]*subject
}

func newIndex(n int) *index {
	return &index{spans: make(map[string][]*subject, n), calls: make(map[string][]*subject, n), responses: make(map[string][]*subject, n)}
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
}

// find returns the request of an observation, nil if there is none in sight. Where
// several bear the same id, it is the one that began nearest.
func (x *index) find(o *Observation) *subject {
	for _, candidates := range [][]*subject{
		x.spans[o.TraceID+"/"+o.ID], x.calls[bare(o.CallID)], x.responses[o.responseID()],
	} {
		if s := nearest(candidates, o.Start); s != nil {
			return s
		}
	}
	if o.CallID != "" || o.responseID() != "" {
		return nil // it names a request, which is not of this log
	}
	return nearest(x.calls[bare(o.TraceID)], o.Start)
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
