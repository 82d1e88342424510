package parse

import (
	"bytes"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"tailer"
	"tailer/parse/pyrepr"
)

// A decoder reads the texts of frames. What one says depends on no other, so several
// decoders may work beside each other, each for one goroutine.
type decoder struct {
	location  *time.Location // of naive times
	reader    *pyrepr.Reader
	known     [4]knownHeaders
	nextKnown int
	counts    Counts // of decoding
}

// A reading is what a frame says by itself: its record is not dated yet.
type reading struct {
	record tailer.Record
	ok     bool // it is a record
	// doubtful: where LiteLLM's redaction ate quotes, a prompt can go on as a dict, with
	// headers of its own. A text that cannot be read to its end, or that states something
	// twice, may have that in it.
	doubtful bool
	group    string // the model is that of this group's deployments, which the log lists before
}

func newDecoder(location *time.Location) *decoder {
	d := &decoder{location: location, reader: pyrepr.New(nil)}
	d.reader.Remember()
	return d
}

// read decodes a frame. What cannot be read is counted; it never makes a record.
func (d *decoder) read(f *frame, into *reading) {
	r := &into.record
	*r = tailer.Record{Kind: f.form.kind, Coarse: f.coarse, Unstamped: f.unstamped, Stream: f.stream, Pos: f.pos}
	into.group, into.doubtful = "", false
	if into.ok = d.decode(f, into); into.ok && r.Kind == tailer.KindArguments && r.CallID == "" {
		r.Raw = bytes.Clone(f.raw)
	}
}

func (d *decoder) decode(f *frame, into *reading) bool {
	text, r := f.text, &into.record
	switch f.form.decode {
	case asKwargs:
		ok := d.decodeKwargs(text[len(f.form.prefix)-1:], into)
		r.Call.Langfuse = strings.HasPrefix(f.form.prefix, "Langfuse ")
		return ok
	case asPayload:
		return d.decodePayload(text, r)
	case asArguments:
		return d.decodeArguments(text, into)
	case asDetails:
		return d.decodeDetails(text, r)
	case asInside:
		return d.decodeInside(text, into)
	case asBody:
		return d.decodeBody(text, f.raw, r)
	case asHeaders:
		r.Request.Headers = d.headers(d.repr(text[len(f.form.prefix):], nil))
		r.Raw = bytes.Clone(f.raw)
		return r.Request.Headers != nil
	case asUnchecked:
		r.Raw = bytes.Clone(f.raw)
		return d.decodeUnchecked(text[len(uncheckedStart):], r)
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
		return d.decodePiece(text, f.form, r)
	case asEvents:
		return d.decodeEvents(text, f.form, r)
	case asPrepared:
		return d.decodePrepared(text[len(f.form.prefix)-1:], r)
	case asAnswer:
		return d.decodeAnswer(text[len(f.form.prefix):], r)
	case asRawAnswer:
		return decodeRawAnswer(text[min(len(text), len(f.form.prefix)):], r)
	case asCounted:
		return hasPrefix(f.raw, jsonStart) && d.decodeCounted(text[len(countedStart):], r)
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
func (d *decoder) decodeKwargs(text []byte, into *reading) bool {
	var k kwargs
	err := d.readKwargs(text, &k)
	if err != nil {
		d.counts.Damaged++
	}
	into.doubtful = k.isDoubtful(err)
	if !isID(k.callID) {
		return false
	}
	k.fill(&into.record)
	return true
}

// decodePayload reads a StandardLoggingPayload that the log prints as JSON.
func (d *decoder) decodePayload(text []byte, r *tailer.Record) bool {
	doc, ok := readPayload(text)
	if !ok {
		d.counts.Damaged++
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
		if doc.messages != nil {
			r.Hint = tailer.Fields{{Name: "messages", Value: doc.messages}}
		}
	}
	return true
}

// decodeBody reads the client's body as JSON.
func (d *decoder) decodeBody(text, written []byte, r *tailer.Record) bool {
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
		d.counts.Damaged++
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

// isKeyOwner reports whether LiteLLM adds the member to the body's metadata before it
// logs them (1.84 and later; the team's with a database only).
func isKeyOwner(name string) bool {
	return name == "user_api_key_user_id" || name == "user_api_key_team_id"
}

// withoutKeyOwner removes what isKeyOwner says.
func withoutKeyOwner(m []byte) []byte {
	var kept tailer.Fields
	gjson.Parse(view(m)).ForEach(func(key, value gjson.Result) bool {
		if !isKeyOwner(key.Str) {
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
