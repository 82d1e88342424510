package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"tailer"
	"tailer/internal/selftest"
	"tailer/ship/langfuse"
)

// selftestReport is what a self-test tells.
type selftestReport struct {
	OK       bool            `json:"ok"`
	Run      string          `json:"run"`
	Places   []string        `json:"places"`
	Requests []selftestProbe `json:"requests"`
	Notes    []string        `json:"notes,omitempty"`
}

type selftestProbe struct {
	CallID   string          `json:"call_id,omitempty"`
	TraceID  string          `json:"trace_id,omitempty"`
	Streamed bool            `json:"streamed"`
	Status   int             `json:"status"` // the proxy's answer
	Reason   string          `json:"reason,omitempty"`
	Millis   int64           `json:"ms"`
	Log      bool            `json:"log"`      // the request is in the log
	Answer   bool            `json:"answer"`   // so is its answer
	Langfuse bool            `json:"langfuse"` // tailer's trace is there
	Callback bool            `json:"callback"` // so is one of LiteLLM's own
	Fields   []selftest.Line `json:"fields"`
}

// compare looks for every request in all places.
func (s *selftestRun) compare(ctx context.Context) (*selftestReport, error) {
	report := &selftestReport{OK: true, Run: s.probes[0].Run, Places: []string{"log"}}
	if s.reader != nil {
		report.Places = append(report.Places, "Langfuse", "LiteLLM's own")
	}
	for i, probe := range s.probes {
		x, a := s.found[i], s.answers[i]
		p := selftestProbe{Streamed: probe.Stream, Status: a.Status, CallID: a.CallID, Reason: a.Reason, Millis: a.Took.Milliseconds(), Log: x != nil}
		places := []selftest.Seen{inLog(x)}
		if x != nil {
			p.Answer = len(x.Response) > 0 || x.Private
			p.TraceID, _ = idsOf(x)
			if x.CallID != "" {
				p.CallID = x.CallID
			}
		}
		if s.reader != nil {
			ours, theirs, err := s.inLangfuse(ctx, x)
			if err != nil {
				return nil, err
			}
			p.Langfuse, p.Callback = ours.There, theirs.There
			places = append(places, ours, theirs)
		}
		p.Fields = selftest.Compare(probe, s.hidden(), places...)
		report.judge(&p, s.reader != nil)
		report.Requests = append(report.Requests, p)
	}
	report.addNotes(s)
	return report, nil
}

// judge says whether all is well: LiteLLM's own traces need not be there.
func (r *selftestReport) judge(p *selftestProbe, langfuse bool) {
	r.OK = r.OK && p.Status/100 == 2 && p.Log && (p.Langfuse || !langfuse)
	for _, line := range p.Fields {
		for place, verdict := range line.Results {
			if verdict != selftest.Arrived && verdict != selftest.Hidden && r.Places[place] != "LiteLLM's own" {
				r.OK = false
			}
		}
	}
}

// inLog is what tailer reads of a request in the log.
func inLog(x *tailer.Exchange) selftest.Seen {
	if x == nil {
		return selftest.Seen{}
	}
	seen := selftest.Seen{There: true, Names: map[string]string{}, User: x.Attribution.User, Session: x.Attribution.Session}
	for _, h := range x.Attribution.ProfileHeaders {
		seen.Names[strings.ToLower(h.Name)] = h.Value
	}
	return seen
}

// inLangfuse waits for tailer's trace of a request, and looks for LiteLLM's.
func (s *selftestRun) inLangfuse(ctx context.Context, x *tailer.Exchange) (ours, theirs selftest.Seen, err error) {
	if x == nil {
		return ours, theirs, nil
	}
	trace, span := idsOf(x)
	waiting, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for !ours.There {
		found, err := s.reader.Trace(ctx, trace, x.Start)
		if err != nil {
			return ours, theirs, err
		}
		for i := range found {
			if o := &found[i]; o.ID == span {
				ours = inObservation(o)
			}
		}
		if ours.There {
			break
		}
		select {
		case <-waiting.Done():
			if ctx.Err() != nil {
				return ours, theirs, context.Cause(ctx)
			}
			ours.There = false
			theirs, err = s.callback(ctx, x)
			return ours, theirs, err
		case <-tick.C:
		}
	}
	theirs, err = s.callback(ctx, x)
	return ours, theirs, err
}

