package pair

import (
	"encoding/json"

	"tailer"
	"tailer/internal/rawjson"
)

// stated remembers whose answers were stated with a call id, by the answer's own id. A
// record without a call id that holds such an answer is no other request's, however
// alone that may seem to have been.
type stated struct{ young, old map[string]string }

// maxStated bounds each of both maps.
const maxStated = 4096

// note takes what a record states.
func (s *stated) note(r *tailer.Record) {
	if r.CallID == "" || r.Call.ResponseID == "" || r.Call.Outcome != tailer.OutcomeSuccess {
		return
	}
	if s.young == nil || len(s.young) >= maxStated {
		s.old, s.young = s.young, map[string]string{}
	}
	s.young[r.Call.ResponseID] = r.CallID
}

// byAnother reports whether an answer was stated as that of another call.
func (s *stated) byAnother(callID string, answer json.RawMessage) bool {
	id := rawjson.Text(rawjson.Member(answer, "id"))
	if id == "" {
		return false
	}
	of, ok := s.young[id]
	if !ok {
		of, ok = s.old[id]
	}
	return ok && of != callID
}

// withoutOthers takes out of an attempt what was inferred from another's answer.
func (s *stated) withoutOthers(callID string, a *attempt, reasons []string) []string {
	if a.Response == nil || !s.byAnother(callID, a.Response) {
		return reasons
	}
	if a.Outcome == tailer.OutcomeFailure {
		a.Response = nil
		return append(reasons, ambiguousAnswer)
	}
	*a = attempt{Call: tailer.Call{
		Model: a.Model, ModelGroup: a.ModelGroup, ModelID: a.ModelID, Provider: a.Provider, LiteLLM: a.LiteLLM, Upstream: a.Upstream,
		Start: a.Start, End: a.Start, CallType: a.CallType, Streamed: a.Streamed, Failed: a.Failed,
	}}
	return append(reasons, noEnd, ambiguousAnswer)
}
