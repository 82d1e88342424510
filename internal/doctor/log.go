package doctor

import (
	"bytes"
	"strings"
	"time"

	"tailer"
)

// Log gathers what a log shows. It is not safe for concurrent use; memory is
// bounded whatever the log holds.
type Log struct {
	name string

	lines      int64
	bytes      int64
	stderr     bool // a line that a container runtime marked as standard error
	text, json int64
	debug      int64 // records at DEBUG
	info       int64 // at INFO
	errors     int64 // at WARNING or above
	coloured   int64
	core       int64  // JSON records that name a logger of LiteLLM's
	plainJSON  int64  // JSON records that name none
	setVerbose int64  // notes that set_verbose is deprecated
	langfuse   bool   // LiteLLM's langfuse callback is on
	secrets    int64  // headers with a key or cookie in clear
	printed    int64  // printed calls with a key in clear
	banner     bool   // start-up lines in colours, as they are printed up to 1.106
	refusals   int64  // POSTs answered with a status of 400 or more
	withoutKey int64  // requests that had no key where LiteLLM was told to look
	keyHeader  string // where that is
	version    Version

	kinds    [256]int64
	inside   int64 // arguments records of the router, not of the core logger
	requests requests
}

// NewLog returns an empty Log; name is told in its findings.
func NewLog(name string) *Log { return &Log{name: name, requests: newRequests()} }

// Line takes a line, before it is parsed.
func (l *Log) Line(line *tailer.Line) {
	b := line.Bytes
	l.lines++
	l.bytes += int64(len(b)) + 1
	l.stderr = l.stderr || line.Stream == tailer.StreamStderr
	h, ok := headOf(b)
	if !ok {
		l.print(b)
		return
	}
	switch {
	case !h.json:
		l.text++
		if h.coloured {
			l.coloured++
		}
	case h.component == "":
		l.json++
		l.plainJSON++
	default:
		l.json++
		l.version.atLeast(81) // component and logger were added
		if strings.HasPrefix(h.component, "LiteLLM") {
			l.core++
		}
	}
	switch h.level {
	case "DEBUG":
		l.debug++
	case "INFO":
		l.info++
	case "WARNING", "ERROR", "CRITICAL":
		l.errors++
	}
	l.message(h)
}

// print takes a line that is no record: what LiteLLM prints, access lines, the
// rest of a record of several lines.
func (l *Log) print(b []byte) {
	const most = 400
	b = bytes.TrimPrefix(b, []byte("\x1b[92m"))
	short := b[:min(len(b), most)]
	switch {
	case bytes.HasPrefix(b, []byte("litellm.a")) && hasClearKey(b):
		l.printed++
	case bytes.HasPrefix(short, []byte("\x1b[32mLiteLLM: Proxy initialized with Config")):
		l.banner = true
	case bytes.Contains(short, []byte("Callbacks - [")) && bytes.Contains(short, []byte("'langfuse'")):
		l.langfuse = true
	case bytes.HasPrefix(bytes.TrimLeft(short, " "), []byte(`"cookie": "`)): // of a payload
		if value := bytes.TrimLeft(short, " ")[len(`"cookie": "`):]; !hidden(value) {
			l.secrets++
		}
	}
}

// message takes what the first words of a record's message tell.
func (l *Log) message(h head) {
	m := bytes.TrimPrefix(h.message, []byte("\x1b[92m"))
	starts := func(prefix string) bool { return bytes.HasPrefix(m, []byte(prefix)) }
	switch {
	case starts("No LiteLLM Virtual Key pass."):
		l.keyless(m)
	case starts("`litellm.set_verbose` is deprecated"):
		l.setVerbose++
	case starts("Langfuse Logging - Enters"), starts("Langfuse Layer Logging"):
		l.langfuse = true
	case starts(" Initialized Success Callbacks - ["):
		l.langfuse = l.langfuse || bytes.Contains(m, []byte("'langfuse'"))
		l.version.atLeast(99) // printed before
	case starts("Raw Headers: "):
		l.version.atLeast(81)
	case starts("receiving data: {"), starts("[PROXY] returned data from litellm_pre_call_utils"):
		l.version.below(103)
	case starts("Request Headers: "):
		if starts("Request Headers: Headers({") {
			l.version.below(84)
		}
		for _, name := range []string{"'authorization': '", "'cookie': '"} {
			if at := bytes.Index(m, []byte(name)); at >= 0 && !hidden(m[at+len(name):]) {
				l.secrets++
				break
			}
		}
	case starts("litellm.proxy.proxy_server."):
		if bytes.Contains(m[:min(len(m), 300)], []byte("Exception occured - litellm_call_id=")) {
			l.version.atLeast(99)
		}
	}
}

