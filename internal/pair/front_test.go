package pair_test

import (
	"encoding/json"
	"slices"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestHeadersOfAnother: a body whose own headers are lost is not the next request's
// whose headers alone are in the log.
func TestHeadersOfAnother(t *testing.T) {
	lost := ana.front(0)[:1]
	headers := func(ms int, contentType string) tailer.Record {
		return tailer.Record{Kind: tailer.KindHeaders, Time: at(ms), Request: tailer.Request{Headers: []tailer.Header{
			{Name: "content-type", Value: contentType}, {Name: "x-openwebui-user-email", Value: bob.user}}}}
	}
	began := func(function, member string, ms int) tailer.Record {
		return tailer.Record{Kind: tailer.KindArguments, Time: at(ms), CallID: "b", Function: function, Hint: tailer.Fields{
			{Name: member, Value: json.RawMessage(`"what bob asked"`)}, {Name: "user", Value: json.RawMessage(`"` + bob.user + `"`)}}}
	}
	for _, test := range []struct {
		name    string
		records []tailer.Record
	}{
		{"a form", []tailer.Record{headers(1, "multipart/form-data; boundary=x"), began("atranscription", "file", 3)}},
		{"long after", []tailer.Record{headers(900, "application/json"), began("arerank", "query", 902)}},
		{"of other content", []tailer.Record{headers(1, "application/json"), began("arerank", "query", 3)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := run(pair.New(pair.Config{}), slices.Concat(lost, test.records, []tailer.Record{landed("/v1/rerank", 200, 950)})...)
			if len(all) != 1 || all[0].CallID != "b" || user(&all[0]) != bob.user || all[0].Request.Body.Get("messages") != nil {
				t.Errorf("got %+v", all)
			}
		})
	}
}

// TestPreparedOfAnother: data that LiteLLM prepared for a request whose headers are lost is
// not that of the request before it.
func TestPreparedOfAnother(t *testing.T) {
	prepared := tailer.Record{Kind: tailer.KindPrepared, Time: at(1), Request: asking{user: bob.user, prompt: "bob's"}.request()}
	all := run(pair.New(pair.Config{}), ana.front(0)[1], prepared, ana.ended("a", "yes", 5, 50))
	if len(all) != 1 || user(&all[0]) != ana.user || !all[0].Start.Equal(at(0)) {
		t.Errorf("got %v, start %v", brief(all), all[0].Start)
	}
}
