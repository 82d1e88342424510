package parse

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"strconv"
	"time"

	"tailer"
)

// LiteLLM prints some texts of clients and providers as they are: errors, answers
// whose tokens it counts, model names. In a text log a line of such a text can
// look like a record, down to the colours. What gives it away is that its writer
// can't see the log: it can't know where in the proxy's memory an object lies,
// nor the random id of anybody's call.
//
// So after a record that may hold raw text, all that follows is suspect until a
// record states an address that was known before (a mark). A suspect record that
// names a call counts once a record that is not suspect names it too, or states
// the same headers; without these headers it tells nobody, nor how a call ended whose
// id a client chose. One without a call id counts as it is: it can add to a request
// but not make one. In a coloured log, lines without colour are no records, nor
// the other way round. A log below DEBUG has no marks, but no records of that level
// either: what looks like one there is text. Stamps of suspect records date nothing but
// themselves. In JSON logs none of this is needed: JSON has no raw line breaks.
type trust struct {
	heads    int  // heads that had the log's colour
	coloured bool // heads are coloured, as the first one was
	others   int  // heads of the other kind since the last one of this log's
	traced   bool // errors are told with a traceback
	kwargs   bool // the router's calls are told with their kwargs: up to 1.98
	marks    recent
	names    names
	volume   volume
	stdout   bool // a line was of stdout: others tell that they are not
}

// vouched is what records stated that are not suspect.
type vouched struct {
	ids     recent       // call ids
	chosen  recent       // call ids that clients chose, and can know: suspect records tell of these, too
	headers recentHashes // of headers
}

// states reports whether headers are those of such a record.
func (v *vouched) states(headers []tailer.Header) bool {
	return headers != nil && v.headers.has(hashOf(headers))
}

// otherHeads is how many heads of the other kind there are in a row before a log
// counts as one that another version writes now: 1.103 stopped colouring files.
const otherHeads = 200

// ofThisLog reports whether a head is coloured as this log's heads are.
func (t *trust) ofThisLog(h *head) bool {
	if t.heads == 0 || t.others >= otherHeads {
		t.coloured, t.heads, t.others = h.coloured, 0, 0
	}
	if h.coloured != t.coloured {
		t.others++
		return false
	}
	t.heads, t.others = t.heads+1, 0
	return true
}

// markPrefixes begin records that name objects which live as long as the proxy,
// and hold nothing of a client's. DEBUG; LiteLLM 1.61 and later, the second up to 1.109.
var markPrefixes = []string{
	"Initialized litellm callbacks, ", "async function w/ retries: original_function - <bound", "Checking if <", "Logging Details LiteLLM-",
}

// sessionMark begins a mark of a log that has others: the address, in decimal, of the
// session that all requests share, before a request is handed to the router. The
// router states none itself since 1.110. At INFO, where some requests have no such
// record, it is no mark. sessionArgument is how the record of an attempt states the
// same, on one line with all that it holds of a client, whose line breaks are escaped.
const (
	sessionMark     = "SESSION REUSE: Attached shared aiohttp session to request (ID: "
	sessionArgument = ", shared_session="
	sessionObject   = "<aiohttp.client.ClientSession object at 0x"
)

// markedSession returns the address that a session's mark states, "" for other messages.
func markedSession(msg []byte) string {
	rest, ok := bytes.CutPrefix(msg, []byte(sessionMark))
	if !ok {
		return ""
	}
	digits, _, _ := bytes.Cut(rest, []byte(")"))
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return ""
	}
	return strconv.FormatUint(n, 16)
}

// attemptsSession returns the address of the session that an attempt states, "" for
// other messages.
func attemptsSession(msg []byte) string {
	if !hasPrefix(msg, "litellm.a") {
		return ""
	}
	before, rest, ok := bytes.Cut(msg, []byte(sessionObject)) // which begins with a rarer byte than its name
	if !ok || !bytes.HasSuffix(before, []byte(sessionArgument)) {
		return ""
	}
	hex, _, _ := bytes.Cut(rest, []byte(">"))
	return string(hex)
}

// addressesOf calls each with the addresses in a mark.
func addressesOf(msg []byte, each func(string)) {
	const sign, digits = " at 0x", 12
	msg = msg[:min(len(msg), 8<<10)]
	for {
		i := bytes.Index(msg, []byte(sign))
		if i < 0 {
			return
		}
		msg = msg[i+len(sign):]
		n := 0
		for n < len(msg) && isHex(msg[n]) {
			n++
		}
		if n >= digits-2 {
			each(string(msg[:n]))
		}
	}
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }

