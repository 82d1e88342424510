package parse

import (
	"bytes"
	"strconv"
	"strings"

	"tailer"
)

// statusOfClass is the HTTP status that LiteLLM's proxy answers with for each
// exception class (litellm/exceptions.py, 1.55 to 1.109).
var statusOfClass = map[string]int{
	"BadRequestError": 400, "ContextWindowExceededError": 400, "ContentPolicyViolationError": 400, "RejectedRequestError": 400,
	"UnsupportedParamsError": 400, "InvalidRequestError": 400, "PaymentRequiredError": 402, "AuthenticationError": 401,
	"PermissionDeniedError": 403, "NotFoundError": 404, "Timeout": 408, "UnprocessableEntityError": 422, "RateLimitError": 429,
	"InternalServerError": 500, "APIConnectionError": 500, "BadGatewayError": 502, "ServiceUnavailableError": 503,
	"MidStreamFallbackError": 503,
}

// failureOf joins what a payload says about an error.
func failureOf(class, text, code string) tailer.Failure {
	f := failureText(text)
	if class != "" {
		f.Class = class
	}
	if n, err := strconv.Atoi(code); err == nil && n >= 400 && n <= 599 {
		f.Status = n
	} else if f.Status == 0 {
		f.Status = statusOfClass[f.Class]
	}
	return f
}

// failureText reads an error as LiteLLM words it: `litellm.RateLimitError: …`,
// `400: {'error': …}`, or any other text.
func failureText(text string) tailer.Failure {
	f := tailer.Failure{Message: strings.TrimSpace(text)}
	if rest, ok := strings.CutPrefix(f.Message, "litellm."); ok {
		if name, _, found := strings.Cut(rest, ":"); found && isIdentifier(name) {
			f.Class, f.Status = name, statusOfClass[name]
		}
		return f
	}
	if len(f.Message) > 5 && f.Message[3] == ':' && f.Message[4] == ' ' {
		if n, err := strconv.Atoi(f.Message[:3]); err == nil && n >= 400 && n <= 599 {
			f.Status = n
		}
	}
	return f
}

func isIdentifier(s string) bool {
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// exceptionMark stands between the function and the text of every error that the
// proxy logs (1.55 to 1.109).
var exceptionMark = []byte("(): Exception occured - ")

// traceStarts are the lines that end the text of an error and begin its stack.
var traceStarts = []string{"\nTraceback (most recent call last):", "\nNoneType: None", "\nRequester IP Address:"}

// handlers are the functions that serve one route only, with LiteLLM's call type.
var handlers = map[string]string{
	"chat_completion": "acompletion", "completion": "atext_completion", "embeddings": "aembedding",
	"image_generation": "aimage_generation", "audio_speech": "aspeech", "audio_transcriptions": "atranscription",
	"moderations": "amoderation", "anthropic_response": "anthropic_messages", "rerank": "arerank",
}

// readFailure reads `litellm.proxy.proxy_server.<function>(): Exception occured - …`.
func readFailure(text []byte, r *tailer.Record) bool {
	text = text[len("litellm.proxy.proxy_server."):]
	mark := bytes.Index(text[:min(len(text), 120)], exceptionMark)
	if mark < 0 {
		return false
	}
	switch function := string(text[:mark]); function {
	case "user_api_key_auth":
		r.Kind = tailer.KindRefused
	case "async_data_generator", "async_data_generator_anthropic", "async_streaming_data_generator", "async_assistants_data_generator":
		r.Kind = tailer.KindStreamFailure
	case "_handle_llm_api_exception", "chat_completion", "completion", "embeddings", "image_generation", "audio_speech",
		"audio_transcriptions", "moderations", "anthropic_response", "rerank":
		r.Kind = tailer.KindFailure
	default:
		return false
	}
	r.Function = handlers[string(text[:mark])]
	words := text[mark+len(exceptionMark):]
	for _, start := range traceStarts {
		words, _, _ = bytes.Cut(words, []byte(start))
	}
	message := string(words)
	if rest, ok := strings.CutPrefix(message, "litellm_call_id="); ok {
		switch id, text, found := strings.Cut(rest, " - "); {
		case !found:
		case id == "None": // it failed before it was given one (1.109 and later)
			message = text
		case isID(id):
			r.CallID, message = id, text
		}
	}
	r.Failure = failureText(message)
	return true
}

// isID reports whether s can be a call id: clients choose some, so only length
// and white space are checked.
func isID(s string) bool {
	return s != "" && len(s) <= 512 && !strings.ContainsAny(s, " \t\r\n")
}
