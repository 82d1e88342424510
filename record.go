package tailer

import (
	"encoding/json"
	"time"
)

// Kind is the sort of a log record, told by the text it starts with.
type Kind uint8

// The kinds of records that say something about a request. parse/kinds.go has
// the table of prefixes and versions.
const (
	KindOther         Kind = iota
	KindCall               // a callback's dump of everything LiteLLM knows about one call
	KindPayload            // a StandardLoggingPayload
	KindArguments          // litellm.<fn>(…), one per attempt
	KindDetails            // all that LiteLLM knows of a call that does not start
	KindBody               // the client's body as received
	KindHeaders            // the client's headers
	KindPrepared           // body and headers after LiteLLM's pre-call work, without a call id
	KindFoundUser          // the user that LiteLLM found in a header
	KindFailure            // the error that the client is told
	KindStreamFailure      // an error inside a stream whose status was already sent
	KindRefused            // the key was refused
	KindBadBody            // the body was not JSON
	KindDisconnect         // the client hung up
	KindAttempt            // the router's outcome of one attempt: "200 OK" or an exception
	KindAccess             // uvicorn's access line
	KindChunk              // a piece of a streamed answer, with the answer's id
	KindAnswer             // the router's answer to an attempt; of a stream only that it began
	KindRawAnswer          // the provider's answer
	KindPiece              // a piece of a streamed answer, without an id
	KindLogged             // LiteLLM has logged a success: nothing more comes of it
	KindCost               // what an answer cost
	KindRedate             // the clock was set: times since Since move by Shift
	KindArrival            // a request has reached the proxy; it does not say which
	KindRouted             // a request is handed to the router; it does not say which
	KindCounted            // a prompt, or the answer to it, whose tokens LiteLLM counted
	KindUnchecked          // the client's headers, before its key is checked
	KindMaybeAccess        // what is uvicorn's access line, or somebody's text
)

// String returns the kind's name as metrics and --dry-run print it.
func (k Kind) String() string {
	names := [...]string{"other", "call", "payload", "arguments", "details", "body", "headers", "prepared", "found-user", "failure",
		"stream-failure", "refused", "bad-body", "disconnect", "attempt", "access", "chunk", "answer", "raw-answer", "piece", "logged", "cost", "redate", "arrival", "routed", "counted", "unchecked", "maybe-access"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Outcome tells how an upstream attempt ended.
type Outcome uint8

// The outcomes. The zero value means that the record does not say.
const (
	OutcomeUnknown Outcome = iota
	OutcomeSuccess
	OutcomeFailure
)

// FunctionCached is the function of details about a call that has begun, which say
// whether its answer may be in a cache.
const FunctionCached = "cache"

// A Record is what one log record states. Only the fields that its kind carries
// are set; a record never says more than its text.
type Record struct {
	Kind   Kind
	Time   time.Time // when the proxy wrote it, UTC; zero when the log does not tell
	Coarse bool      // Time is exact to a second only
	// Suspect says that the record may be text that a client or a provider wrote: it
	// can add to a request, but not make one.
	Suspect bool
	// Unstamped says that the record bears no stamp: Time is the one before it.
	Unstamped bool
	Stream    Stream
	Writer    string // of its lines: see Line
	CallID    string
	// TraceID is LiteLLM's own id for a request with all its attempts. Payloads
	// up to 1.80 have it in place of a call id; a session id may stand in its
	// place, shared by many requests.
	TraceID string
	Pos     Position // from its first line to its last
	Raw     []byte   // its text as written; only for kinds that can occur without a call id

	Request Request // KindCall, KindArguments, KindBody, KindHeaders, KindPrepared, KindFoundUser, KindUnchecked, KindAccess
	Call    Call    // KindCall, KindPayload, KindArguments, KindAttempt
	Key     Key

	// Hint is what KindArguments, and KindPayload without a call id, state of content
	// and user as LiteLLM passes them on: good to compare by, not to report.
	Hint     Fields
	Function string // KindArguments, KindAttempt: "acompletion", …; KindDetails: FunctionCached, or ""
	Failure  Failure
	Status   int           // KindAccess: HTTP status sent
	Shift    time.Duration // KindRedate: whole days
	Since    time.Time     // KindRedate: times before it stay; zero: none does
}

// A Call is what one record knows about one upstream attempt.
type Call struct {
	Outcome    Outcome
	ReceivedAt time.Time // when the proxy received the request
	Start      time.Time
	End        time.Time
	FirstToken time.Time // streams only
	CallType   string
	Streamed   bool
	Upstream   bool // a deployment was chosen
	Refused    bool // the request never reached the router
	SinceCall  bool // stated by a version that names the call id in payloads (1.84 and later)
	Since98    bool // stated by 1.98 or later
	// Renamed says that ResponseModel is the name that the client was told, not the
	// provider's: that of the group which answered, or was asked for. AsAsked says
	// that it is the latter even if a fallback answered.
	Renamed, AsAsked bool
	// OnlySuccess says that the version prints no payload of a failure (1.82 and later).
	OnlySuccess bool
	// Failed is how many attempts failed before this one, and FellBack whether
	// another model group answered, where the record states it; Failed is -1
	// where it does not.
	Failed   int
	FellBack bool

	Model         string // with LiteLLM's provider prefix
	ModelGroup    string
	ModelID       string
	Provider      string
	LiteLLM       string // LiteLLM's version
	Langfuse      bool   // the record is that of LiteLLM's own langfuse callback
	TraceID       string // `trace_id` of the payload: the session's id (1.84 and later), else LiteLLM's own
	ResponseID    string
	ResponseModel string
	CacheHit      bool

	Response json.RawMessage
	Usage    json.RawMessage

	CostTotal, CostInput, CostOutput *float64

	LeftOut []string // why times or costs that the record states are not set

	Failure Failure
	Lost    bool // the answer is left out, for characters of it are lost
	Private bool // the record shows that message logging is off
	HungUp  bool // the client hung up before the end of the answer
}

// A Failure is an error as LiteLLM words it.
type Failure struct {
	Class   string // "RateLimitError"; "" when the text does not name one
	Message string // whole text, class prefix included
	Status  int    // HTTP status that the text or its class implies; 0 when neither does
}