// seen takes the message of a head and returns whether what comes after it is as
// suspect as before: a mark that is known ends suspicion, a new one is learned
// where there is none.
func (t *trust) seen(msg []byte, tainted bool) bool {
	if t.marks.young != nil {
		switch address := markedSession(msg); {
		case tainted:
			if address = cmp.Or(address, attemptsSession(msg)); address != "" {
				return !t.marks.has(address)
			}
		case address != "":
			t.marks.add(address)
		}
	}
	for _, prefix := range markPrefixes {
		if !hasPrefix(msg, prefix) {
			continue
		}
		if tainted {
			addressesOf(msg, func(address string) { tainted = tainted && !t.marks.has(address) })
		} else if !t.volume.quiet {
			addressesOf(msg, t.marks.add)
		}
		break
	}
	return tainted
}

// known reports whether a message is a mark that was seen before.
func (t *trust) known(msg []byte) bool { return t.marks.young != nil && !t.seen(msg, true) }

// rawForms are records that hold text as a client or provider wrote it, by how
// they begin, and what stands in them after that text: where it is there, the
// text has no line break.
var rawForms = []struct{ begin, after string }{
	{"litellm.router.py::async_function_with_fallbacks() - Error", ""},
	{"An error occurred: ", ""},
	{"Traceback", ""}, // of an error, with a traceback or, since 1.110, without
	{"messages in token_counter: None, text in token_counter: ", ""},
	{"OUTPUT IN LANGFUSE: ", "; original: "},
	{"No model group info found for ", ", assuming it has cost"},
	{"routing_group=", " strategy="},
	{"No fallback model group found ", " Fallbacks="},
	{"get_available_deployment for model: ", ", Selected deployment: "},
	{"model=", ", custom_llm_provider="},
	{"Failed to parse 'metadata' as JSON dict. ", ""},
	{"Failed to parse 'litellm_metadata' as JSON dict. ", ""},
	{"Fallback also failed: ", ""},
	{"Falling back to model_group = ", ""},
	{"Ignoring per-request routing_strategy override '", "'; supported overrides: "},
	{"Repaired truncated tool call arguments for tool '", " chars): "},
	{"Looking up cost for models: ", ""},
	{"litellm.cost_calculator.py::completion_cost() - Error ", ""},
	{"Unmapped finish_reason '", "', defaulting to "},
}

// mayBeRaw reports whether a record's text may hold line breaks that others chose.
func mayBeRaw(msg []byte) bool {
	for _, form := range rawForms {
		if hasPrefix(msg, form.begin) {
			return form.after == "" || !bytes.Contains(msg, []byte(form.after))
		}
	}
	if tellsError(msg) {
		return true
	}
	if hasPrefix(msg, "litellm.a") {
		_, rest, ok := bytes.Cut(msg[:min(len(msg), 200)], []byte("(model="))
		return ok && bytes.Contains(rest, []byte(" Exception "))
	}
	return false
}

// warns reports whether a level is that of warnings or above, in which LiteLLM quotes
// what it could not make sense of.
func warns(level []byte) bool { return string(level) != "DEBUG" && string(level) != "INFO" }

// tellsError reports whether a record tells the error of a request, by whatever function
// of the proxy but that which checks keys.
func tellsError(msg []byte) bool {
	return hasPrefix(msg, proxyError) && bytes.Contains(msg[:min(len(msg), 160)], []byte("(): Exception occured - ")) && !tellsRefusal(msg)
}

// tellsRefusal reports whether a record tells that a key was refused. It may quote the
// model that was asked for, but what follows it is mostly as it seems.
func tellsRefusal(msg []byte) bool {
	return hasPrefix(msg, proxyError+"user_api_key_auth(): Exception")
}

const proxyError = "litellm.proxy.proxy_server."

// cutsModel reports whether a record of the router's call breaks off in the model's name,
// which a client chooses. What follows the name in a log shows in its other records.
func (t *trust) cutsModel(msg []byte) bool {
	if !hasPrefix(msg, "Inside _") && !hasPrefix(msg, "Inside ageneric_api_call_with_fallbacks()") {
		return false
	}
	whole := bytes.Contains(msg, []byte("; kwargs: {"))
	t.kwargs = t.kwargs || whole
	return t.kwargs && !whole
}

// rawEnds are how some of the other records of rawForms end where all of their raw text
// has been passed.
var rawEnds = [][]byte{[]byte("\x1b[0m"), []byte("--debug`"), []byte("; original: None")}

// passed reports whether a record's last line shows that its raw text is over.
func passed(last []byte) bool {
	if hasPrefix(last, "Cooldown Deployments=") {
		return true
	}
	for _, end := range rawEnds {
		if bytes.HasSuffix(last, end) {
			return true
		}
	}
	return false
}

