package pair

import (
	"bytes"
	"encoding/json"
	"slices"

	"tailer"
)

// shape is what an answer shows of the request it answers.
type shape uint8

const (
	anyShape       shape = iota
	toolShape            // calls tools: they were offered
	embeddingShape       // answers `input`
	imageShape           // answers `prompt`
	rerankShape          // answers `query`
)

// shapeMembers are the members by which an answer shows a shape. Most have none,
// and need not be read.
var shapeMembers = [][]byte{[]byte(`"tool_calls":[`), []byte(`"tool_calls": [`), []byte(`"embedding"`), []byte(`"url"`), []byte(`"b64_json"`), []byte(`"relevance_score"`)}

func hasShape(answer []byte) bool {
	return slices.ContainsFunc(shapeMembers, func(member []byte) bool { return bytes.Contains(answer, member) })
}

// shapeOf tells the shape of a router's or a provider's answer.
func shapeOf(answer json.RawMessage) shape {
	var a struct {
		Choices []struct {
			Message struct {
				ToolCalls []json.RawMessage `json:"tool_calls"`
			} `json:"message"`
		} `json:"choices"`
		Data []struct {
			Embedding json.RawMessage `json:"embedding"`
			URL       json.RawMessage `json:"url"`
			B64       json.RawMessage `json:"b64_json"`
		} `json:"data"`
		Results []struct {
			Score *float64 `json:"relevance_score"`
		} `json:"results"`
	}
	if !hasShape(answer) || json.Unmarshal(answer, &a) != nil {
		return anyShape
	}
	switch {
	case len(a.Data) > 0 && len(a.Data[0].Embedding) > len("null"):
		return embeddingShape
	case len(a.Data) > 0 && (len(a.Data[0].URL) > len("null") || len(a.Data[0].B64) > len("null")):
		return imageShape
	case len(a.Results) > 0 && a.Results[0].Score != nil:
		return rerankShape
	}
	for i := range a.Choices {
		if len(a.Choices[i].Message.ToolCalls) > 0 {
			return toolShape
		}
	}
	return anyShape
}

// admits reports whether an answer of this shape can answer the flight's request.
func (f *flight) admits(s shape) bool {
	body := f.body()
	chat := body.Get("messages") != nil
	if s == anyShape || !chat && body.Get("input") == nil && body.Get("prompt") == nil && body.Get("query") == nil {
		return true
	}
	switch s {
	case toolShape:
		return body.Get("tools") != nil || body.Get("functions") != nil
	case embeddingShape:
		return !chat && body.Get("input") != nil
	case imageShape:
		return !chat && body.Get("prompt") != nil
	case rerankShape:
		return !chat && body.Get("query") != nil
	}
	return true
}

// shapeOfRecord is shapeOf for the records that hold a whole answer.
func shapeOfRecord(r *tailer.Record) shape {
	if isAnswer(r.Kind) {
		return shapeOf(r.Call.Response)
	}
	return anyShape
}
