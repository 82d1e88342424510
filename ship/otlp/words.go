package otlp

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tailer/internal/rawjson"
)

// QuestionText returns the words of an input attribute that the client said last:
// its last message, or its prompt, input or query. "" if there are none.
func QuestionText(input string) string {
	var body struct {
		Messages json.RawMessage `json:"messages"`
		Input    json.RawMessage `json:"input"`
		Prompt   json.RawMessage `json:"prompt"`
		Query    json.RawMessage `json:"query"`
	}
	if input == "" || json.Unmarshal([]byte(input), &body) != nil {
		return ""
	}
	for _, raw := range []json.RawMessage{body.Messages, body.Input} {
		messages := list[Message](raw)
		for i := len(messages) - 1; i >= 0; i-- {
			if messages[i].Role == "user" || messages[i].Role == "" {
				return messages[i].Text()
			}
		}
	}
	for _, raw := range []json.RawMessage{body.Prompt, body.Input, body.Query} {
		if text := contentText(raw); text != "" {
			return text
		}
	}
	return ""
}

// Message is one message of an input or an output, in OpenAI's or Anthropic's
// shape.
type Message struct {
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content"` // a string, or parts
	Reasoning string          `json:"reasoning_content"`
	Refusal   string          `json:"refusal"`
	ToolCalls json.RawMessage `json:"tool_calls"`
}

// Text returns what the message says in words, without media and calls of tools.
func (m Message) Text() string {
	if text := contentText(m.Content); text != "" {
		return text
	}
	return m.Refusal
}

// contentText returns a JSON string, or the texts of an array of strings or of
// parts that have one, each on a line of its own.
func contentText(raw json.RawMessage) string { return nestedText(raw, 2) }

// nestedText is contentText down to a depth: the result of a tool is a content
// inside a content, and nothing honest goes deeper.
func nestedText(raw json.RawMessage, depth int) string {
	if text := rawjson.Text(raw); text != "" || len(raw) == 0 || raw[0] != '[' || depth == 0 {
		return text
	}
	var texts []string
	for _, part := range list[json.RawMessage](raw) {
		text := rawjson.Text(part)
		if text == "" {
			var p struct {
				Text    json.RawMessage `json:"text"`
				Content json.RawMessage `json:"content"` // of a tool's result
			}
			if json.Unmarshal(part, &p) == nil {
				if text = rawjson.Text(p.Text); text == "" && len(p.Content) > 0 {
					text = nestedText(p.Content, depth-1)
				}
			}
		}
		if text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "\n")
}

// AnswerText returns the words of an output attribute; "" for answers without
// any, as embeddings.
func AnswerText(output string) string {
	raw := json.RawMessage(output)
	if strings.HasPrefix(output, "[") { // n > 1
		var texts []string
		for _, m := range list[Message](raw) {
			texts = append(texts, m.Text())
		}
		return strings.Join(texts, "\n")
	}
	var m Message
	if output == "" || json.Unmarshal(raw, &m) != nil {
		return ""
	}
	return m.Text()
}

// maxTitle is in characters; Open WebUI asks for five words.
const maxTitle = 200

// title reads the answer of a title task: JSON with a `title`, maybe in a fence
// of Markdown or with words around it. Anything else is no title.
func title(answer string) string {
	from, to := strings.IndexByte(answer, '{'), strings.LastIndexByte(answer, '}')
	if from < 0 || to < from {
		return ""
	}
	var made struct {
		Title string `json:"title"`
	}
	if json.Unmarshal([]byte(answer[from:to+1]), &made) != nil {
		return ""
	}
	words := strings.Join(strings.Fields(made.Title), " ")
	if utf8.RuneCountInString(words) > maxTitle {
		words = string([]rune(words)[:maxTitle])
	}
	return words
}

// Words returns what was asked last and what was answered, as text.
func Words(spans *tracepb.ResourceSpans) (question, answer string) {
	for _, a := range Root(spans).GetAttributes() {
		switch a.GetKey() {
		case "langfuse.observation.input":
			question = QuestionText(a.GetValue().GetStringValue())
		case "langfuse.observation.output":
			answer = AnswerText(a.GetValue().GetStringValue())
		}
	}
	return question, answer
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
