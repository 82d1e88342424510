package selftest

import "strings"

// Seen is what one place holds of a probe: headers and metadata by name, and whom
// and which session it names. The zero value is a place that does not have it.
type Seen struct {
	There         bool
	Names         map[string]string // by lower-case name
	User, Session string
}

// Verdict is what became of one field at one place.
type Verdict string

// The verdicts.
const (
	Arrived Verdict = "ok"
	Absent  Verdict = "missing"
	Altered Verdict = "other value"
	Hidden  Verdict = "hidden" // as the operator wants it
	Nothing Verdict = "-"      // the place does not have the request at all
)

// A Line is what became of one field.
type Line struct {
	Field   string    `json:"field"`
	Sent    string    `json:"sent"`
	Results []Verdict `json:"results"` // one for each place
}

// Compare tells for every field of a probe where it arrived. The last two lines are
// the user and the session that a trace should bear: the e-mail address and the
// session id, as tailer's default lists have it; hidden says that the operator wants
// people hashed or dropped, so that a value that is not there was not lost.
func Compare(p *Probe, hidden bool, places ...Seen) []Line {
	lines := make([]Line, 0, len(p.Fields)+2)
	value := func(name string) string {
		for _, f := range p.Fields {
			if f.Name == name {
				return f.Value
			}
		}
		return ""
	}
	for _, f := range p.Fields {
		line := Line{Field: f.Name, Sent: f.Value}
		for _, place := range places {
			line.Results = append(line.Results, place.judge(place.Names[strings.ToLower(f.Name)], f.Value, hidden))
		}
		lines = append(lines, line)
	}
	for _, role := range []struct {
		name, value string
		of          func(Seen) string
	}{
		{"user", value("X-OpenWebUI-User-Email"), func(s Seen) string { return s.User }},
		{"session", value("X-OpenWebUI-Session-Id"), func(s Seen) string { return s.Session }},
	} {
		line := Line{Field: role.name, Sent: role.value}
		for _, place := range places {
			line.Results = append(line.Results, place.judge(role.of(place), role.value, hidden))
		}
		lines = append(lines, line)
	}
	return lines
}

func (s Seen) judge(got, want string, hidden bool) Verdict {
	switch {
	case !s.There:
		return Nothing
	case got == want:
		return Arrived
	case hidden:
		return Hidden
	case got == "":
		return Absent
	}
	return Altered
}
