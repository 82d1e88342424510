package doctor

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says how much harm a finding does.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"   // requests, answers or users are missing, or wrong
	Warning Severity = "warning" // works, but not as intended, or not safely
	Advice  Severity = "advice"  // works; could be better
)

// A Finding is one problem, or one piece of advice.
type Finding struct {
	ID       string   `json:"id"`       // of the table of kinds
	Severity Severity `json:"severity"` //
	Title    string   `json:"title"`    // what is wrong, in one line
	Where    string   `json:"where"`    // file, with the line where there is one
	Says     string   `json:"says"`     // what was seen, and what it means
	Change   string   `json:"change"`   // the line or lines to change; "" if there are none
	Page     string   `json:"page"`     // the section of the documentation
}

// kind is one thing that can be found.
type kind struct {
	severity Severity
	title    string
}

// page is the page of the documentation that has a section for each kind.
const page = "docs/findings.md"

// IDs returns the ids of all that can be found, sorted.
func IDs() []string {
	ids := make([]string, 0, len(kinds))
	for id := range kinds {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Title returns what a finding with that id says in one line.
func Title(id string) string { return kinds[id].title }

// list collects findings of one place.
type list struct {
	where    string
	findings []Finding
}

// add adds a finding at l.where; line 0 is none.
func (l *list) add(id string, line int, change, format string, args ...any) {
	k, known := kinds[id]
	if !known {
		panic("doctor: no kind " + id) // a test adds every kind
	}
	where := l.where
	if line > 0 {
		where = fmt.Sprintf("%s:%d", where, line)
	}
	l.findings = append(l.findings, Finding{
		ID: id, Severity: k.severity, Title: k.title, Where: where,
		Says: fmt.Sprintf(format, args...), Change: change, Page: page + "#" + id,
	})
}

// Sort puts findings in order: the worst first, those of one severity as they
// were found.
func Sort(findings []Finding) {
	rank := map[Severity]int{Error: 0, Warning: 1, Advice: 2}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(rank[a.Severity], rank[b.Severity]) })
}

// Problems counts what is worse than advice.
func Problems(findings []Finding) int {
	n := 0
	for i := range findings {
		if findings[i].Severity != Advice {
			n++
		}
	}
	return n
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
