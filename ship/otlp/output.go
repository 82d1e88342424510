package otlp

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"tailer"
)

// answer is what came back, in the shape of the span contract.
type answer struct {
	output       string // JSON; "" when nothing was answered
	finishReason string
}

// response is any answer of LiteLLM (1.61 to 1.109), as its standard logging
// payload holds it. Which members are there tells which kind it is: LiteLLM logs
// /v1/messages as a chat completion in some versions and as it was in others.
type response struct {
	Choices json.RawMessage `json:"choices"` // chat and text completions
	Content json.RawMessage `json:"content"` // Anthropic's messages
	Output  json.RawMessage `json:"output"`  // responses
	Data    json.RawMessage `json:"data"`    // embeddings, images
	Results json.RawMessage `json:"results"` // rerank, moderations
	Text    *string         `json:"text"`    // transcriptions

	StopReason string `json:"stop_reason"`
	Status     string `json:"status"`
	Incomplete *struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
}

// readAnswer returns the output of x. It never fails: an answer of unknown shape
// is kept as it is.
func readAnswer(x *tailer.Exchange) answer {
	raw := bytes.TrimSpace(x.Response)
	if len(raw) == 0 {
		return answer{}
	}
	var text string
	if raw[0] == '"' && json.Unmarshal(raw, &text) == nil && text != "" {
		return answer{output: marshal(textOnly(x.CallType, text))}
	}
	if raw[0] != '{' {
		return answer{output: kept(raw)}
	}
	var r response
	if json.Unmarshal(raw, &r) != nil {
		// A member of another type than ours: read the members that are right.
		r = lenient(raw)
	}
	switch {
	case isArray(r.Choices):
		return choicesAnswer(r.Choices)
	case isArray(r.Output):
		return answer{output: marshalMessages(responsesMessage(r.Output)), finishReason: responsesReason(&r)}
	case isArray(r.Content):
		return answer{output: marshalMessages(anthropicMessage(r.Content)), finishReason: r.StopReason}
	case isArray(r.Data):
		return answer{output: dataOutput(r.Data)}
	case isArray(r.Results):
		return answer{output: resultsOutput(r.Results)}
	case r.Text != nil && *r.Text != "":
		return answer{output: marshal(textOnly("", *r.Text))}
	default:
		return answer{output: unknown(raw)}
	}
}

// textOnly is an answer of which only the text is known.
func textOnly(callType, text string) any {
	if operation(callType) == "chat" {
		return message{Role: "assistant", Content: json.RawMessage(marshal(text))}
	}
	return struct {
		Content string `json:"content"`
	}{text}
}

// lenient reads each member by itself and leaves out those of a wrong type.
func lenient(raw json.RawMessage) (r response) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return response{}
	}
	r.Choices, r.Content, r.Output = members["choices"], members["content"], members["output"]
	r.Data, r.Results = members["data"], members["results"]
	if text := asText(members["text"]); text != "" {
		r.Text = &text
	}
	r.StopReason, r.Status = asText(members["stop_reason"]), asText(members["status"])
	return r
}

// unknown keeps an object of no known shape, unless it only says that there was
// an error, which the status message tells.
func unknown(raw json.RawMessage) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || len(members) == 0 || len(members["error"]) > len("null") {
		return ""
	}
	for _, value := range members {
		if text := string(value); text != "null" && text != "[]" && text != "{}" {
			return kept(raw)
		}
	}
	return ""
}

func kept(raw json.RawMessage) string {
	text := compact(raw)
	if text == "null" || text == "[]" || text == "{}" || text == `""` {
		return ""
	}
	return text
}

