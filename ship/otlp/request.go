package otlp

import (
	"encoding/json"
	"strings"

	"tailer"
)

// inputKeys are the members of a client's body that say what was asked.
var inputKeys = map[string]bool{
	"messages": true, "system": true, "prompt": true, "input": true,
	"instructions": true, "query": true, "documents": true, "tools": true,
}

// parameterKeys are the members that say how it was asked, in the words of the
// routes of OpenAI (chat, completions, responses, embeddings, images, audio),
// Anthropic (messages) and Cohere (rerank). A list of what may leave, not of
// what may not: bodies carry keys and addresses too.
var parameterKeys = map[string]bool{
	"temperature": true, "top_p": true, "top_k": true, "min_p": true, "top_a": true,
	"max_tokens": true, "max_completion_tokens": true, "max_output_tokens": true, "max_tokens_per_doc": true,
	"max_chunks_per_doc": true, "max_tool_calls": true,
	"stream": true, "stream_options": true, "n": true, "best_of": true, "echo": true, "suffix": true,
	"stop": true, "stop_sequences": true, "seed": true,
	"presence_penalty": true, "frequency_penalty": true, "repetition_penalty": true,
	"logit_bias": true, "logprobs": true, "top_logprobs": true,
	"tool_choice": true, "parallel_tool_calls": true, "function_call": true,
	"response_format": true, "text": true, "format": true, "verbosity": true,
	"reasoning": true, "reasoning_effort": true, "thinking": true, "modalities": true,
	"truncation": true, "include": true, "store": true, "background": true, "service_tier": true,
	"previous_response_id": true, "web_search_options": true, "num_ctx": true, "keep_alive": true,
	"dimensions": true, "encoding_format": true, "input_type": true,
	"size": true, "quality": true, "style": true, "moderation": true, "output_format": true,
	"output_compression": true, "partial_images": true, "input_fidelity": true,
	"voice": true, "speed": true, "language": true, "timestamp_granularities": true,
	"top_n": true, "return_documents": true, "rank_fields": true,
}

// input is the JSON object of what was asked, members in the client's order.
// It is "" when the log does not hold any.
func input(body tailer.Fields) string {
	return object(body, inputKeys, compact)
}

// parameters is the JSON object of the parameters that the client sent. Nested
// values become strings that hold JSON: Langfuse v2 and v3 refuse an
// observation whose parameters are nested. It is "{}" for a known body without
// any, and "" when the log does not hold the body as the client sent it.
func parameters(body tailer.Fields, rebuilt bool) string {
	if body == nil {
		return ""
	}
	given := object(body, parameterKeys, func(value json.RawMessage) string {
		text := compact(value)
		if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
			return marshal(text)
		}
		return text
	})
	if given == "" && !rebuilt {
		return "{}"
	}
	return given
}

// object writes the wanted members of body as one JSON object, each value as
// write gives it. Members that are null or repeat a name are left out.
func object(body tailer.Fields, wanted map[string]bool, write func(json.RawMessage) string) string {
	var members []string
	done := make(map[string]bool, len(body))
	for _, field := range body {
		if !wanted[field.Name] || done[field.Name] {
			continue
		}
		value := write(field.Value)
		if value == "" || value == "null" {
			continue
		}
		done[field.Name] = true
		members = append(members, marshal(field.Name)+":"+value)
	}
	if members == nil {
		return ""
	}
	return "{" + strings.Join(members, ",") + "}"
}
