package enrich

import (
	"encoding/json"
	"fmt"
	"strings"
	"unsafe"
)

// failed stands in place of a value that could not be searched for secrets.
const failed = "[redaction failed]"

// A Redactor replaces secrets and base64 media in text and JSON. It has no state
// but its rules and may be used by any number of goroutines.
type Redactor struct {
	rules *rules
}

// NewRedactor returns a Redactor that also knows the given secrets. Blank ones
// are ignored; one of fewer than 4 bytes is ErrSecret.
func NewRedactor(known ...string) (*Redactor, error) {
	var all []rule
	for i, secret := range known {
		secret = strings.TrimSpace(secret)
		if secret == "" {
			continue
		}
		if len(secret) < 4 {
			return nil, fmt.Errorf("known secret %d: %w", i+1, ErrSecret)
		}
		all = append(all, knownRules(secret)...)
	}
	return &Redactor{rules: newRules(append(all, textRules()...))}, nil
}

// Text returns s with secrets and media replaced. It never fails.
func (r *Redactor) Text(s string) string {
	p := pass{r: r}
	return p.text(s)
}

// JSON returns raw with secrets and media replaced inside its strings, and the
// values of members whose names say that they are secret. What has none is
// returned as it is, byte for byte. What is not JSON becomes "[redaction failed]".
// An empty raw stays empty.
func (r *Redactor) JSON(raw json.RawMessage) json.RawMessage {
	p := pass{r: r}
	return p.json("", raw)
}

// A pass is one exchange's way through a Redactor: how to go about it, and what
// was found.
type pass struct {
	r     *Redactor
	keep  bool     // unknown secrets may stay
	own   [][]byte // values of this request's own secret headers
	count Counts
}

// text returns s with secrets and media replaced.
func (p *pass) text(s string) string {
	// Nearly all texts are clean, and bytes changes none: no copy is needed.
	out, changed := p.bytes(unsafe.Slice(unsafe.StringData(s), len(s)))
	if !changed {
		return s
	}
	return string(out)
}

// bytes is text for bytes; it does not change s.
func (p *pass) bytes(s []byte) ([]byte, bool) {
	out, changed := p.scan(s)
	for _, secret := range p.own {
		next, more := replaceWord(out, secret)
		if more {
			out, changed = next, true
			p.count.Secrets++
		}
	}
	return out, changed
}

// json returns raw redacted; name is the member that it is the value of.
func (p *pass) json(name string, raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return raw
	}
	w := walker{p: p, raw: raw}
	out, ok := w.walk(name)
	if !ok {
		p.count.Failed++
		return json.RawMessage(`"` + failed + `"`)
	}
	return out
}