// told reports whether the text of an error record is whole: its words, then a
// traceback that ends in the same words.
func told(text []byte) bool {
	_, words, ok := bytes.Cut(text, []byte("Exception occured - "))
	if !ok {
		return false
	}
	words, trace, ok := bytes.Cut(words, []byte("\nTraceback (most recent call last):\n"))
	return ok && bytes.HasSuffix(bytes.TrimRight(trace, "\n"), bytes.TrimRight(words, "\n"))
}

// headerSeed is of hashOf, whose hashes do not outlive the process.
var headerSeed = maphash.MakeSeed()

// hashOf hashes headers. Nobody who writes headers can know the seed.
func hashOf(headers []tailer.Header) uint64 {
	var h maphash.Hash
	h.SetSeed(headerSeed)
	for _, header := range headers {
		_, _ = h.WriteString(header.Name) // a hash takes everything
		_ = h.WriteByte(0)
		_, _ = h.WriteString(header.Value)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// A recentSet forgets its oldest members.
type recentSet[T comparable] struct {
	young, old map[T]struct{}
}

type (
	recent       = recentSet[string]
	recentHashes = recentSet[uint64]
)

const maxRecent = 20_000

func (r *recentSet[T]) has(member T) bool {
	_, young := r.young[member]
	_, old := r.old[member]
	return young || old
}

func (r *recentSet[T]) add(member T) {
	if r.young == nil {
		r.young = map[T]struct{}{}
	}
	if len(r.young) >= maxRecent {
		r.old, r.young = r.young, map[T]struct{}{}
	}
	r.young[member] = struct{}{}
}

// maxHeld bounds the suspect records that wait for their call ids to be known.
const maxHeld = 64

// admit takes a decoded record. Those that nothing vouches for wait or are left
// out, and are counted.
func (p *Parser) admit(r *tailer.Record, suspect, doubtful bool) {
	if doubtful {
		p.askVouched(r)
		// What else it says of the request, another record says whole, if any does.
		r.Key, r.Request.Body, r.Request.Metadata = tailer.Key{}, nil, nil
	}
	for _, h := range r.Request.Headers {
		if h.Name == "x-litellm-call-id" {
			p.vouched.chosen.add(h.Value)
		}
	}
	switch {
	case !suspect:
		if r.Request.Headers != nil {
			p.vouched.headers.add(hashOf(r.Request.Headers))
		}
		if r.CallID != "" && !p.vouched.ids.has(r.CallID) {
			p.vouched.ids.add(r.CallID)
			p.vouch(r.CallID)
		}
	case r.CallID == "":
		r.Suspect = true
	case r.Kind == tailer.KindDetails:
		r.Request, r.Key, r.Call.Start = tailer.Request{}, tailer.Key{}, time.Time{} // it makes no request
	case p.vouched.ids.has(r.CallID):
		if !p.believe(r) {
			p.decoded.Suspect++
			return
		}
	case p.vouched.states(r.Request.Headers):
		p.vouched.ids.add(r.CallID)
		p.vouch(r.CallID)
	default:
		if len(p.suspects) == maxHeld {
			p.suspects = append(p.suspects[:0], p.suspects[1:]...)
		}
		p.decoded.Suspect++
		p.suspects = append(p.suspects, *r)
		return
	}
	p.records = append(p.records, *r)
}

// believe reports whether a suspect record counts whose call id is vouched for. An id is
// known to whoever chose it, and it may be chosen for what was written before.
func (p *Parser) believe(r *tailer.Record) bool {
	whole := r.Kind == tailer.KindCall || r.Kind == tailer.KindPayload
	if whole && p.vouched.chosen.has(r.CallID) && !p.vouched.states(r.Request.Headers) {
		return false
	}
	p.askVouched(r)
	return true
}

// askVouched takes out of a record who asked and for what, unless another record states
// the same headers.
func (p *Parser) askVouched(r *tailer.Record) {
	if !p.vouched.states(r.Request.Headers) {
		r.Request, r.Key = tailer.Request{}, tailer.Key{}
	}
}

// vouch hands out the suspect records of a call that turned out to be real.
func (p *Parser) vouch(id string) {
	kept := p.suspects[:0]
	for i := range p.suspects {
		if p.suspects[i].CallID != id {
			kept = append(kept, p.suspects[i])
			continue
		}
		if p.believe(&p.suspects[i]) {
			p.decoded.Suspect--
			p.records = append(p.records, p.suspects[i])
		}
	}
	clear(p.suspects[len(kept):])
	p.suspects = kept
}
