package pair_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
)

// TestPayloadWithoutHeaders: a payload that states neither call id nor headers is of the
// only request that asked the same, of the same deployment and under the same key, when
// it began.
func TestPayloadWithoutHeaders(t *testing.T) {
	const id, system = "11111111-2222-4333-8444-555555555555", `{"role":"system","content":"be brief"}`
	responses := asking{user: "zoe@example.org", prompt: "same"}
	began := func(a asking, id, route string, ms int) tailer.Record {
		r := a.began(id, ms)
		r.TraceID, r.Call.ModelID, r.Key = "trace of "+id, "m-1", tailer.Key{Hash: "k-1", EndUser: a.user}
		r.Request.Route, r.Function = route, "aresponses"
		r.Request.Body = tailer.Fields{{Name: "model", Value: json.RawMessage(`"gpt-4o"`)}, {Name: "input", Value: json.RawMessage(`"` + a.prompt + `"`)}}
		if route == "/v1/messages" {
			r.Function, r.Request.Body = "anthropic_messages", slices.Concat(a.request().Body, tailer.Fields{{Name: "system", Value: json.RawMessage(`"be brief"`)}})
		}
		return r
	}
	stated := func(a asking, route, messages string, from, to int) tailer.Record {
		r := a.ended("", "yes", from, to)
		r.Kind, r.TraceID, r.Call.ModelID, r.Key = tailer.KindPayload, "another", "m-1", tailer.Key{Hash: "k-1", EndUser: a.user}
		r.Call.CallType, r.Call.ResponseID = "aresponses", "resp-1"
		if route == "/v1/messages" {
			r.Call.CallType = "anthropic_messages"
		}
		r.Request = tailer.Request{Method: "POST", Route: route}
		r.Hint = tailer.Fields{{Name: "messages", Value: json.RawMessage(messages)}}
		r.Raw = []byte("payload")
		return r
	}
	const own = `[{"role":"user","content":"same"}]`
	call := began(responses, id, "/v1/responses", 1)
	payload := stated(responses, "/v1/responses", own, 2, 40)
	once := []string{id + ` zoe@example.org "yes" 0 "DEFAULT" []`}
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string // nil: both come out
	}{
		{"of a text", []tailer.Record{call, payload}, once},
		{"stated twice", []tailer.Record{call, payload, payload}, once},
		{"stated before, where it might have been somebody's text", []tailer.Record{call, with(payload, func(r *tailer.Record) { r.Suspect = true }), payload}, once},
		{"of a list", []tailer.Record{with(call, func(r *tailer.Record) {
			r.Request.Body = tailer.Fields{{Name: "input", Value: json.RawMessage(own)}}
		}), payload}, once},
		{"with a system prompt", []tailer.Record{began(responses, id, "/v1/messages", 1), stated(responses, "/v1/messages", "["+system+","+own[1:], 2, 40)}, once},
		{"without it, as up to 1.77", []tailer.Record{began(responses, id, "/v1/messages", 1), stated(responses, "/v1/messages", own, 2, 40)}, once},
		{"in a text log", []tailer.Record{with(call, func(r *tailer.Record) { r.Coarse, r.Time = true, at(-900) }), payload}, once},
		{"under another key", []tailer.Record{call, with(payload, func(r *tailer.Record) { r.Key.Hash = "k-2" })}, nil},
		{"for another user", []tailer.Record{call, with(payload, func(r *tailer.Record) { r.Key.EndUser = "bob@example.org" })}, nil},
		{"of another deployment", []tailer.Record{call, with(payload, func(r *tailer.Record) { r.Call.ModelID = "m-2" })}, nil},
		{"of another question", []tailer.Record{call, stated(responses, "/v1/responses", `[{"role":"user","content":"other"}]`, 2, 40)}, nil},
		{"with another system prompt", []tailer.Record{began(responses, id, "/v1/messages", 1), stated(responses, "/v1/messages", `[{"role":"system","content":"be long"},`+own[1:], 2, 40)}, nil},
		{"of another time", []tailer.Record{call, with(payload, func(r *tailer.Record) { r.Call.Start = at(300) })}, nil},
		{"that may be somebody's text", []tailer.Record{call, with(payload, func(r *tailer.Record) { r.Suspect = true })}, []string{id + ` zoe@example.org "" 0 "" [end not in the log]`}},
		{"of one or another", []tailer.Record{call, began(responses, "66666666-2222-4333-8444-555555555555", "/v1/responses", 1), payload}, nil},
		{"while a request asks the same that is not known yet", joined([]tailer.Record{call},
			[]tailer.Record{{Kind: tailer.KindBody, Time: at(1), Request: tailer.Request{Body: call.Request.Body}}}, []tailer.Record{payload}), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := brief(run(pair.New(pair.Config{Settle: time.Hour}), test.records...))
			if test.want == nil {
				if len(got) < 2 || !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, id+` zoe@example.org ""`) }) {
					t.Errorf("got\n%s\nwant the answer apart", strings.Join(got, "\n"))
				}
				return
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
