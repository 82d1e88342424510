package pair

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"tailer"
)

// answer gathers what records without an id say about the answer of the one
// request that was in flight.
type answer struct {
	model    string          // that the router named when it succeeded
	response json.RawMessage // the router's, else the provider's
	raw      json.RawMessage
	begun    bool      // the router has answered
	ok       time.Time // when the router said that an attempt succeeded
	pieces   pieces
	first    time.Time // first piece
	at       time.Time // of the newest record about it
	cost     *float64
	costs    costs
	text     json.RawMessage // the whole text of a stream, as a JSON string
	labelled bool            // its pieces bear the answer's id
	holed    bool            // pieces came that may have been its own or another's
	coarse   bool
}

// pieces joins the pieces of a streamed chat answer.
type pieces struct {
	id, finish, role   string
	content, reasoning strings.Builder
	tools              []toolCall
	usage              json.RawMessage
	tokens             tokenCounts
	stop               string
	complete           json.RawMessage // the whole answer, where an event holds it
	n                  int
	whole              bool // chunks or events were seen: bare deltas repeat them
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

// event is a piece of a streamed answer in any of its forms: a delta, a chunk
// with choices, an event of /v1/responses or of /v1/messages.
type event struct {
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
	Message  struct {
		ID    string      `json:"id"`
		Usage tokenCounts `json:"usage"`
	} `json:"message"`
}

// tokenCounts is usage in Anthropic's names.
type tokenCounts struct {
	Input         int64 `json:"input_tokens,omitempty"`
	Output        int64 `json:"output_tokens,omitempty"`
	CacheRead     int64 `json:"cache_read_input_tokens,omitempty"`
	CacheCreation int64 `json:"cache_creation_input_tokens,omitempty"`
}

// add takes a piece, or an array of them.
func (p *pieces) add(piece json.RawMessage, kind tailer.Kind) {
	if p.content.Len() > maxPieces || len(piece) == 0 {
		return
	}
	events := make([]event, 1)
	if piece[0] == '[' {
		if json.Unmarshal(piece, &events) != nil {
			return
		}
	} else if json.Unmarshal(piece, &events[0]) != nil {
		return
	}
	for i := range events {
		e := &events[i]
		whole := kind == tailer.KindChunk || e.Type != "" && e.Type != "function"
		if p.whole && !whole {
			continue // a delta that a chunk or an event repeats
		}
		if whole && !p.whole {
			*p = pieces{whole: true}
		}
		p.n++
		p.event(e)
	}
}

func (p *pieces) event(e *event) {
	if e.ID != "" {
		p.id = e.ID
	}
	if len(e.Usage) > len("null") && e.Type == "" {
		p.usage = e.Usage
	}
	p.delta(&e.delta)
	for i := range e.Choices {
		p.delta(&e.Choices[i].Delta)
		if e.Choices[i].Finish != "" {
			p.finish = e.Choices[i].Finish
		}
	}
	switch e.Type {
	case "response.completed":
		p.complete, p.finish = e.Response, "stop"
	case "response.output_text.delta":
		if text := ""; json.Unmarshal(e.Delta, &text) == nil {
			p.content.WriteString(text)
		}
	case "message_start":
		p.id, p.tokens = e.Message.ID, e.Message.Usage
	case "content_block_delta":
		var d struct {
			Text     string `json:"text"`
			Thinking string `json:"thinking"`
		}
		if json.Unmarshal(e.Delta, &d) == nil {
			p.content.WriteString(d.Text)
			p.reasoning.WriteString(d.Thinking)
		}
	case "message_delta":
		var d struct {
			Reason string `json:"stop_reason"`
		}
		_ = json.Unmarshal(e.Delta, &d)
		if d.Reason != "" {
			p.stop = d.Reason
		}
		_ = json.Unmarshal(e.Usage, &p.tokens)
	case "message_stop":
		p.finish = cmp.Or(p.stop, "end_turn")
	}
	if p.tokens != (tokenCounts{}) {
		p.usage, _ = json.Marshal(p.tokens)
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
	if len(p.complete) > len("{}") {
		return p.complete
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
