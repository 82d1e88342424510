package parse

import (
	"bytes"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"tailer"
	"tailer/parse/pyrepr"
)

// A Parser turns the lines of one log into records, in two halves: one cuts the lines
// into frames, the other decodes these. It keeps the two streams of a container
// apart: each has its own unfinished record. It is not safe for concurrent use, but
// for Cut and Found beside what Found returned.
type Parser struct {
	cutter

	clock       *Clock
	decoded     Counts // of decoding
	reader      *pyrepr.Reader
	known       [4]knownHeaders
	nextKnown   int
	records     []tailer.Record
	deployments deployments
	vouched     vouched
	suspects    []tailer.Record // oldest first, at most maxHeld
	spare       chan *found
}

// New returns a parser that reads stamps by the given clock.
func New(clock *Clock) *Parser {
	p := &Parser{clock: clock, spare: make(chan *found, spares), reader: pyrepr.New(nil)}
	p.reader.Remember()
	for i := range p.framers {
		p.framers[i] = &framer{twins: newTwins(), counts: &p.framed, emit: p.emit, found: &p.found, trust: &p.trust}
	}
	return p
}

// Counts returns the counters so far.
func (p *Parser) Counts() Counts {
	c := p.framed
	c.Damaged += p.decoded.Damaged
	c.Repaired += p.decoded.Repaired
	c.Suspect += p.decoded.Suspect
	return c
}

// Feed takes the next line and returns the records that it completed, in order.
// A text record is complete when the next one starts. The returned slice is
// valid until the next call; the records in it share no memory with the line.
func (p *Parser) Feed(l *tailer.Line) []tailer.Record {
	p.records = p.records[:0]
	p.line(l)
	return p.records
}

// Flush returns the records that were waiting for a next line, as at the end of
// the input or after a pause in it.
func (p *Parser) Flush() []tailer.Record {
	p.records = p.records[:0]
	p.flush()
	return p.records
}

// emit takes what a framer has cut.
func (p *Parser) emit(f *frame) {
	f.lossy = p.lossy
	if p.found != nil {
		p.found.add(f)
		return
	}
	p.take(f)
}

// take decodes a frame. What cannot be read is counted; it never makes a record.
func (p *Parser) take(f *frame) {
	r := tailer.Record{Kind: f.form.kind, Coarse: f.coarse, Unstamped: f.unstamped, Stream: f.stream, Pos: f.pos}
	f.stamp.date(p.clock, &r)
	if p.decode(f, &r) {
		if r.Kind == tailer.KindArguments && r.CallID == "" {
			r.Raw = bytes.Clone(f.raw)
		}
		if f.lossy {
			leaveOut(&r)
		}
		p.admit(&r, f.suspect)
	}
}

func (p *Parser) decode(f *frame, r *tailer.Record) bool {
	text := f.text
	switch f.form.decode {
	case asKwargs:
		ok := p.decodeKwargs(text[len(f.form.prefix)-1:], r)
		r.Call.Langfuse = strings.HasPrefix(f.form.prefix, "Langfuse ")
		return ok
	case asPayload:
		return p.decodePayload(text, r)
	case asArguments:
		return p.decodeArguments(text, r)
	case asDetails:
		return p.decodeDetails(text, r)
	case asInside:
		return p.decodeInside(text, r)
	case asBody:
		return p.decodeBody(text, f.raw, r)
	case asHeaders:
		r.Request.Headers = p.headers(p.repr(text[len(f.form.prefix):], nil))
		r.Raw = bytes.Clone(f.raw)
		return r.Request.Headers != nil
	case asUnchecked:
		r.Raw = bytes.Clone(f.raw)
		return p.decodeUnchecked(text[len(uncheckedStart):], r)
	case asFoundUser:
		r.Raw = bytes.Clone(f.raw)
		return decodeFoundUser(text, r)
	case asFailure:
		if !readFailure(text, r) {
			return false
		}
		r.Raw = bytes.Clone(f.raw)
		return true
	case asBadBody:
		r.Raw = bytes.Clone(f.raw)
		message, _, _ := bytes.Cut(text, []byte("\n"))
		if _, detail, ok := bytes.Cut(message, []byte("received: ")); ok {
			r.Failure.Message = string(detail)
		}
		r.Failure.Status = 400
		return true
	case asMark:
		if hasPrefix(text, "Lazy-loaded") {
			r.Function = "load"
		} else if hasPrefix(text, "Transfer") {
			r.Function = "cut"
		}
		return true
	case asChunk, asPiece:
		return p.decodePiece(text, f.form, r)
	case asEvents:
		return p.decodeEvents(text, f.form, r)
	case asPrepared:
		return p.decodePrepared(text[len(f.form.prefix)-1:], r)
	case asAnswer:
		ok := p.decodeAnswer(text[len(f.form.prefix):], r)
		p.created(r)
		return ok
	case asRawAnswer:
		ok := decodeRawAnswer(text[min(len(text), len(f.form.prefix)):], r)
		p.created(r)
		return ok
	case asCounted:
		return hasPrefix(f.raw, jsonStart) && p.decodeCounted(text[len(countedStart):], r)
	case asDeployments:
		p.readDeployments(text[len(f.form.prefix):])
		return false
	case asCost:
		return decodeCost(text[len(f.form.prefix):], r)
	case asModelCost:
		mark := bytes.LastIndex(text, []byte("; cost="))
		return mark > 0 && decodeCost(text[mark+len("; cost="):], r)
	case asDisconnect:
		r.CallID = string(bytes.TrimSpace(text[len(f.form.prefix):]))
		return isID(r.CallID)
	case asAccess:
		if !readAccess(text, r) {
			return false
		}
		r.Raw = bytes.Clone(f.raw)
		return true
	}
	return false
}