// hasClearKey reports whether LiteLLM printed its arguments with the provider's
// key in them, as its prints do up to 1.98: `, api_key='sk-…'`.
func hasClearKey(b []byte) bool {
	const mark = ", api_key='"
	at := bytes.Index(b, []byte(mark))
	return at >= 0 && !hidden(b[at+len(mark):])
}

// hidden reports whether a value was masked, or is none.
func hidden(value []byte) bool {
	value = bytes.TrimPrefix(value, []byte("Bearer "))
	const shown = 12
	value, _, _ = bytes.Cut(value[:min(len(value), shown)], []byte("'"))
	return len(value) == 0 || bytes.Contains(value, []byte("REDACT")) || bytes.Contains(value, []byte("**")) || bytes.HasPrefix(value, []byte("os.environ"))
}

// Record takes a record that tailer reads.
func (l *Log) Record(r *tailer.Record) {
	l.kinds[r.Kind]++
	switch r.Kind {
	case tailer.KindArguments:
		if strings.HasPrefix(r.Function, "inside ") {
			l.inside++
		}
	case tailer.KindArrival:
		l.version.atLeast(84)
	case tailer.KindFoundUser:
		l.version.atLeast(69)
	case tailer.KindAccess:
		if r.Request.Method == "POST" && r.Status >= 400 {
			l.refusals++
		}
	}
	if r.Call.LiteLLM != "" {
		if v, err := ParseVersion(r.Call.LiteLLM); err == nil {
			l.version = v
		}
	}
	switch {
	case r.Call.Since98:
		l.version.atLeast(98)
	case r.Call.SinceCall:
		l.version.atLeast(84)
	case r.Kind == tailer.KindPayload && r.CallID == "":
		l.version.below(84)
	}
}

// Exchange takes a request before it is enriched, for its headers.
func (l *Log) Exchange(x *tailer.Exchange) { l.requests.add(x) }

// Attributed takes the same request afterwards.
func (l *Log) Attributed(x *tailer.Exchange) { l.requests.attributed(x) }

// Version returns what the log tells of LiteLLM's version.
func (l *Log) Version() Version {
	v := l.version
	if v.Exact != "" {
		return v
	}
	const enough = 5
	if l.plainJSON >= enough && l.core == 0 {
		v.below(84)
	}
	// Colours are left out of files from 1.99 on. A log collector may take them out
	// too, so this counts only where nothing contradicts.
	switch {
	case l.text >= enough && l.coloured == 0:
		v.atLeast(99)
	case 2*l.coloured > l.text: // or a terminal, which docker run -t is
		v.below(102)
	case l.banner:
		v.below(109)
	}
	return v
}

// Facts is what was seen, for people and for JSON.
type Facts struct {
	LiteLLM         string    `json:"litellm"` // version, or what is known of it
	Lines           int64     `json:"lines"`
	Bytes           int64     `json:"bytes"`
	Requests        int       `json:"requests"`
	WithUser        int       `json:"requests_with_user"`
	WithSession     int       `json:"requests_with_session"`
	BytesPerRequest int64     `json:"bytes_per_request"`
	First           time.Time `json:"first,omitzero"`
	Last            time.Time `json:"last,omitzero"`
}

// Facts returns what was seen.
func (l *Log) Facts() Facts {
	f := Facts{
		LiteLLM: l.Version().String(), Lines: l.lines, Bytes: l.bytes, Requests: l.requests.all, WithUser: l.requests.withUser,
		WithSession: l.requests.withSession, First: l.requests.first, Last: l.requests.last,
	}
	if f.Requests > 0 {
		f.BytesPerRequest = f.Bytes / int64(f.Requests)
	}
	return f
}
