package parse

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"tailer"
)

// hasLost reports whether characters of a JSON value are lost.
func hasLost(value json.RawMessage) bool { return bytes.Contains(value, []byte(tailer.LostMark)) }

// leaveOut takes out of a record what characters are lost of: it is not what was said.
// Another record may have it whole.
func leaveOut(r *tailer.Record) {
	q := &r.Request
	lost := func(f tailer.Field) bool { return hasLost(f.Value) }
	if slices.ContainsFunc(q.Body, lost) {
		q.Body, q.Lost = slices.DeleteFunc(slices.Clone(q.Body), lost), true
	}
	if hasLost(q.Metadata) {
		q.Metadata, q.Lost = nil, true
	}
	if slices.ContainsFunc(r.Hint, lost) {
		r.Hint = slices.DeleteFunc(slices.Clone(r.Hint), lost)
	}
	stray := func(h tailer.Header) bool { return strings.Contains(h.Value, tailer.LostMark) }
	if slices.ContainsFunc(q.Headers, stray) {
		q.Headers = slices.DeleteFunc(slices.Clone(q.Headers), stray)
	}
	if hasLost(r.Call.Response) {
		r.Call.Response, r.Call.Lost = nil, true
	}
	r.Call.Failure.Message = strings.ReplaceAll(r.Call.Failure.Message, tailer.LostMark, "")
	r.Failure.Message = strings.ReplaceAll(r.Failure.Message, tailer.LostMark, "")
}
