package otlp

import (
	"encoding/json"
	"math"
	"strconv"

	"tailer"
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
	Cached        count `json:"cached_tokens"`
	CacheCreation count `json:"cache_creation_tokens"` // LiteLLM, for Anthropic
	CacheWrite    count `json:"cache_write_tokens"`    // LiteLLM 1.109, the same
	Audio         count `json:"audio_tokens"`
	Reasoning     count `json:"reasoning_tokens"`
}

// loggedUsage is a usage object in any of the three vocabularies: OpenAI's chat,
// OpenAI's responses, Anthropic's messages.
type loggedUsage struct {
	Prompt            count        `json:"prompt_tokens"`
	Completion        count        `json:"completion_tokens"`
	PromptDetails     tokenDetails `json:"prompt_tokens_details"`
	CompletionDetails tokenDetails `json:"completion_tokens_details"`
	Input             count        `json:"input_tokens"`
	Output            count        `json:"output_tokens"`
	InputDetails      tokenDetails `json:"input_tokens_details"`
	OutputDetails     tokenDetails `json:"output_tokens_details"`
	CacheRead         count        `json:"cache_read_input_tokens"`
	CacheCreation     count        `json:"cache_creation_input_tokens"`
}

// readUsage returns the usage that the log states, false when it states none.
func readUsage(x *tailer.Exchange) (usage, bool) {
	if tokens, ok := parseUsage(x.Usage); ok {
		return tokens, true
	}
	var response struct {
		Usage json.RawMessage `json:"usage"`
	}
	if len(x.Response) == 0 || x.Response[0] != '{' || json.Unmarshal(x.Response, &response) != nil {
		return usage{}, false
	}
	return parseUsage(response.Usage)
}

func parseUsage(raw json.RawMessage) (usage, bool) {
	var logged loggedUsage
	if len(raw) == 0 || json.Unmarshal(raw, &logged) != nil {
		return usage{}, false
	}
	in, out := logged.Prompt, logged.Completion
	inParts, outParts := logged.PromptDetails, logged.CompletionDetails
	// Anthropic counts what came from and went to its cache beside input_tokens;
	// LiteLLM and OpenAI count it in prompt_tokens and, in the responses API, in
	// an input_tokens that has details.
	inclusive := true
	if !in.stated && logged.Input.stated {
		in, inParts = logged.Input, logged.InputDetails
		inclusive = inParts.Cached.stated
	}
	if !out.stated {
		out, outParts = logged.Output, logged.OutputDetails
	}
	if !in.stated && !out.stated {
		return usage{}, false
	}
	u := usage{
		hasInput: in.stated, hasOutput: out.stated,
		cached:    max(inParts.Cached.n, logged.CacheRead.n),
		created:   max(logged.CacheCreation.n, inParts.CacheCreation.n, inParts.CacheWrite.n),
		audioIn:   inParts.Audio.n,
		reasoning: outParts.Reasoning.n,
		audioOut:  outParts.Audio.n,
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

// UnmarshalJSON never fails.
func (c *count) UnmarshalJSON(raw []byte) error {
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.IsNaN(f) {
		return nil // not a number is absent, see count
	}
	c.n, c.stated = int64(min(max(f, 0), maxCount)), true
	return nil
}

// UnmarshalJSON takes anything but an object for absent details.
func (d *tokenDetails) UnmarshalJSON(raw []byte) error {
	type plain tokenDetails
	var p plain
	if len(raw) == 0 || raw[0] != '{' {
		return nil
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return err
	}
	*d = tokenDetails(p)
	return nil
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