// callback looks for the observation of LiteLLM's own callback.
func (s *selftestRun) callback(ctx context.Context, x *tailer.Exchange) (seen selftest.Seen, err error) {
	bare := func(id string) string { return strings.ReplaceAll(id, "-", "") }
	err = s.reader.Between(ctx, x.Start.Add(-time.Minute), time.Now().Add(time.Minute), func(o *langfuse.Observation) error {
		same := x.CallID != "" && (o.CallID == x.CallID || bare(o.TraceID) == bare(x.CallID)) ||
			x.ResponseID != "" && strings.HasSuffix(o.ID, "_"+x.ResponseID)
		if same && !o.ByTailer {
			seen = inObservation(o)
		}
		return nil
	})
	return seen, err
}

// inObservation is what Langfuse shows of a request: names at any depth of its
// metadata.
func inObservation(o *langfuse.Observation) selftest.Seen {
	seen := selftest.Seen{There: true, Names: map[string]string{}, User: o.User, Session: o.Session}
	var whole any
	if json.Unmarshal(o.Metadata, &whole) == nil {
		collect(whole, seen.Names)
	}
	return seen
}

// collect notes the texts of Open WebUI's headers. The topmost of a name wins.
func collect(value any, names map[string]string) {
	object, ok := value.(map[string]any)
	if !ok {
		return
	}
	for name, member := range object {
		text, isText := member.(string)
		name = strings.ToLower(name)
		if _, known := names[name]; isText && !known && strings.HasPrefix(name, "x-openwebui-") {
			if plain, err := url.PathUnescape(text); err == nil {
				text = plain
			}
			names[name] = text
		}
	}
	for _, member := range object {
		if text, ok := member.(string); ok && strings.HasPrefix(text, "{") {
			var inner any
			if json.Unmarshal([]byte(text), &inner) == nil {
				member = inner
			}
		}
		collect(member, names)
	}
}

// addNotes say what to do about what is missing.
func (r *selftestReport) addNotes(s *selftestRun) {
	note := func(format string, args ...any) { r.Notes = append(r.Notes, fmt.Sprintf(format, args...)) }
	for i := range r.Requests {
		p := &r.Requests[i]
		switch {
		case p.Status/100 != 2:
			note("request %d: the proxy answered %d: %s", i+1, p.Status, p.Reason)
		case !p.Log:
			note("request %d is not in the log: is this the log of that proxy, and does it log enough? tailer doctor says", i+1)
		case s.reader != nil && !p.Langfuse:
			note("request %d is in the log, but tailer's trace %s is not in Langfuse: does tailer run with this log? Else use --deliver", i+1, p.TraceID)
		}
		if p.Langfuse && p.Callback {
			note("request %d is there twice: LiteLLM's own callback writes to the same project", i+1)
		}
	}
	if s.reader == nil {
		note("no keys of Langfuse are set: only the log was looked at")
	}
}

func (r *selftestReport) print(w io.Writer) {
	out := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
	out("Run %s\n", r.Run)
	for i := range r.Requests {
		p := &r.Requests[i]
		kind := "plain"
		if p.Streamed {
			kind = "streamed"
		}
		out("\nRequest %d (%s): the proxy answered %d in %d ms, call id %s\n", i+1, kind, p.Status, p.Millis, printable(p.CallID))
		out("  %-24s %-36s", "field", "sent")
		for _, place := range r.Places {
			out(" %-14s", place)
		}
		out("\n")
		for _, line := range p.Fields {
			out("  %-24s %-36s", line.Field, line.Sent)
			for _, verdict := range line.Results {
				out(" %-14s", verdict)
			}
			out("\n")
		}
		answer := "no"
		if p.Answer {
			answer = "yes"
		}
		out("  %-24s %-36s %s\n", "answer", "", answer)
	}
	out("\n")
	for _, note := range r.Notes {
		out("%s\n", printable(note))
	}
	if r.OK {
		out("All fields arrived.\n")
	}
}