// decodeKwargs reads a callback's dump of a call.
func (p *Parser) decodeKwargs(text []byte, r *tailer.Record) bool {
	var k kwargs
	if err := p.readKwargs(text, &k); err != nil {
		p.decoded.Damaged++
	}
	if !isID(k.callID) {
		return false
	}
	k.fill(r)
	p.anchor(r)
	return true
}

// decodePayload reads a StandardLoggingPayload that the log prints as JSON.
func (p *Parser) decodePayload(text []byte, r *tailer.Record) bool {
	doc, ok := readPayload(text)
	if !ok {
		p.decoded.Damaged++
		return false
	}
	k := kwargs{payload: doc, hasPayload: true, callID: doc.callID}
	if doc.callID == "" && doc.bearsCallID() {
		k.callID = doc.id
	}
	k.fill(r)
	for _, h := range r.Request.Headers {
		if r.CallID == "" && h.Name == "x-litellm-call-id" && isID(h.Value) {
			r.CallID = h.Value // honoured by all versions that log these headers
		}
	}
	if r.CallID == "" {
		r.Raw = bytes.Clone(text)
	}
	p.anchor(r)
	return true
}

func latest(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}

// decodeBody reads the client's body as JSON.
func (p *Parser) decodeBody(text, written []byte, r *tailer.Record) bool {
	r.Raw = bytes.Clone(written)
	open := bytes.IndexByte(text, '{')
	if open < 0 {
		return true // "payload too large to log"
	}
	doc := text[open:]
	if end := bytes.LastIndexByte(doc, '}'); end > 0 {
		doc = doc[:end+1]
	}
	if !gjson.ValidBytes(doc) {
		p.decoded.Damaged++
		return true
	}
	r.Request.Body = tailer.Fields{}
	gjson.Parse(view(doc)).ForEach(func(key, value gjson.Result) bool {
		if key.Str == "metadata" {
			r.Request.Metadata = withoutKeyOwner(raw(value))
			return true
		}
		if v := raw(value); v != nil {
			r.Request.Body = append(r.Request.Body, tailer.Field{Name: strings.Clone(key.Str), Value: v})
		}
		return true
	})
	return true
}

// withoutKeyOwner removes the one member that LiteLLM adds to the body's
// metadata before it logs them (1.84 and later).
func withoutKeyOwner(m []byte) []byte {
	var kept tailer.Fields
	gjson.Parse(view(m)).ForEach(func(key, value gjson.Result) bool {
		if key.Str != "user_api_key_user_id" {
			kept = append(kept, tailer.Field{Name: key.Str, Value: raw(value)})
		}
		return true
	})
	if len(kept) == 0 {
		return nil
	}
	return kept.JSON()
}

// decodeFoundUser reads `found user "…" in header "…"`.
func decodeFoundUser(text []byte, r *tailer.Record) bool {
	rest := text[len(`found user "`):]
	mark := bytes.LastIndex(rest, []byte(`" in header "`))
	if mark <= 0 {
		return false
	}
	header := bytes.TrimRight(rest[mark+len(`" in header "`):], "\" \n")
	r.Request.FoundUser, r.Request.FoundHeader = string(rest[:mark]), string(bytes.ToLower(header))
	return len(header) > 0
}
