package otlp

import (
	"encoding/json"
	"math"
	"strconv"

	"tailer"
	"tailer/internal/rawjson"
)

// usage are the tokens of one request in kinds that do not overlap. None is
// negative.
type usage struct {
	input, cached, created, audioIn int64
	output, reasoning, audioOut     int64
	hasInput, hasOutput             bool // the log states them, 0 included
}

// tokenDetails are the parts that OpenAI's usage states of its totals.
type tokenDetails struct {
	cached        count // cached_tokens
	cacheCreation count // cache_creation_tokens (LiteLLM, for Anthropic), cache_write_tokens (1.109)
	audio         count // audio_tokens
	reasoning     count // reasoning_tokens
}

func readDetails(raw json.RawMessage) (d tokenDetails) {
	for name, value := range rawjson.Members(raw) {
		switch n := countOf(value); name {
		case "cached_tokens":
			d.cached = n
		case "cache_creation_tokens", "cache_write_tokens":
			d.cacheCreation = d.cacheCreation.larger(n)
		case "audio_tokens":
			d.audio = n
		case "reasoning_tokens":
			d.reasoning = n
		}
	}
	return d
}

// loggedUsage is a usage object in any of the three vocabularies: OpenAI's chat,
// OpenAI's responses, Anthropic's messages.
type loggedUsage struct {
	prompt, completion               count // prompt_tokens, completion_tokens
	promptDetails, completionDetails tokenDetails
	input, output                    count // input_tokens, output_tokens
	inputDetails, outputDetails      tokenDetails
	cacheRead, cacheCreation         count // cache_read_input_tokens, cache_creation_input_tokens
}

func readLoggedUsage(raw json.RawMessage) (u loggedUsage) {
	for name, value := range rawjson.Members(raw) {
		switch name {
		case "prompt_tokens":
			u.prompt = countOf(value)
		case "completion_tokens":
			u.completion = countOf(value)
		case "prompt_tokens_details":
			u.promptDetails = readDetails(value)
		case "completion_tokens_details":
			u.completionDetails = readDetails(value)
		case "input_tokens":
			u.input = countOf(value)
		case "output_tokens":
			u.output = countOf(value)
		case "input_tokens_details":
			u.inputDetails = readDetails(value)
		case "output_tokens_details":
			u.outputDetails = readDetails(value)
		case "cache_read_input_tokens":
			u.cacheRead = countOf(value)
		case "cache_creation_input_tokens":
			u.cacheCreation = countOf(value)
		}
	}
	return u
}

// readUsage returns the usage that the log states, false when it states none.
func readUsage(x *tailer.Exchange) (usage, bool) {
	if tokens, ok := parseUsage(x.Usage); ok {
		return tokens, true
	}
	return parseUsage(rawjson.Member(x.Response, "usage"))
}

func parseUsage(raw json.RawMessage) (usage, bool) {
	logged := readLoggedUsage(raw)
	in, out := logged.prompt, logged.completion
	inParts, outParts := logged.promptDetails, logged.completionDetails
	// Anthropic counts what came from and went to its cache beside input_tokens;
	// LiteLLM and OpenAI count it in prompt_tokens and, in the responses API, in
	// an input_tokens that has details.
	inclusive := true
	if !in.stated && logged.input.stated {
		in, inParts = logged.input, logged.inputDetails
		inclusive = inParts.cached.stated
	}
	if !out.stated {
		out, outParts = logged.output, logged.outputDetails
	}
	if !in.stated && !out.stated {
		return usage{}, false
	}
	u := usage{
		hasInput: in.stated, hasOutput: out.stated,
		cached:    max(inParts.cached.n, logged.cacheRead.n),
		created:   max(logged.cacheCreation.n, inParts.cacheCreation.n),
		audioIn:   inParts.audio.n,
		reasoning: outParts.reasoning.n,
		audioOut:  outParts.audio.n,
	}
	u.input = in.n - u.audioIn
	if inclusive {
		u.input -= u.cached + u.created
	}
	u.input = max(u.input, 0)
	u.output = max(out.n-u.reasoning-u.audioOut, 0)
	return u, true
}

func (u usage) allInput() int64  { return u.input + u.cached + u.created + u.audioIn }
func (u usage) allOutput() int64 { return u.output + u.reasoning + u.audioOut }

// details is Langfuse's usage_details: only keys that it has prices for.
func (u usage) details() string {
	out := []byte{'{'}
	add := func(key string, n int64, stated bool) {
		if !stated && n == 0 {
			return
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, '"')
		out = append(out, key...)
		out = append(out, '"', ':')
		out = strconv.AppendInt(out, n, 10)
	}
	add("input", u.input, u.hasInput)
	add("input_cached_tokens", u.cached, false)
	add("input_cache_creation", u.created, false)
	add("input_audio_tokens", u.audioIn, false)
	add("output", u.output, u.hasOutput)
	add("output_reasoning_tokens", u.reasoning, false)
	add("output_audio_tokens", u.audioOut, false)
	add("total", u.allInput()+u.allOutput(), true)
	return string(append(out, '}'))
}

// count is a number of tokens that may be absent. Anything but a number is taken
// for absent, so that one odd member does not hide the others.
type count struct {
	n      int64 // 0 to maxCount
	stated bool
}

// maxCount keeps sums of counts far from overflow.
const maxCount = 1 << 50

// countOf reads a number; anything else is absent.
func countOf(raw json.RawMessage) (c count) {
	if len(raw) == 0 || raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		return c
	}
	if n, err := strconv.ParseFloat(string(raw), 64); err == nil {
		c.n, c.stated = int64(min(max(n, 0), maxCount)), true
	}
	return c
}

func (c count) larger(other count) count {
	if other.stated && other.n >= c.n {
		return other
	}
	return c
}

// costDetails is Langfuse's cost_details in USD, and whether there is a price.
// LiteLLM logs 0 for a model whose price it does not know, which Langfuse would
// keep as the price; only an answer from the cache did cost nothing.
func costDetails(x *tailer.Exchange) (string, bool) {
	if !amount(x.CostTotal) || (*x.CostTotal == 0 && !x.CacheHit) {
		return "", false
	}
	cost := struct {
		Input  *float64 `json:"input,omitempty"`
		Output *float64 `json:"output,omitempty"`
		Total  *float64 `json:"total"`
	}{Total: x.CostTotal}
	if amount(x.CostInput) {
		cost.Input = x.CostInput
	}
	if amount(x.CostOutput) {
		cost.Output = x.CostOutput
	}
	return marshal(cost), true
}

// amount tells whether v is a sum of money.
func amount(v *float64) bool {
	return v != nil && *v >= 0 && !math.IsInf(*v, 0)
}
