package report

import (
	"slices"
	"strings"
	"time"
)

// Document is a report as JSON. Money is in USD, times in seconds; null stands
// for what the log does not tell.
type Document struct {
	Version   string          `json:"version"` // tailer's
	Generated time.Time       `json:"generated"`
	Timezone  string          `json:"timezone"` // of days and hours
	Inputs    []string        `json:"inputs,omitempty"`
	From      *time.Time      `json:"from"` // start of the first request
	To        *time.Time      `json:"to"`   // start of the last one
	Total     Row             `json:"total"`
	By        map[string]Rows `json:"by"`
	Timeline  []Row           `json:"timeline"`   // each hour that had requests, in order
	Week      [7][24]Hour     `json:"week"`       // from Monday, by hour of the day
	Twice     int64           `json:"duplicates"` // requests that stood in two inputs, counted once
	Notes     []string        `json:"notes,omitempty"`
}

// Rows are those of one dimension.
type Rows struct {
	Rows       []Row `json:"rows"`
	Others     *Row  `json:"others"`      // what has no row of its own; nil: nothing
	OtherNames int64 `json:"other_names"` // how many names that is, at least
}

// Row are the figures of one name.
type Row struct {
	Name       string    `json:"name"`            // "" where the log names none
	Label      string    `json:"label,omitempty"` // what to show
	Detail     string    `json:"detail,omitempty"`
	Requests   int64     `json:"requests"`
	Errors     int64     `json:"errors"`
	Warnings   int64     `json:"warnings"`
	Incomplete int64     `json:"incomplete"`
	WithUser   int64     `json:"with_user"`
	WithTokens int64     `json:"with_tokens"` // requests whose tokens the log states
	WithCost   int64     `json:"with_cost"`   // requests whose cost the log states
	CacheHits  int64     `json:"cache_hits"`
	Tokens     Tokens    `json:"tokens"`
	Cost       float64   `json:"cost"`
	Latency    *Times    `json:"latency"`     // of requests that ended well
	FirstToken *Times    `json:"first_token"` // of streams that ended well
	First      time.Time `json:"first,omitzero"`
	Last       time.Time `json:"last,omitzero"`
}

// Tokens are disjoint but for Total.
type Tokens struct {
	Input         int64 `json:"input"`
	Cached        int64 `json:"input_cached"`
	CacheCreation int64 `json:"input_cache_creation"`
	AudioIn       int64 `json:"input_audio"`
	Output        int64 `json:"output"`
	Reasoning     int64 `json:"output_reasoning"`
	AudioOut      int64 `json:"output_audio"`
	Total         int64 `json:"total"`
}

// Times are percentiles in seconds: exact up to 256 requests, else within 1 %.
type Times struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// Hour is one hour of the week.
type Hour struct {
	Requests int64   `json:"requests"`
	Cost     float64 `json:"cost"`
}

// Document returns the report as data, at most limit rows in each dimension; 0:
// all. The caller sets Version, Generated, Inputs and Notes.
func (r *Report) Document(limit int) *Document {
	d := &Document{
		Timezone: r.cfg.Location.String(), Total: r.total.row(), By: map[string]Rows{}, Timeline: []Row{}, Twice: r.twice,
	}
	if !r.total.first.IsZero() {
		d.From, d.To = &r.total.first, &r.total.last
	}
	for _, key := range Dimensions {
		d.By[key] = r.dimensions[key].document(limit)
	}
	timeline := r.dimensions[byTime]
	for _, row := range timeline.sorted() {
		d.Timeline = append(d.Timeline, row.document(byTime))
	}
	slices.SortFunc(d.Timeline, func(a, b Row) int { return strings.Compare(a.Name, b.Name) })
	for day := range r.grid {
		for hour := range r.grid[day] {
			c := &r.grid[day][hour]
			d.Week[day][hour] = Hour{c.requests, c.cost.value()}
		}
	}
	return d
}

// document returns the rows that may be shown, the largest first; days and hours
// in their order.
func (d *dimension) document(limit int) Rows {
	if limit <= 0 || limit > d.max {
		limit = d.max
	}
	rows, out := d.sorted(), Rows{Rows: []Row{}, OtherNames: d.named}
	others := figures{}
	others.merge(&d.others.figures)
	if len(rows) > limit {
		for _, r := range rows[limit:] {
			others.merge(&r.figures)
			out.OtherNames++
		}
		rows = rows[:limit]
	}
	for _, r := range rows {
		out.Rows = append(out.Rows, r.document(d.key))
	}
	if d.key == ByDay || d.key == ByHour {
		slices.SortFunc(out.Rows, func(a, b Row) int { return strings.Compare(a.Name, b.Name) })
	}
	if others.requests > 0 {
		row := others.row()
		row.Name, row.Label = "(others)", "(others)"
		out.Others = &row
	}
	return out
}

func (r *row) document(key string) Row {
	out := r.row()
	out.Name, out.Label, out.Detail = r.name, r.name, r.detail
	if r.name == "" {
		out.Label = none[key]
	}
	return out
}

func (f *figures) row() Row {
	return Row{
		Requests: f.requests, Errors: f.errors, Warnings: f.warnings, Incomplete: f.incomplete, WithUser: f.attributed,
		WithTokens: f.metered, WithCost: f.priced, CacheHits: f.cacheHits,
		Tokens: Tokens(f.usage), Cost: f.cost.value(),
		Latency: f.latency.times(), FirstToken: f.firstToken.times(), First: f.first, Last: f.last,
	}
}

func (d *distribution) times() *Times {
	q := d.quantiles(0.5, 0.95, 0.99)
	if q == nil {
		return nil
	}
	return &Times{q[0], q[1], q[2]}
}