// choicesAnswer reads the choices of a chat (message) or of a text completion
// (text), in order of their index.
func choicesAnswer(raw json.RawMessage) answer {
	choices := list[map[string]json.RawMessage](raw)
	slices.SortStableFunc(choices, func(a, b map[string]json.RawMessage) int {
		return cmp.Compare(index(a), index(b))
	})
	var outputs []any
	var reasons []string
	for _, c := range choices {
		if reason := asText(c["finish_reason"]); reason != "" && !slices.Contains(reasons, reason) {
			reasons = append(reasons, reason)
		}
		switch m := chatMessage(c["message"]); {
		case !m.empty():
			outputs = append(outputs, m)
		case isText(c["text"]):
			outputs = append(outputs, textOnly("", asText(c["text"])))
		}
	}
	return answer{output: oneOrAll(outputs), finishReason: strings.Join(reasons, ",")}
}

// index is the place of a choice, 0 when it is not stated.
func index(choice map[string]json.RawMessage) int64 {
	var n count
	_ = n.UnmarshalJSON(choice["index"]) // never fails
	return n.n
}

// oneOrAll is the JSON of the only output, or of all as an array.
func oneOrAll(outputs []any) string {
	switch len(outputs) {
	case 0:
		return ""
	case 1:
		return marshal(outputs[0])
	default:
		return marshal(outputs)
	}
}

// image is one made image. Bytes never leave: only the marker that redaction
// put in their place.
type image struct {
	URL           string `json:"url,omitempty"`
	B64JSON       string `json:"b64_json,omitempty"`
	RevisedPrompt string `json:"revised_prompt,omitempty"`
}

// dataOutput is the output of embeddings, of which the numbers are of no use to
// a reader, or of images.
func dataOutput(raw json.RawMessage) string {
	var entries []json.RawMessage
	if json.Unmarshal(raw, &entries) != nil || len(entries) == 0 {
		return ""
	}
	var first struct {
		Embedding json.RawMessage `json:"embedding"`
	}
	if json.Unmarshal(entries[0], &first) == nil && len(first.Embedding) > 0 {
		return marshal(struct {
			Embeddings int `json:"embeddings"`
			Dimensions int `json:"dimensions,omitempty"`
		}{len(entries), dimensions(first.Embedding)})
	}
	var images []image
	for _, entry := range entries {
		var i image
		if json.Unmarshal(entry, &i) != nil {
			continue
		}
		if !strings.HasPrefix(i.B64JSON, "[") {
			i.B64JSON = ""
		}
		if i != (image{}) {
			images = append(images, i)
		}
	}
	if images == nil {
		return ""
	}
	return marshal(struct {
		Images []image `json:"images"`
	}{images})
}

// dimensions counts the numbers of an embedding: a JSON array, or the base64 of
// 32-bit floats. It is 0 when that cannot be told.
func dimensions(embedding json.RawMessage) int {
	if isArray(embedding) {
		return len(list[json.RawMessage](embedding))
	}
	const float32Bytes = 4
	packed, err := base64.StdEncoding.DecodeString(asText(embedding))
	if err != nil {
		return 0
	}
	return len(packed) / float32Bytes
}

// resultsOutput is the output of rerank, or of moderations as it is.
func resultsOutput(raw json.RawMessage) string {
	type result struct {
		Index json.RawMessage `json:"index,omitempty"`
		Score json.RawMessage `json:"relevance_score,omitempty"`
	}
	results := list[result](raw)
	if len(results) == 0 {
		return ""
	}
	for _, r := range results {
		if len(r.Score) == 0 {
			return `{"results":` + compact(raw) + `}`
		}
	}
	return marshal(struct {
		Results []result `json:"results"`
	}{results})
}

// list reads an array and leaves out the elements that are not a T.
func list[T any](raw json.RawMessage) []T {
	var elements []json.RawMessage
	if json.Unmarshal(raw, &elements) != nil {
		return nil
	}
	out := make([]T, 0, len(elements))
	for _, element := range elements {
		var t T
		if json.Unmarshal(element, &t) == nil {
			out = append(out, t)
		}
	}
	return out
}

func isArray(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '['
}

// asText is the value of a JSON string, "" for anything else.
func asText(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' {
		return ""
	}
	if end := 1 + plainEnd(raw[1:]); end == len(raw)-1 && raw[end] == '"' {
		return string(raw[1:end])
	}
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
