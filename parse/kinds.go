package parse

import (
	"bytes"

	"tailer"
)

// readBy names the reader of a message's text.
type readBy uint8

const (
	asNothing     readBy = iota
	asKwargs             // Python dict of a callback's kwargs
	asPayload            // StandardLoggingPayload as JSON
	asArguments          // litellm.<fn>(k=v, …), or the router's outcome line
	asBody               // JSON body
	asHeaders            // Python dict of headers
	asUnchecked          // the same after the name of the header that bears the key
	asPrepared           // Python dict of body and proxy_server_request
	asDetails            // Python dict of a call that has not ended
	asInside             // Inside _a…() - model: …; kwargs: {…}
	asFoundUser          //
	asFailure            // error text
	asBadBody            //
	asDisconnect         //
	asAccess             //
	asChunk              //
	asAnswer             //
	asRawAnswer          //
	asPiece              // Delta(…) or a dict
	asEvents             // bytes of server-sent events
	asCost               //
	asModelCost          // model and cost
	asDeployments        // a list of dicts: no record, but remembered
	asCounted            // a list of messages, or a text
	asMark               // the prefix says it all
)

// form is one record type: the text its message starts with, and how to read it.
type form struct {
	prefix string
	kind   tailer.Kind
	decode readBy
}

// forms is every record type that tailer reads. Versions are those of LiteLLM
// in which the text was seen in source (1.55.12 to 1.109.1); "cid" says that the
// record carries litellm_call_id. A prefix is looked for at the very start of a
// message and nowhere else: prompts contain all of these texts.
var forms = []form{
	// Everything about one call: ids, headers, body, payload. cid. All versions;
	// DEBUG and a callback. integrations/langfuse/langfuse.py and its siblings.
	{"Langfuse Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"s3 Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"GCS Logger: async_log_success_event logging kwargs: {", tailer.KindCall, asKwargs},
	{"GCS Logger: async_log_failure_event logging kwargs: {", tailer.KindCall, asKwargs},
	{"prometheus Logging - Enters success logging function for kwargs {", tailer.KindCall, asKwargs},
	{"Custom Logger - model call details: {", tailer.KindCall, asKwargs},
	{"Datadog: Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"AzureBlobStorageLogger: Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"DynamoDB Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"Traceloop Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"logfire Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"W&B Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	// 1.61 and later; 1.75; 1.77; 1.80.
	{"PubSub: Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"SQS Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"PostHog: Async logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"PostHog: Sync logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"Azure Sentinel: Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"Generic API Logger - Enters logging function for model {", tailer.KindCall, asKwargs},
	{"GenericAPILogger Logging - Enters logging function for model {", tailer.KindCall, asKwargs},
	// The same for the spend table, with a database. 1.55.
	{"SpendTable: get_logging_payload - kwargs: {", tailer.KindCall, asKwargs},
	// 1.61 to 1.75 at INFO of the core logger; later versions print it bare.
	{payloadStart, tailer.KindPayload, asPayload},
	// One per attempt. cid; since 1.109 long values are abbreviated.
	{"litellm.a", tailer.KindArguments, asArguments},
	{"litellm.responses(", tailer.KindArguments, asArguments},
	{"litellm.anthropic_messages(", tailer.KindArguments, asArguments},
	// The router's outcome of one attempt, by the name of what it called; most
	// names start with "litellm.a". All versions.
	{"ageneric_api_call_with_fallbacks(", tailer.KindAttempt, asArguments},
	{"aresponses(model=", tailer.KindAttempt, asArguments},
	{"anthropic_messages(model=", tailer.KindAttempt, asArguments},
	// The body as JSON. All versions; by 1.84 on one line and up to 100 KiB.
	{"Request received by LiteLLM:\n", tailer.KindBody, asBody},
	{"Request received by LiteLLM: payload too large to log (", tailer.KindBody, asBody},
	// The headers, without an id. A Headers({…}) call up to 1.80, then a dict.
	{"Request Headers: ", tailer.KindHeaders, asHeaders},
	// All headers, before the key is checked, if general_settings names the header
	// that bears it. All versions; since 1.108 only of requests that have it.
	// proxy/auth/user_api_key_auth.py, get_api_key_from_custom_header.
	{uncheckedStart, tailer.KindUnchecked, asUnchecked},
	// Body, headers and path, without an id. Up to 1.102.
	{"receiving data: {", tailer.KindPrepared, asPrepared},
	// All that LiteLLM knows of a call that never reaches a provider; cid. 1.84
	// and later.
	{"{'litellm_trace_id': ", tailer.KindDetails, asDetails},
	// The same of a call that starts, where LiteLLM has a cache; cid. All versions.
	// caching/caching_handler.py.
	{cachedStart + "{", tailer.KindDetails, asInside},
	// The same with the call id, by the router. 1.55 to 1.98.
	{"Inside _a", tailer.KindArguments, asInside},
	{"Inside _image_generation()", tailer.KindArguments, asInside},
	{"Inside _rerank()", tailer.KindArguments, asInside},
	{"Inside ageneric_api_call_with_fallbacks()", tailer.KindArguments, asInside},
	// Since 1.72, INFO; at INFO visible since 1.84.
	{"found user \"", tailer.KindFoundUser, asFoundUser},
	// A piece of a stream, with the answer's id. 1.55 to 1.80.
	{"async_data_generator: received streaming chunk - ModelResponseStream(id='", tailer.KindChunk, asChunk},
	// The same without an id: of chats 1.61 and later, events of /v1/messages all
	// versions, events of /v1/responses.
	{"async_data_generator: received streaming chunk - b'event: ", tailer.KindPiece, asEvents},
	{"async_data_generator: received streaming chunk - {'type': '", tailer.KindPiece, asPiece},
	{deltaStart, tailer.KindPiece, asPiece},
	{"Raw OpenAI Chunk={", tailer.KindPiece, asPiece},
	// The answer, without a call id. All versions.
	{"Async Response: ", tailer.KindAnswer, asAnswer},
	{"RAW RESPONSE:\n", tailer.KindRawAnswer, asRawAnswer},
	{"response_cost: ", tailer.KindCost, asCost},
	// The same of a stream, with its model. All versions.
	{"Model=", tailer.KindCost, asModelCost},
	// The messages of a stream whose provider stated no usage, then its text, by
	// one thread without a pause. 1.72 and later; read from JSON logs only, for in
	// text logs the text has no certain end.
	{countedStart, tailer.KindCounted, asCounted},
	{"Async success callbacks: Got a complete streaming response", tailer.KindLogged, asMark},
	// The provider cut an answer short, and LiteLLM goes on as if it were whole.
	// 1.72 to 1.90.
	{"Transfer incomplete, but continuing: ", tailer.KindLogged, asMark},
	// What the client is told. All versions; cid since 1.109.
	{"litellm.proxy.proxy_server.", tailer.KindFailure, asFailure},
	{"Invalid JSON payload received", tailer.KindBadBody, asBadBody},
	// The first record of a request, before its key is checked. 1.84 and later;
	// a feature is loaded by the first request that needs it.
	{"populate_request_with_path_params: ", tailer.KindArrival, asMark},
	{"Lazy-loaded optional feature '", tailer.KindArrival, asMark},
	// A request is handed to the router, INFO. 1.84 and later.
	{"SESSION REUSE: Attached shared aiohttp session to request", tailer.KindRouted, asMark},
	{"SESSION REUSE: No shared session available for this request", tailer.KindRouted, asMark},
	// Which deployments a model group has. All versions.
	{"initial list of deployments: ", tailer.KindOther, asDeployments},
	// cid. Since 1.98.
	{"Recorded streaming client disconnect with error_code=499 for litellm_call_id=", tailer.KindDisconnect, asDisconnect},
}

// The forms that are not told by a prefix in the table.
var (
	accessForm   = form{kind: tailer.KindAccess, decode: asAccess}
	maybeAccess  = form{kind: tailer.KindMaybeAccess, decode: asAccess}
	documentForm = form{kind: tailer.KindPayload, decode: asPayload}
	lateDocument = form{kind: tailer.KindPayload, decode: asPayload} // a text record that is a document
	bodyForm     = form{kind: tailer.KindBody, decode: asBody}       // a body that starts on the next line
	rawForm      = form{kind: tailer.KindRawAnswer, decode: asRawAnswer, prefix: "RAW RESPONSE:\n"}
)

// deltaStart begins a piece that a chunk repeats where the log has chunks.
const deltaStart = "model_response.choices[0].delta: Delta("

const uncheckedStart = "searching for custom_litellm_key_header_name= "

const countedStart = "messages in token_counter: "

const payloadStart = "{\n    \"id\": \""

// formOf returns the form of a message by its first bytes; nil when the message
// is of no interest. The message may start with one ANSI code.
func formOf(msg []byte) *form {
	if len(msg) < 8 {
		return nil
	}
	for _, f := range formsBy[msg[0]] {
		if hasPrefix(msg, f.prefix) {
			return f
		}
	}
	return nil
}

// formsBy are the forms by the first byte of their prefix, in their order.
var formsBy = func() (by [256][]*form) {
	for i := range forms {
		first := forms[i].prefix[0]
		by[first] = append(by[first], &forms[i])
	}
	return by
}()

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

// withoutANSI returns msg after one leading colour code, if it starts with one.
func withoutANSI(msg []byte) []byte {
	if len(msg) < 4 || msg[0] != 0x1b || msg[1] != '[' {
		return msg
	}
	if end := bytes.IndexByte(msg[:min(len(msg), 10)], 'm'); end > 0 {
		return msg[end+1:]
	}
	return msg
}
