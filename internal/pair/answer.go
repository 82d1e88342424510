package pair

import (
	"encoding/json"
	"strings"
	"time"

	"tailer"
)

// answer gathers what records without an id say about the answer of the one
// request that was in flight.
type answer struct {
	response json.RawMessage // the router's, else the provider's
	raw      json.RawMessage
	begun    bool // the router has answered
	ok       bool // the router says 200 OK
	pieces   pieces
	first    time.Time // first piece
	cost     *float64
	coarse   bool
}

// pieces joins the pieces of a streamed chat answer.
type pieces struct {
	id, finish, role   string
	content, reasoning strings.Builder
	tools              []toolCall
	usage              json.RawMessage
	whole              json.RawMessage // the complete answer, where an event holds it
	n                  int
	withIDs            bool // pieces with an id were seen: those without repeat them
}

type toolCall struct {
	ID       string `json:"id,omitempty"`
	Type     string `json:"type,omitempty"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
}

// maxPieces bounds the content of one stream that is put together, in bytes.
const maxPieces = 16 << 20

// delta is a piece as LiteLLM prints it (streaming_handler.py, 1.61 and later).
type delta struct {
	Content   string `json:"content"`
	Reasoning string `json:"reasoning_content"`
	Role      string `json:"role"`
	ToolCalls []struct {
		Index    *int   `json:"index"`
		ID       string `json:"id"`
		Type     string `json:"type"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
}

// add takes a piece: a delta, a chunk with choices, or an event of /v1/responses.
func (p *pieces) add(piece json.RawMessage, kind tailer.Kind) {
	if p.content.Len() > maxPieces {
		return
	}
	if kind == tailer.KindPiece && p.withIDs {
		return
	}
	if kind == tailer.KindChunk && !p.withIDs {
		*p = pieces{withIDs: true}
	}
	var c struct {
		delta
		ID      string `json:"id"`
		Choices []struct {
			Finish string `json:"finish_reason"`
			Delta  delta  `json:"delta"`
		} `json:"choices"`
		Usage    json.RawMessage `json:"usage"`
		Type     string          `json:"type"`
		Delta    json.RawMessage `json:"delta"`
		Response json.RawMessage `json:"response"`
	}
	if json.Unmarshal(piece, &c) != nil {
		return
	}
	p.n++
	if c.ID != "" {
		p.id = c.ID
	}
	if len(c.Usage) > len("null") {
		p.usage = c.Usage
	}
	if c.Type == "response.completed" {
		p.whole = c.Response
	}
	if text := ""; c.Type == "response.output_text.delta" && json.Unmarshal(c.Delta, &text) == nil {
		p.content.WriteString(text)
	}
	p.delta(&c.delta)
	for i := range c.Choices {
		p.delta(&c.Choices[i].Delta)
		if c.Choices[i].Finish != "" {
			p.finish = c.Choices[i].Finish
		}
	}
}

func (p *pieces) delta(d *delta) {
	p.content.WriteString(d.Content)
	p.reasoning.WriteString(d.Reasoning)
	if d.Role != "" {
		p.role = d.Role
	}
	for _, call := range d.ToolCalls {
		index := len(p.tools) - 1
		if call.Index != nil {
			index = *call.Index
		} else if call.ID != "" {
			index = len(p.tools)
		}
		if index < 0 || index > 128 {
			continue
		}
		for len(p.tools) <= index {
			p.tools = append(p.tools, toolCall{Type: "function"})
		}
		t := &p.tools[index]
		if call.ID != "" {
			t.ID = call.ID
		}
		t.Function.Name += call.Function.Name
		t.Function.Arguments += call.Function.Arguments
	}
}

// response returns the joined answer as a chat completion; nil when there is none.
func (p *pieces) response() json.RawMessage {
	if len(p.whole) > len("{}") {
		return p.whole
	}
	if p.content.Len() == 0 && p.reasoning.Len() == 0 && len(p.tools) == 0 {
		return nil
	}
	message := map[string]any{"role": "assistant"}
	if p.content.Len() > 0 {
		message["content"] = p.content.String()
	}
	if p.reasoning.Len() > 0 {
		message["reasoning_content"] = p.reasoning.String()
	}
	if len(p.tools) > 0 {
		message["tool_calls"] = p.tools
	}
	choice := map[string]any{"index": 0, "message": message}
	if p.finish != "" {
		choice["finish_reason"] = p.finish
	}
	doc := map[string]any{"object": "chat.completion", "choices": []any{choice}}
	if p.id != "" {
		doc["id"] = p.id
	}
	if p.usage != nil {
		doc["usage"] = p.usage
	}
	out, err := json.Marshal(doc)
	if err != nil {
		return nil
	}
	return out
}
