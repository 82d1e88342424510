package page

import (
	"time"

	"tailer/internal/report"
)

// data is what the scripts of the report draw, with short names: there may be
// thousands of rows.
type data struct {
	By     map[string]table   `json:"by"`
	Series series             `json:"series"`
	Week   [7][24]report.Hour `json:"week"`
	Labels map[string]string  `json:"labels"`
	Order  []string           `json:"order"` // of the dimensions
	Priced bool               `json:"priced"`
}

type table struct {
	Rows   []line `json:"rows"`
	Others *line  `json:"others"`
	Names  int64  `json:"names"` // how many names are in others
}

// line is one row. Times are in seconds, null for none.
type line struct {
	Name     string   `json:"n"`
	Detail   string   `json:"d,omitempty"`
	Requests int64    `json:"r"`
	Errors   int64    `json:"e"`
	Input    int64    `json:"i"`
	Cached   int64    `json:"h"`
	Output   int64    `json:"o"`
	Thought  int64    `json:"t"` // reasoning, a part of Output
	Tokens   int64    `json:"k"`
	Cost     float64  `json:"c"`
	P50      *float64 `json:"p50"`
	P95      *float64 `json:"p95"`
	P99      *float64 `json:"p99"`
	First    *float64 `json:"f50"` // first token
	Users    float64  `json:"u"`   // part of requests with a user, in percent
}

// series are requests over time, in hours or days without a gap.
type series struct {
	Unit   string  `json:"unit"`
	Points []point `json:"points"`
}

type point struct {
	At       string  `json:"at"`
	Requests int64   `json:"r"`
	Errors   int64   `json:"e"`
	Cost     float64 `json:"c"`
}

// labels name the dimensions.
var labels = map[string]string{
	report.ByUser: "User", report.ByDepartment: "Department", report.ByRole: "Role", report.ByModel: "Model", report.ByChat: "Chat",
	report.ByTask: "Task", report.ByKey: "Key", report.ByDay: "Day", report.ByHour: "Hour of day", report.ByError: "Error",
}

func newData(d *report.Document, zone *time.Location) data {
	out := data{By: map[string]table{}, Week: d.Week, Labels: labels, Order: report.Dimensions, Priced: d.Total.WithCost > 0 && d.Total.Cost > 0}
	for _, key := range report.Dimensions {
		by := d.By[key]
		t := table{Rows: make([]line, len(by.Rows)), Names: by.OtherNames}
		for i := range by.Rows {
			t.Rows[i] = newLine(&by.Rows[i])
		}
		if by.Others != nil {
			others := newLine(by.Others)
			t.Others = &others
		}
		out.By[key] = t
	}
	out.Series = newSeries(d, zone)
	return out
}

func newLine(r *report.Row) line {
	t := &r.Tokens
	l := line{
		Name: r.Label, Detail: r.Detail, Requests: r.Requests, Errors: r.Errors,
		Input: t.Input + t.Cached + t.CacheCreation + t.AudioIn, Cached: t.Cached,
		Output: t.Output + t.Reasoning + t.AudioOut, Thought: t.Reasoning, Tokens: t.Total, Cost: r.Cost,
	}
	if r.Requests > 0 {
		l.Users = 100 * float64(r.WithUser) / float64(r.Requests)
	}
	if q := r.Latency; q != nil {
		l.P50, l.P95, l.P99 = &q.P50, &q.P95, &q.P99
	}
	if r.FirstToken != nil {
		l.First = &r.FirstToken.P50
	}
	return l
}

const (
	hourly = 4 * 24 * time.Hour // up to so much time is drawn by the hour
	slots  = 1000               // that are drawn at most
)

// newSeries puts requests into hours, or into days where there are many.
func newSeries(d *report.Document, zone *time.Location) series {
	s := series{Unit: "day", Points: []point{}}
	if d.From == nil {
		return s
	}
	layout, format := time.DateOnly, "2006-01-02"
	next := func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }
	if d.To.Sub(*d.From) <= hourly {
		s.Unit, layout, format = "hour", "2006-01-02T15:00", "Mon 15:04"
		next = func(t time.Time) time.Time { return t.Add(time.Hour) }
	}
	sums := map[string]*point{}
	for i := range d.Timeline {
		r := &d.Timeline[i]
		at, err := time.Parse(time.RFC3339, r.Name)
		if err != nil {
			continue // the hour of others
		}
		slot := at.In(zone).Format(layout)
		p := sums[slot]
		if p == nil {
			p = &point{}
			sums[slot] = p
		}
		p.Requests += r.Requests
		p.Errors += r.Errors
		p.Cost += r.Cost
	}
	at := d.From.In(zone)
	if s.Unit == "day" {
		at = time.Date(at.Year(), at.Month(), at.Day(), 12, 0, 0, 0, zone) // noon is on every day, whatever clocks do
	} else {
		at = at.Truncate(time.Hour)
	}
	last := d.To.In(zone).Format(layout)
	for range slots {
		p := point{At: at.Format(format)}
		slot := at.Format(layout)
		if sum := sums[slot]; sum != nil {
			p.Requests, p.Errors, p.Cost = sum.Requests, sum.Errors, sum.Cost
		}
		s.Points = append(s.Points, p)
		if slot >= last {
			break
		}
		at = next(at)
	}
	return s
}
