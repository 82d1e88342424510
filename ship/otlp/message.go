package otlp

import (
	"cmp"
	"encoding/json"
	"strings"

	"tailer/internal/rawjson"
)

// message is an assistant's message in OpenAI's shape, as the output has it.
type message struct {
	Role      string          `json:"role"`
	Content   json.RawMessage `json:"content,omitempty"` // a string, or parts as the model gave them
	Reasoning string          `json:"reasoning_content,omitempty"`
	Refusal   string          `json:"refusal,omitempty"`
	ToolCalls []toolCall      `json:"tool_calls,omitempty"`
}

func (m *message) empty() bool {
	return len(m.Content) == 0 && m.Reasoning == "" && m.Refusal == "" && len(m.ToolCalls) == 0
}

// toolCall is a call of a function; Arguments is text, usually JSON.
type toolCall struct {
	ID       string `json:"id,omitempty"`
	Type     string `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

func newToolCall(id, name string, arguments json.RawMessage) toolCall {
	call := toolCall{ID: id, Type: "function"}
	call.Function.Name = name
	call.Function.Arguments = argumentText(arguments)
	return call
}

// argumentText is what a model passed: a JSON string holds it as text, Anthropic
// has it as an object.
func argumentText(raw json.RawMessage) string {
	if len(raw) > 0 && raw[0] == '"' {
		return rawjson.Text(raw)
	}
	if text := compact(raw); text != "null" {
		return text
	}
	return ""
}

func marshalMessages(m message) string {
	if m.empty() {
		return ""
	}
	return marshal(m)
}

// isText reports whether there is nothing but content, as in most messages.
func (m *message) isText() bool {
	return len(m.Content) > 0 && m.Reasoning == "" && m.Refusal == "" && len(m.ToolCalls) == 0
}

// text is marshal for a message with nothing but content.
func (m *message) text() string {
	content := compact(m.Content)
	if content == "" {
		return ""
	}
	return `{"role":` + marshal(m.Role) + `,"content":` + content + "}"
}

// chatMessage reads the message of a chat completion. Every member is read by
// itself, so that one of an unknown type takes nothing else with it.
func chatMessage(raw json.RawMessage) message {
	m := message{Role: "assistant"}
	var content, audio, reasoning, reasoningContent, thoughts, calls, call json.RawMessage
	for name, value := range rawjson.Members(raw) {
		switch name {
		case "refusal":
			m.Refusal = rawjson.Text(value)
		case "role":
			m.Role = cmp.Or(rawjson.Text(value), m.Role)
		case "content":
			content = value
		case "audio":
			audio = value
		case "reasoning":
			reasoning = value
		case "reasoning_content":
			reasoningContent = value
		case "thinking_blocks":
			thoughts = value
		case "tool_calls":
			calls = value
		case "function_call":
			call = value
		}
	}
	if isText(content) || isArray(content) {
		m.Content = content
	} else if spoken := rawjson.Text(rawjson.Member(audio, "transcript")); spoken != "" {
		m.Content = json.RawMessage(marshal(spoken))
	}
	// `reasoning_content` in LiteLLM, `reasoning` where a provider's own name was
	// passed on (OpenRouter, vLLM), or Anthropic's `thinking_blocks`.
	if m.Reasoning = cmp.Or(rawjson.Text(reasoningContent), rawjson.Text(reasoning)); m.Reasoning == "" {
		for _, b := range blocks(thoughts) {
			m.Reasoning += b.thinking
		}
	}
	for element := range rawjson.Elements(calls) {
		if isObject(element) {
			m.ToolCalls = append(m.ToolCalls, chatToolCall(element))
		}
	}
	if len(m.ToolCalls) == 0 && isObject(call) { // OpenAI's form before tools
		m.ToolCalls = append(m.ToolCalls, newToolCall("", rawjson.Text(rawjson.Member(call, "name")), rawjson.Member(call, "arguments")))
	}
	return m
}

func chatToolCall(call json.RawMessage) toolCall {
	id := rawjson.Text(rawjson.Member(call, "id"))
	if f := rawjson.Member(call, "function"); isObject(f) {
		return newToolCall(id, rawjson.Text(rawjson.Member(f, "name")), rawjson.Member(f, "arguments"))
	}
	f := rawjson.Member(call, "custom")
	return newToolCall(id, rawjson.Text(rawjson.Member(f, "name")), rawjson.Member(f, "input"))
}

// block is one part of an Anthropic message or of a Responses item, or one item
// of a Responses answer.
type block struct {
	kind, text, thinking, refusal string
	id, callID, name              string
	input, content                json.RawMessage
	summary, arguments            json.RawMessage
}

// blocks reads an array of blocks and leaves out what is none.
func blocks(raw json.RawMessage) (list []block) {
	for element := range rawjson.Elements(raw) {
		if !isObject(element) {
			continue
		}
		var b block
		for name, value := range rawjson.Members(element) {
			switch name {
			case "type":
				b.kind = rawjson.Text(value)
			case "text":
				b.text = rawjson.Text(value)
			case "thinking":
				b.thinking = rawjson.Text(value)
			case "refusal":
				b.refusal = rawjson.Text(value)
			case "id":
				b.id = rawjson.Text(value)
			case "call_id":
				b.callID = rawjson.Text(value)
			case "name":
				b.name = rawjson.Text(value)
			case "input":
				b.input = value
			case "content":
				b.content = value
			case "summary":
				b.summary = value
			case "arguments":
				b.arguments = value
			}
		}
		list = append(list, b)
	}
	return list
}

// anthropicMessage joins the content blocks of Anthropic's /v1/messages. Blocks
// of which only the client can make something (search results, redacted
// thinking) are left out.
func anthropicMessage(raw json.RawMessage) message {
	m := message{Role: "assistant"}
	var text, thoughts strings.Builder
	hasText := false
	for _, b := range blocks(raw) {
		switch b.kind {
		case "text":
			hasText = true
			text.WriteString(b.text)
		case "thinking":
			thoughts.WriteString(b.thinking)
		case "tool_use", "server_tool_use", "mcp_tool_use":
			m.ToolCalls = append(m.ToolCalls, newToolCall(b.id, b.name, b.input))
		}
	}
	if hasText {
		m.Content = json.RawMessage(marshal(text.String()))
	}
	m.Reasoning = thoughts.String()
	return m
}

// responsesMessage joins the items of a Responses answer into one message. Items
// of the provider's own tools (web search, code interpreter) are left out.
func responsesMessage(raw json.RawMessage) message {
	m := message{Role: "assistant"}
	var text, refusal strings.Builder
	var thoughts []string
	hasText := false
	for _, item := range blocks(raw) {
		switch item.kind {
		case "message":
			for _, part := range blocks(item.content) {
				hasText = hasText || part.kind == "output_text"
				text.WriteString(part.text)
				refusal.WriteString(part.refusal)
			}
		case "function_call":
			m.ToolCalls = append(m.ToolCalls, newToolCall(item.callID, item.name, item.arguments))
		case "custom_tool_call":
			m.ToolCalls = append(m.ToolCalls, newToolCall(item.callID, item.name, item.input))
		case "reasoning":
			thoughts = append(thoughts, blockTexts(item.summary)...)
			thoughts = append(thoughts, blockTexts(item.content)...)
		}
	}
	if hasText || text.Len() > 0 {
		m.Content = json.RawMessage(marshal(text.String()))
	}
	m.Refusal = refusal.String()
	m.Reasoning = strings.Join(thoughts, "\n\n")
	return m
}

func blockTexts(raw json.RawMessage) (texts []string) {
	for _, part := range blocks(raw) {
		if part.text != "" {
			texts = append(texts, part.text)
		}
	}
	return texts
}

func isText(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '"' }

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }
