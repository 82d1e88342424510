package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"tailer"
)

// A Report is everything that was found.
type Report struct {
	Findings []Finding   `json:"findings"`
	Logs     []LogReport `json:"logs,omitempty"`
	Fixed    []Fixed     `json:"corrected,omitempty"`
	Server   string      `json:"langfuse,omitempty"` // which Langfuse was looked at, or why none was

	// NameRefused puts into LiteLLM's corrected configuration what names the users of
	// refused requests, even where it locks out clients.
	NameRefused bool `json:"-"`

	version     Version
	shown       shown
	first, last time.Time
}

// shown is what the logs show to be set already, beside LiteLLM's configuration.
type shown struct{ payloads, json, text bool }

// A LogReport is what was seen in one log.
type LogReport struct {
	Name string `json:"name"`
	Facts
}

// A Fixed is a file without what was found in it.
type Fixed struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// Add adds findings.
func (r *Report) Add(findings []Finding) { r.Findings = append(r.Findings, findings...) }

// AddLog adds what a log shows. given wins over the version that it tells.
func (r *Report) AddLog(l *Log, about Input, given Version) {
	r.Add(l.Findings(about, given))
	r.Logs = append(r.Logs, LogReport{l.name, l.Facts()})
	if v := l.Version(); v.Known() {
		r.version = v
	}
	r.shown.payloads = r.shown.payloads || l.kinds[tailer.KindPayload] > 0
	r.shown.json, r.shown.text = r.shown.json || l.json > 0, r.shown.text || l.text > 0
	first, last := l.requests.first, l.requests.last
	if r.first.IsZero() || !first.IsZero() && first.Before(r.first) {
		r.first = first
	}
	if last.After(r.last) {
		r.last = last
	}
}

// Range returns the start of the first and of the last request of all logs; zero
// if there was none.
func (r *Report) Range() (first, last time.Time) { return r.first, r.last }

// Version returns what the last log told of LiteLLM's version.
func (r *Report) Version() Version { return r.version }

// AddLiteLLM adds what is wrong with a LiteLLM configuration, and a corrected
// one. The error says why there is no corrected one; the findings are there all
// the same.
func (r *Report) AddLiteLLM(name string, text []byte, v Version, both bool) error {
	c, err := ReadLiteLLM(name, text)
	if err != nil {
		r.Add([]Finding{Unreadable(name, err)})
		return nil
	}
	c.nameRefused, c.shown = r.NameRefused, r.shown
	findings := c.Findings(v, both)
	r.Add(findings)
	if len(findings) == 0 {
		return nil
	}
	fixed, err := c.Fixed(v)
	if err != nil {
		return err
	}
	r.Fixed = append(r.Fixed, Fixed{name, fixed})
	return nil
}

// AddOpenWebUI adds what is wrong with an Open WebUI's environment, and a
// corrected one.
func (r *Report) AddOpenWebUI(w *OpenWebUI) {
	findings := w.Findings()
	r.Add(findings)
	if len(findings) > 0 {
		r.Fixed = append(r.Fixed, Fixed{w.name, w.Fixed()})
	}
}

// Problems counts the findings that are worse than advice.
func (r *Report) Problems() int { return Problems(r.Findings) }

// Print writes the report, worst findings first.
func (r *Report) Print(w io.Writer, asJSON bool) error {
	Sort(r.Findings)
	if asJSON {
		if r.Findings == nil {
			r.Findings = []Finding{}
		}
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	var b strings.Builder
	for _, l := range r.Logs {
		fmt.Fprintf(&b, "%s: LiteLLM %s; %s", l.Name, l.LiteLLM, plural(l.Requests, "request"))
		if l.Requests > 0 {
			fmt.Fprintf(&b, ", %d with a user, %d with a session; %d bytes of log for each", l.WithUser, l.WithSession, l.BytesPerRequest)
		}
		b.WriteString("\n")
	}
	if r.Server != "" {
		fmt.Fprintf(&b, "Langfuse: %s\n", r.Server)
	}
	problems := r.Problems()
	fmt.Fprintf(&b, "%s, %s\n", plural(problems, "problem"), pieces(len(r.Findings)-problems))
	for i := range r.Findings {
		f := &r.Findings[i]
		fmt.Fprintf(&b, "\n%s: %s\n  %s: %s\n", strings.ToUpper(string(f.Severity)), f.Title, f.Where, f.Says)
		if f.Change != "" {
			b.WriteString("  Change:\n    " + strings.ReplaceAll(f.Change, "\n", "\n    ") + "\n")
		}
		fmt.Fprintf(&b, "  More: %s\n", f.Page)
	}
	for _, f := range r.Fixed {
		fmt.Fprintf(&b, "\n# ---- %s, corrected ----\n%s", f.Name, f.Text)
	}
	_, err := io.WriteString(w, printable(b.String()))
	return err
}

func pieces(n int) string {
	if n == 1 {
		return "1 piece of advice"
	}
	return fmt.Sprintf("%d pieces of advice", n)
}

// printable takes out what a terminal would obey: names of headers and files are
// the log's and the user's.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return '?'
		}
		return r
	}, s)
}
