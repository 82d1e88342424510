package otlp

import (
	"encoding/json"
	"strings"
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
		return asText(raw)
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

// chatMessage reads the message of a chat completion. Every member is read by
// itself, so that one of an unknown type takes nothing else with it.
func chatMessage(raw json.RawMessage) message {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return message{}
	}
	m := message{Role: "assistant", Refusal: asText(members["refusal"])}
	if role := asText(members["role"]); role != "" {
		m.Role = role
	}
	if content := members["content"]; isText(content) || isArray(content) {
		m.Content = content
	} else if spoken := transcript(members["audio"]); spoken != "" {
		m.Content = json.RawMessage(marshal(spoken))
	}
	m.Reasoning = chatReasoning(members)
	for _, call := range list[map[string]json.RawMessage](members["tool_calls"]) {
		m.ToolCalls = append(m.ToolCalls, chatToolCall(call))
	}
	if len(m.ToolCalls) == 0 { // OpenAI's form before tools
		if f := function(members["function_call"]); f != nil {
			m.ToolCalls = append(m.ToolCalls, newToolCall("", asText(f["name"]), f["arguments"]))
		}
	}
	return m
}

func chatToolCall(call map[string]json.RawMessage) toolCall {
	if f := function(call["function"]); f != nil {
		return newToolCall(asText(call["id"]), asText(f["name"]), f["arguments"])
	}
	f := function(call["custom"])
	return newToolCall(asText(call["id"]), asText(f["name"]), f["input"])
}

func function(raw json.RawMessage) map[string]json.RawMessage {
	var f map[string]json.RawMessage
	if json.Unmarshal(raw, &f) != nil {
		return nil
	}
	return f
}

// chatReasoning finds what the model thought: `reasoning_content` in LiteLLM,
// `reasoning` where a provider's own name was passed on (OpenRouter, vLLM), or
// Anthropic's `thinking_blocks`.
func chatReasoning(members map[string]json.RawMessage) string {
	for _, name := range []string{"reasoning_content", "reasoning"} {
		if text := asText(members[name]); text != "" {
			return text
		}
	}
	var thoughts []string
	for _, block := range list[block](members["thinking_blocks"]) {
		thoughts = append(thoughts, block.Thinking)
	}
	return strings.Join(thoughts, "")
}

func transcript(audio json.RawMessage) string {
	return asText(function(audio)["transcript"])
}

// block is one part of an Anthropic message or of a Responses item.
type block struct {
	Type     string          `json:"type"`
	Text     string          `json:"text"`
	Thinking string          `json:"thinking"`
	Refusal  string          `json:"refusal"`
	ID       string          `json:"id"`
	Name     string          `json:"name"`
	Input    json.RawMessage `json:"input"`
}

// anthropicMessage joins the content blocks of Anthropic's /v1/messages. Blocks
// of which only the client can make something (search results, redacted
// thinking) are left out.
func anthropicMessage(raw json.RawMessage) message {
	m := message{Role: "assistant"}
	var text, thoughts strings.Builder
	hasText := false
	for _, b := range list[block](raw) {
		switch b.Type {
		case "text":
			hasText = true
			text.WriteString(b.Text)
		case "thinking":
			thoughts.WriteString(b.Thinking)
		case "tool_use", "server_tool_use", "mcp_tool_use":
			m.ToolCalls = append(m.ToolCalls, newToolCall(b.ID, b.Name, b.Input))
		}
	}
	if hasText {
		m.Content = json.RawMessage(marshal(text.String()))
	}
	m.Reasoning = thoughts.String()
	return m
}

// item is one element of the `output` of OpenAI's /v1/responses.
type item struct {
	Type      string          `json:"type"`
	Content   json.RawMessage `json:"content"`
	Summary   json.RawMessage `json:"summary"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
	Input     json.RawMessage `json:"input"`
}

// responsesMessage joins the items of a Responses answer into one message. Items
// of the provider's own tools (web search, code interpreter) are left out.
func responsesMessage(raw json.RawMessage) message {
	m := message{Role: "assistant"}
	var text, refusal strings.Builder
	var thoughts []string
	hasText := false
	for _, i := range list[item](raw) {
		switch i.Type {
		case "message":
			for _, part := range list[block](i.Content) {
				hasText = hasText || part.Type == "output_text"
				text.WriteString(part.Text)
				refusal.WriteString(part.Refusal)
			}
		case "function_call":
			m.ToolCalls = append(m.ToolCalls, newToolCall(i.CallID, i.Name, i.Arguments))
		case "custom_tool_call":
			m.ToolCalls = append(m.ToolCalls, newToolCall(i.CallID, i.Name, i.Input))
		case "reasoning":
			thoughts = append(thoughts, blockTexts(i.Summary)...)
			thoughts = append(thoughts, blockTexts(i.Content)...)
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
	for _, part := range list[block](raw) {
		if part.Text != "" {
			texts = append(texts, part.Text)
		}
	}
	return texts
}

// responsesReason is why a Responses answer ended: the reason why it is
// incomplete, else its status.
func responsesReason(r *response) string {
	if r.Incomplete != nil && r.Incomplete.Reason != "" {
		return r.Incomplete.Reason
	}
	return r.Status
}

func isText(raw json.RawMessage) bool {
	return len(raw) > 0 && raw[0] == '"'
}
