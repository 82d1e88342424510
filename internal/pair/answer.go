package pair

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"tailer"
	"tailer/internal/rawjson"
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
	content, reasoning, role string
	calls                    json.RawMessage
}

// take reads a member of a delta.
func (d *delta) take(name string, value json.RawMessage) {
	switch name {
	case "content":
		d.content = rawjson.Text(value)
	case "reasoning_content":
		d.reasoning = rawjson.Text(value)
	case "role":
		d.role = rawjson.Text(value)
	case "tool_calls":
		d.calls = value
	}
}

// event is a piece of a streamed answer in any of its forms: a delta, a chunk
// with choices, an event of /v1/responses or of /v1/messages.
type event struct {
	own      delta
	id, kind string
	choices  json.RawMessage
	usage    json.RawMessage
	delta    json.RawMessage
	response json.RawMessage
	message  json.RawMessage
}

func readEvent(raw json.RawMessage) (e event) {
	for name, value := range rawjson.Members(raw) {
		switch name {
		case "id":
			e.id = rawjson.Text(value)
		case "type":
			e.kind = rawjson.Text(value)
		case "choices":
			e.choices = value
		case "usage":
			e.usage = value
		case "delta":
			e.delta = value
		case "response":
			e.response = value
		case "message":
			e.message = value
		default:
			e.own.take(name, value)
		}
	}
	return e
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
	if piece[0] != '[' {
		p.addOne(piece, kind)
		return
	}
	for element := range rawjson.Elements(piece) {
		p.addOne(element, kind)
	}
}

func (p *pieces) addOne(piece json.RawMessage, kind tailer.Kind) {
	e := readEvent(piece)
	whole := kind == tailer.KindChunk || e.kind != "" && e.kind != "function"
	if p.whole && !whole {
		return // a delta that a chunk or an event repeats
	}
	if whole && !p.whole {
		*p = pieces{whole: true}
	}
	p.n++
	p.event(&e)
}

func (p *pieces) event(e *event) {
	if e.id != "" {
		p.id = e.id
	}
	if len(e.usage) > len("null") && e.kind == "" {
		p.usage = bytes.Clone(e.usage)
	}
	p.delta(&e.own)
	for choice := range rawjson.Elements(e.choices) {
		var d delta
		for name, value := range rawjson.Members(rawjson.Member(choice, "delta")) {
			d.take(name, value)
		}
		p.delta(&d)
		p.finish = cmp.Or(rawjson.Text(rawjson.Member(choice, "finish_reason")), p.finish)
	}
	switch e.kind {
	case "response.completed":
		p.complete, p.finish = bytes.Clone(e.response), "stop"
	case "response.output_text.delta":
		p.content.WriteString(rawjson.Text(e.delta))
	case "message_start":
		p.id, p.tokens = rawjson.Text(rawjson.Member(e.message, "id")), tokenCounts{}
		_ = json.Unmarshal(rawjson.Member(e.message, "usage"), &p.tokens)
	case "content_block_delta":
		p.content.WriteString(rawjson.Text(rawjson.Member(e.delta, "text")))
		p.reasoning.WriteString(rawjson.Text(rawjson.Member(e.delta, "thinking")))
	case "message_delta":
		p.stop = cmp.Or(rawjson.Text(rawjson.Member(e.delta, "stop_reason")), p.stop)
		_ = json.Unmarshal(e.usage, &p.tokens)
	case "message_stop":
		p.finish = cmp.Or(p.stop, "end_turn")
	}
	if p.tokens != (tokenCounts{}) {
		p.usage, _ = json.Marshal(p.tokens)
	}
}

func (p *pieces) delta(d *delta) {
	p.content.WriteString(d.content)
	p.reasoning.WriteString(d.reasoning)
	p.role = cmp.Or(d.role, p.role)
	for call := range rawjson.Elements(d.calls) {
		id, function := rawjson.Text(rawjson.Member(call, "id")), rawjson.Member(call, "function")
		index := len(p.tools) - 1
		if n, err := strconv.Atoi(string(rawjson.Member(call, "index"))); err == nil {
			index = n
		} else if id != "" {
			index = len(p.tools)
		}
		if index < 0 || index > 128 {
			continue
		}
		for len(p.tools) <= index {
			p.tools = append(p.tools, toolCall{Type: "function"})
		}
		t := &p.tools[index]
		t.ID = cmp.Or(id, t.ID)
		t.Function.Name += rawjson.Text(rawjson.Member(function, "name"))
		t.Function.Arguments += rawjson.Text(rawjson.Member(function, "arguments"))
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
