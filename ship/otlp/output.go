package otlp

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"tailer"
	"tailer/internal/rawjson"
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
	choices json.RawMessage // chat and text completions
	content json.RawMessage // Anthropic's messages
	output  json.RawMessage // responses
	data    json.RawMessage // embeddings, images
	results json.RawMessage // rerank, moderations
	text    string          // transcriptions

	stopReason, status, incomplete string
}

// readResponse reads each member by itself: one of another type than ours takes
// nothing else with it.
func readResponse(raw json.RawMessage) (r response) {
	for name, value := range rawjson.Members(raw) {
		switch name {
		case "choices":
			r.choices = value
		case "content":
			r.content = value
		case "output":
			r.output = value
		case "data":
			r.data = value
		case "results":
			r.results = value
		case "text":
			r.text = rawjson.Text(value)
		case "stop_reason":
			r.stopReason = rawjson.Text(value)
		case "status":
			r.status = rawjson.Text(value)
		case "incomplete_details":
			r.incomplete = rawjson.Text(rawjson.Member(value, "reason"))
		}
	}
	return r
}

// readAnswer returns the output of x. It never fails: an answer of unknown shape
// is kept as it is.
func readAnswer(x *tailer.Exchange) answer {
	raw := bytes.TrimSpace(x.Response)
	if len(raw) == 0 {
		return answer{}
	}
	if text := rawjson.Text(raw); text != "" {
		return answer{output: marshal(textOnly(x.CallType, text))}
	}
	if raw[0] != '{' {
		return answer{output: kept(raw)}
	}
	switch r := readResponse(raw); {
	case isArray(r.choices):
		return choicesAnswer(r.choices)
	case isArray(r.output):
		return answer{output: marshalMessages(responsesMessage(r.output)), finishReason: cmp.Or(r.incomplete, r.status)}
	case isArray(r.content):
		return answer{output: marshalMessages(anthropicMessage(r.content)), finishReason: r.stopReason}
	case isArray(r.data):
		return answer{output: dataOutput(r.data)}
	case isArray(r.results):
		return answer{output: resultsOutput(r.results)}
	case r.text != "":
		return answer{output: marshal(textOnly("", r.text))}
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

// unknown keeps an object of no known shape, unless it only says that there was
// an error, which the status message tells.
func unknown(raw json.RawMessage) string {
	telling := false
	for name, value := range rawjson.Members(raw) {
		text := string(value)
		if name == "error" && len(text) > len("null") {
			return ""
		}
		telling = telling || text != "null" && text != "[]" && text != "{}"
	}
	if !telling {
		return ""
	}
	return kept(raw)
}

func kept(raw json.RawMessage) string {
	text := compact(raw)
	if text == "null" || text == "[]" || text == "{}" || text == `""` {
		return ""
	}
	return text
}

// choice is one of the answers to a request that may have asked for several.
type choice struct {
	index         int64 // 0 when it is not stated
	reason        string
	message, text json.RawMessage
}

// choicesAnswer reads the choices of a chat (message) or of a text completion
// (text), in order of their index.
func choicesAnswer(raw json.RawMessage) answer {
	var choices []choice
	for element := range rawjson.Elements(raw) {
		var c choice
		for name, value := range rawjson.Members(element) {
			switch name {
			case "index":
				c.index = countOf(value).n
			case "finish_reason":
				c.reason = rawjson.Text(value)
			case "message":
				c.message = value
			case "text":
				c.text = value
			}
		}
		choices = append(choices, c)
	}
	slices.SortStableFunc(choices, func(a, b choice) int { return cmp.Compare(a.index, b.index) })
	var outputs []any
	var reasons []string
	for _, c := range choices {
		if c.reason != "" && !slices.Contains(reasons, c.reason) {
			reasons = append(reasons, c.reason)
		}
		switch m := chatMessage(c.message); {
		case !m.empty():
			outputs = append(outputs, m)
		case isText(c.text):
			outputs = append(outputs, textOnly("", rawjson.Text(c.text)))
		}
	}
	return answer{output: oneOrAll(outputs), finishReason: strings.Join(reasons, ",")}
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
	n := 0
	var embedding json.RawMessage
	var images []image
	for entry := range rawjson.Elements(raw) {
		if n++; n == 1 {
			embedding = rawjson.Member(entry, "embedding")
		}
		if embedding != nil {
			continue
		}
		i := image{
			URL: rawjson.Text(rawjson.Member(entry, "url")), B64JSON: rawjson.Text(rawjson.Member(entry, "b64_json")),
			RevisedPrompt: rawjson.Text(rawjson.Member(entry, "revised_prompt")),
		}
		if !strings.HasPrefix(i.B64JSON, "[") {
			i.B64JSON = ""
		}
		if i != (image{}) {
			images = append(images, i)
		}
	}
	switch {
	case embedding != nil:
		return marshal(struct {
			Embeddings int `json:"embeddings"`
			Dimensions int `json:"dimensions,omitempty"`
		}{n, dimensions(embedding)})
	case images == nil:
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
		n := 0
		for range rawjson.Elements(embedding) {
			n++
		}
		return n
	}
	const float32Bytes = 4
	packed, err := base64.StdEncoding.DecodeString(rawjson.Text(embedding))
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
	var results []result
	for element := range rawjson.Elements(raw) {
		r := result{Index: rawjson.Member(element, "index"), Score: rawjson.Member(element, "relevance_score")}
		if len(r.Score) == 0 {
			return marshal(map[string]json.RawMessage{"results": raw})
		}
		results = append(results, r)
	}
	if results == nil {
		return ""
	}
	return marshal(struct {
		Results []result `json:"results"`
	}{results})
}

func isArray(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) > 0 && raw[0] == '['
}
