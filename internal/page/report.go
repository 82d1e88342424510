package page

import (
	"fmt"
	"html/template"
	"io"
	"sync"
	"time"

	"tailer/internal/report"
)

// MaxRows is how many rows of a dimension a page holds; a browser still sorts and
// searches them at once. The others are added up in one row.
const MaxRows = 2000

// Live is what the viewer's report has besides the figures.
type Live struct {
	Range   string   // the one shown
	Ranges  []Choice // what else could be
	AsOf    time.Time
	Advice  string // what to do when there is nothing; "": the page's own
	HasAuth bool   // there is something to sign out of
}

// Choice is one of several pages or values.
type Choice struct {
	Value, Label string
	Chosen       bool
}

// reportView is what the template of the report gets.
type reportView struct {
	*report.Document
	Live    *Live
	Data    data
	Zone    *time.Location
	Styles  []asset
	Scripts []asset
	Policy  string
	Period  string
	Source  string
	Page    string
}

// parsed are the templates, parsed when first used.
var parsed = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(functions).ParseFS(files, "templates/*.html"))
})

// WriteReport writes the report as a page that needs nothing else. The document
// should have at most MaxRows rows in each dimension.
func WriteReport(w io.Writer, d *report.Document) error {
	return writeReport(w, d, nil)
}

// WriteLiveReport writes the viewer's report.
func WriteLiveReport(w io.Writer, d *report.Document, live *Live) error {
	return writeReport(w, d, live)
}

func writeReport(w io.Writer, d *report.Document, live *Live) error {
	zone, err := time.LoadLocation(d.Timezone)
	if err != nil {
		zone = time.UTC
	}
	view := reportView{
		Document: d, Live: live, Data: newData(d, zone), Zone: zone, Styles: assets().styles, Scripts: assets().scripts, Policy: assets().filePolicy, Page: "report",
	}
	if live != nil {
		view.Scripts = assets().liveScripts
	}
	if d.From != nil {
		view.Period = period(d.From.In(zone), d.To.In(zone))
	}
	switch n := len(d.Inputs); {
	case n == 1:
		view.Source = d.Inputs[0]
	case n > 1:
		view.Source = fmt.Sprintf("%s and %d more", d.Inputs[0], n-1)
	}
	if err := parsed().ExecuteTemplate(w, "report.html", &view); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// period writes from when to when, the day once if it is the same.
func period(from, to time.Time) string {
	const day, hour = "2 January 2006", "15:04"
	if from.Format(day) == to.Format(day) {
		return from.Format(day) + ", " + from.Format(hour) + " – " + to.Format(hour)
	}
	return from.Format(day) + " – " + to.Format(day)
}

// Share is the part of requests whose user is known.
func (v *reportView) Share() string { return percent(v.Total.WithUser, v.Total.Requests) }

// ErrorShare is the part of requests that failed.
func (v *reportView) ErrorShare() string { return percent(v.Total.Errors, v.Total.Requests) }

// Users is how many different users there are, "10 000+" if not all are known.
func (v *reportView) Users() string {
	by := v.By[report.ByUser]
	n := int64(len(by.Rows)) + by.OtherNames
	for i := range by.Rows {
		if by.Rows[i].Name == "" {
			n--
		}
	}
	return grouped(n)
}

// In is what went in, however it was priced.
func (v *reportView) In() int64 {
	t := &v.Total.Tokens
	return t.Input + t.Cached + t.CacheCreation + t.AudioIn
}

// Out is what came out.
func (v *reportView) Out() int64 {
	t := &v.Total.Tokens
	return t.Output + t.Reasoning + t.AudioOut
}
