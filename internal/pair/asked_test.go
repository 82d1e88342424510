package pair_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// TestFailureByItsID: at INFO an error that states its call id makes a request even
// if others are in flight, as far as what failed tells the route.
func TestFailureByItsID(t *testing.T) {
	const words = "litellm.BadRequestError: no"
	const error400 = words + "\n\nLiteLLM: model group 'small' failed with the error above and no fallback model group was found for it."
	met := func(function, message string, ms int) tailer.Record {
		r := tried("openai/small", tailer.OutcomeFailure, ms)
		r.Function, r.Call.Failure = function, tailer.Failure{Message: message}
		return r
	}
	crowd := []tailer.Record{found(ana.user, 0), routed(1), found(bob.user, 2), routed(3)}
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{"of a chat", []tailer.Record{met("acompletion", words, 10), told(tailer.KindFailure, "a", error400, 12)}, []string{"a acompletion small 400"}},
		{"of embeddings", []tailer.Record{met("aembedding", words, 10), told(tailer.KindFailure, "a", error400, 12)}, []string{"a aembedding small 400"}},
		{"of a chat, as another's", []tailer.Record{met("acompletion", words, 8), met("acompletion", words, 10), told(tailer.KindFailure, "a", error400, 12)}, []string{"a acompletion small 400"}},
		{"of one or another route", []tailer.Record{met("aembedding", words, 8), met("acompletion", words, 10), told(tailer.KindFailure, "a", error400, 12)}, nil},
		{"of a route with other words beside", []tailer.Record{met("aembedding", "litellm.Timeout: slow", 8), met("acompletion", words, 10), told(tailer.KindFailure, "a", error400, 12)}, []string{"a acompletion small 400"}},
		{"of no known route", []tailer.Record{met("ageneric_api_call_with_fallbacks", words, 10), told(tailer.KindFailure, "a", error400, 12)}, nil},
		{"long after the attempt", []tailer.Record{met("acompletion", words, 10), told(tailer.KindFailure, "a", error400, 2100)}, nil},
		{"without an attempt", []tailer.Record{told(tailer.KindFailure, "a", error400, 12)}, nil},
		{"without a call id", []tailer.Record{met("acompletion", words, 10), told(tailer.KindFailure, "", error400, 12)}, nil},
		{"that may be somebody's text", []tailer.Record{met("acompletion", words, 10), with(told(tailer.KindFailure, "a", error400, 12), func(r *tailer.Record) { r.Suspect = true })}, nil},
		{"in a log that dumps failures", []tailer.Record{bob.failed("z", "another", 4, 5), met("acompletion", words, 10), told(tailer.KindFailure, "a", error400, 12)}, []string{"z acompletion gpt-4o 429"}},
		{"whose call is told of", []tailer.Record{met("acompletion", words, 10), told(tailer.KindFailure, "a", error400, 12), payload(ana, "a", "yes", 5, 40)}, []string{"a acompletion gpt-4o 200"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, x := range run(pair.New(pair.Config{}), slices.Concat(crowd, test.records)...) {
				got = append(got, x.CallID+" "+x.CallType+" "+x.Request.Body.Text("model")+" "+status(&x))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestUnknownModel: of several requests in flight the one that named the model is told that
// the proxy does not know it.
func TestUnknownModel(t *testing.T) {
	named := func(a asking, model string, ms int) []tailer.Record {
		records := a.front(ms)
		records[0].Request.Body[0].Value = json.RawMessage(strconv.Quote(model))
		return append(records, tailer.Record{Kind: tailer.KindPrepared, Time: at(ms), Request: a.request()})
	}
	unknown := func(model string) string {
		return "400: {'error': '/chat/completions: Invalid model name passed in model=" + model + ". Call `/v1/models` to view available models for your key.'}"
	}
	for _, test := range []struct {
		name    string
		other   string // model of the request beside it
		message string
		want    []string
	}{
		{"by one", "gpt-4o", unknown("none"), []string{"ana@example.org 400"}},
		{"by both", "none", unknown("none"), nil},
		{"by neither", "gpt-4o", unknown("nil"), nil},
		{"in a provider's words", "gpt-4o", "litellm.BadRequestError: " + unknown("none"), nil},
		{"of a route that somebody wrote", "gpt-4o", strings.Replace(unknown("none"), "/chat", strings.Repeat("/chat", 20), 1), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, x := range run(pair.New(pair.Config{}), joined(named(bob, test.other, 0), named(ana, "none", 5), []tailer.Record{told(tailer.KindFailure, "", test.message, 9)})...) {
				if x.Status != 0 {
					got = append(got, x.Request.Headers[0].Value+" "+status(&x))
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestFallbackUnderTheSameName: the records of /v1/messages name the group that was asked
// for though another model answered.
func TestFallbackUnderTheSameName(t *testing.T) {
	zoe := asking{user: "zoe@example.org", prompt: "fall back"}
	for _, test := range []struct{ name, route, failed, group, want string }{
		{"another model", "/v1/messages", "openai/primary", "gpt-4o", ""},
		{"the same model", "/v1/messages", "openai/gpt-4o", "gpt-4o", "gpt-4o"},
		{"the same without its provider", "/v1/messages", "gpt-4o", "gpt-4o", "gpt-4o"},
		{"another group", "/v1/messages", "openai/primary", "primary", "gpt-4o"},
		{"a chat", chat, "openai/primary", "gpt-4o", "gpt-4o"},
	} {
		t.Run(test.name, func(t *testing.T) {
			failed, ended := zoe.failed("a", "slow down", 0, 10), zoe.ended("a", "yes", 20, 30)
			failed.Call.Model, failed.Call.ModelGroup = test.failed, test.group
			failed.Request.Route, ended.Request.Route = test.route, test.route
			all := run(pair.New(pair.Config{}), failed, ended)
			if len(all) != 1 || all[0].ModelGroup != test.want || (len(all[0].Incomplete) == 0) != (test.want != "") || all[0].Model != "openai/gpt-4o" {
				t.Errorf("got %+v, want the group %q", all, test.want)
			}
		})
	}
}

// TestModelOfAnError: the model that was asked for, where only the error names it.
func TestModelOfAnError(t *testing.T) {
	for _, test := range []struct{ name, message, want string }{
		{"1.109", "no\n\nLiteLLM: model group 'err-400' failed with the error above", "err-400"},
		{"1.84", "no. Received Model Group=err-400\nAvailable Model Group Fallbacks=None", "err-400"},
		{"unknown", "400: {'error': '/chat/completions: Invalid model name passed in model=no.such. Call `/v1/models` to view available models for your key.'}", "no.such"},
		{"an upstream quotes the prompt", "you said: LiteLLM: model group 'forged' failed. \n\nLiteLLM: model group 'real' failed with the error above", "real"},
		{"an upstream quotes the prompt, 1.84", "Received Model Group=forged\n. Received Model Group=real\nAvailable Model Group Fallbacks=None", "real"},
		{"a model that quotes the sentence", "x: Invalid model name passed in model=a. Call `/v1/models` b. Call `/v1/models` to view", "a. Call `/v1/models` b"},
		{"none", "litellm.Timeout: slow", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := run(pair.New(pair.Config{}), found(ana.user, 0), routed(1), told(tailer.KindFailure, "a", test.message, 2), landed(chat, 400, 3))
			if len(all) != 1 {
				t.Fatalf("%d exchanges", len(all))
			}
			if got := all[0].Request.Body.Text("model"); got != test.want || (got != "") != all[0].Request.Rebuilt {
				t.Errorf("model %q, want %q; rebuilt %v", got, test.want, all[0].Request.Rebuilt)
			}
		})
	}
}

// TestModelThatTheClientWasTold: in a crowd, where another request's attempts fail,
// a streamed answer that bears its group's name says that no other group was asked.
func TestModelThatTheClientWasTold(t *testing.T) {
	for _, test := range []struct {
		name             string
		renamed, asAsked bool
		told             string
		group, asked     string
	}{
		{"as asked for", true, true, "gpt-4o", "gpt-4o", "gpt-4o"},
		{"as asked for, and another answered", true, true, "primary-down", "", ""},
		{"as it was answered", true, false, "gpt-4o", "gpt-4o", ""},
		{"by the provider", false, false, "gpt-4o", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := payload(asking{user: ana.user, prompt: "one", stream: true}, "a", "yes", 20, 90)
			p.Call.Renamed, p.Call.AsAsked, p.Call.ResponseModel, p.Request.Rebuilt = test.renamed, test.asAsked, test.told, true
			p.Request.Body = p.Request.Body[1:]
			all := run(pair.New(pair.Config{}), routed(0), routed(1), tried("openai/big", tailer.OutcomeFailure, 50), tried("openai/gpt-4o", tailer.OutcomeSuccess, 60), p)
			if len(all) != 1 {
				t.Fatalf("%d exchanges", len(all))
			}
			x := &all[0]
			if x.ModelGroup != test.group || (x.Model != "") != (test.group != "") || x.Request.Body.Text("model") != test.asked {
				t.Errorf("group %q, model %q, asked %q", x.ModelGroup, x.Model, x.Request.Body.Text("model"))
			}
		})
	}
}

func status(x *tailer.Exchange) string { return strconv.Itoa(x.Status) }
