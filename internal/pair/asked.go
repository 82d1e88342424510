package pair

import (
	"encoding/json"
	"slices"
	"strings"

	"tailer"
)

// disagrees reports whether the records name different models for one answer.
// Before 1.98 LiteLLM tells the client of a streamed answer by a fallback the
// name of the model that failed (1.84), or none (1.61 to 1.80); its payload
// names the one that answered.
func disagrees(x *tailer.Exchange, last *attempt) bool {
	return last.Outcome != tailer.OutcomeFailure && before198(last) && !last.agrees() &&
		last.ModelGroup != "" && last.ModelGroup != x.Request.Body.Text("model")
}

// unnamedFallback leaves out the model group if the attempts went to different models
// under one name.
// LiteLLM keeps the name of the group that was asked for when /v1/messages or
// /v1/responses fall back to another (router.py, _ageneric_api_call_with_fallbacks; seen
// in 1.77 to 1.93, no longer in 1.98). A group may as well have several models.
func (c *call) unnamedFallback(x *tailer.Exchange, last *attempt) {
	if x.ModelGroup == "" || last.Model == "" || x.CallType != "anthropic_messages" && x.CallType != "aresponses" {
		return
	}
	other := func(model, group string) bool {
		return model != "" && group == last.ModelGroup && !strings.HasSuffix(model, last.Model) && !strings.HasSuffix(last.Model, model)
	}
	if slices.ContainsFunc(c.attempts, func(a attempt) bool { return other(a.Model, a.ModelGroup) }) ||
		slices.ContainsFunc(c.tries, func(t try) bool { return other(t.model, t.group) }) {
		x.ModelGroup, x.Incomplete = "", append(x.Incomplete, "model group of a fallback not confirmed")
	}
}

// agrees reports whether the group that answered is also what the client was told.
func (a *attempt) agrees() bool { return a.Renamed && a.ResponseModel == a.ModelGroup }

// requestedModel puts the model that the client asked for into a body that was
// rebuilt from a payload, which names the group that answered. Only where no
// other group can have been asked first is that the same.
func (c *call) requestedModel(x *tailer.Exchange, last *attempt) {
	group := last.ModelGroup
	first := slices.IndexFunc(c.attempts, func(a attempt) bool { return a.Outcome == tailer.OutcomeFailure })
	switch {
	case first >= 0:
		group = c.attempts[first].ModelGroup
	case c.passage != nil && !c.passage.fellBack(), last.AsAsked && last.agrees():
	case last.FellBack, last.Failed < 0 && (last.OnlySuccess && len(x.Attempts) > 0 || slices.Contains(x.Incomplete, unsureAttempts)):
		return
	}
	if group != "" {
		name, _ := json.Marshal(group)
		x.Request.Body = append(tailer.Fields{{Name: "model", Value: name}}, x.Request.Body...)
	}
}

// namedModel takes the model that the client asked for from the error that it was
// told, where the log does not hold the body.
func (c *call) namedModel(x *tailer.Exchange) {
	if c.told == nil || x.Level != tailer.LevelError || x.Request.Body.Get("model") != nil {
		return
	}
	if model := modelIn(c.told.failure.Message); model != "" {
		name, _ := json.Marshal(model)
		x.Request.Body, x.Request.Rebuilt = append(tailer.Fields{{Name: "model", Value: name}}, x.Request.Body...), true
	}
}

// groupIn returns the model group that the router names in an error: up to 1.98
// as `Received Model Group=x`, later as `model group 'x' failed`.
func groupIn(message string) string {
	if _, rest, ok := strings.Cut(message, "Received Model Group="); ok {
		group, _, _ := strings.Cut(rest, "\n")
		return strings.TrimSpace(group)
	}
	if _, rest, ok := strings.Cut(message, "LiteLLM: model group '"); ok {
		group, _, _ := strings.Cut(rest, "' failed")
		return group
	}
	return ""
}

// modelIn returns the model that the client asked for, where the router or the
// proxy names it. Before it stand an upstream's words, so the last one counts.
func modelIn(message string) string {
	for _, mark := range []string{"Received Model Group=", "LiteLLM: model group '"} {
		if i := strings.LastIndex(message, mark); i >= 0 {
			return groupIn(message[i:])
		}
	}
	if _, rest, ok := strings.Cut(message, ": Invalid model name passed in model="); ok {
		if i := strings.LastIndex(rest, ". Call `/v1/models`"); i > 0 {
			return rest[:i]
		}
	}
	return ""
}

// unknownModel returns the model that the proxy did not know, where the error is its own:
// it stands before all that a provider could have said.
func unknownModel(message string) string {
	if function, _, ok := strings.Cut(message, ": Invalid model name passed in model="); ok && strings.HasPrefix(function, "400: {'error': '") && len(function) < 80 {
		return modelIn(message)
	}
	return ""
}

// unsureSystem is the reason given where a body was rebuilt from a payload without
// a system prompt, which may have been sent.
const unsureSystem = "a system prompt may be missing"

// lacksSystem reports whether a body that was rebuilt from a payload may lack a
// system prompt. Of /v1/messages LiteLLM puts one that is text before the messages,
// and leaves out one that is a list (litellm_logging.py, 1.84 to 1.109), as Claude
// Code sends; of /v1/responses it leaves out the instructions up to 1.80.
func lacksSystem(x *tailer.Exchange, last *attempt) bool {
	body := x.Request.Body
	switch {
	case !x.Request.Rebuilt:
	case x.CallType == "anthropic_messages":
		return body.Get("messages") != nil && body.Get("system") == nil
	case x.CallType == "aresponses":
		return body.Get("input") != nil && body.Get("instructions") == nil && !last.SinceCall
	}
	return false
}
