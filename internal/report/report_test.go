package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/internal/report"
	"tailer/ship/otlp"
)

var start = time.Date(2026, time.November, 23, 23, 30, 0, 0, time.UTC) // a Monday

// request is the n-th request of a user.
func request(n int, user string) *otlp.Summary {
	return &otlp.Summary{
		TraceID: fmt.Sprintf("%032x", n+1), SpanID: fmt.Sprintf("%016x", n+1), User: user, Level: tailer.LevelDefault, Model: "m",
		Start: start.Add(time.Duration(n) * time.Second), End: start.Add(time.Duration(n)*time.Second + 500*time.Millisecond),
		Metered: true, Usage: otlp.Usage{Input: 2, Output: 3, Total: 5}, Priced: true, Cost: 0.1,
	}
}

// TestOthers feeds more users than have rows. Rows and others add up, the rows
// that are left are whole, and the busy user who came last has one.
func TestOthers(t *testing.T) {
	const users, top = 5000, 50
	r := report.New(report.Config{MaxRows: top})
	n := 0
	for i := range users {
		r.Add(request(n, fmt.Sprintf("user-%d", i)))
		n++
	}
	for range 300 {
		r.Add(request(n, "busy"))
		n++
	}
	for i := range users { // they come again: those who were given up stay so
		r.Add(request(n, fmt.Sprintf("user-%d", i)))
		n++
	}
	d := r.Document(0)
	by := d.By[report.ByUser]
	if len(by.Rows) != top || by.Others == nil {
		t.Fatalf("%d rows, others %v", len(by.Rows), by.Others)
	}
	if first := by.Rows[0]; first.Name != "busy" || first.Requests != 300 || math.Abs(first.Cost-30) > 1e-9 {
		t.Errorf("first row %+v", first)
	}
	sum, cost := by.Others.Requests, by.Others.Cost
	for _, row := range by.Rows {
		sum, cost = sum+row.Requests, cost+row.Cost
		if row.Name != "busy" && row.Requests != 2 {
			t.Errorf("the row of %s is not whole: %d requests", row.Name, row.Requests)
		}
	}
	if sum != int64(n) || sum != d.Total.Requests || math.Abs(cost-d.Total.Cost) > 1e-9 {
		t.Errorf("rows and others have %d requests, USD %v; total %d, USD %v", sum, cost, d.Total.Requests, d.Total.Cost)
	}
	if by.OtherNames != users+1-top {
		t.Errorf("%d names are others, want %d", by.OtherNames, users+1-top)
	}
	if q := by.Others.Latency; q == nil || math.Abs(q.P50-0.5) > 0.005 {
		t.Errorf("latency of the others: %v", q)
	}
}

// TestTwice counts a request that stands in two logs once.
func TestTwice(t *testing.T) {
	r := report.New(report.Config{})
	for range 2 {
		for n := range 1000 {
			r.Add(request(n, "ana"))
		}
	}
	if d := r.Document(0); d.Total.Requests != 1000 || d.Twice != 1000 {
		t.Errorf("%d requests, %d duplicates", d.Total.Requests, d.Twice)
	}
}

// TestLocation files requests under the day and hour of the zone.
func TestLocation(t *testing.T) {
	zone := time.FixedZone("CET", 3600)
	r := report.New(report.Config{Location: zone})
	r.Add(request(0, "ana"))
	r.Add(&otlp.Summary{TraceID: "00", SpanID: "01"}) // no time at all
	d := r.Document(0)
	days, hours := d.By[report.ByDay].Rows, d.By[report.ByHour].Rows
	if len(days) != 2 || days[1].Name != "2026-11-24" || hours[1].Name != "00:00" || days[0].Label != "(no time)" {
		t.Errorf("days %+v, hours %+v", days, hours)
	}
	if d.Week[1][0].Requests != 1 || len(d.Timeline) != 1 {
		t.Errorf("Tuesday 00:00 has %d requests, timeline %d", d.Week[1][0].Requests, len(d.Timeline))
	}
}

// TestPercentiles are exact for a few requests and within 1 % for many.
func TestPercentiles(t *testing.T) {
	for _, n := range []int{1, 2, 100, 256, 257, 20_000} {
		r := report.New(report.Config{})
		for i := range n {
			x := request(i, "ana")
			x.End = x.Start.Add(time.Duration(i+1) * time.Millisecond)
			r.Add(x)
		}
		got := r.Document(0).Total.Latency
		for part, have := range map[float64]float64{0.5: got.P50, 0.95: got.P95, 0.99: got.P99} {
			want := math.Ceil(part*float64(n)) / 1000
			tolerance := 1e-6
			if n > 256 {
				tolerance = 0.01*want + 0.001
			}
			if math.Abs(have-want) > tolerance {
				t.Errorf("p%v of %d: %v, want %v", part*100, n, have, want)
			}
		}
	}
}

// TestDepartments finds who belongs where.
func TestDepartments(t *testing.T) {
	list, err := report.ReadDepartments(strings.NewReader("\ufeffUser, Department\n# heads\nAna@Example.org, Sales\n@example.net,\"Research, Basel\"\nu-17,Support,ignored\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ name, user, groups, want string }{
		{"listed", "ana@example.org", "", "Sales"},
		{"listed, in other letters", "ANA@example.ORG", "Board", "Sales"},
		{"by domain", "zoe@example.net", "", "Research, Basel"},
		{"an id", "u-17", "", "Support"},
		{"groups of a header", "bob@example.org", "Board, Sales", "Board, Sales"},
		{"domain of the address", "bob@example.org", "", "example.org"},
		{"no address", "u-18", "", ""},
		{"no domain", "local@host", "", ""},
		{"nobody", "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := report.New(report.Config{Departments: list})
			x := request(0, test.user)
			x.Groups = test.groups
			r.Add(x)
			if got := r.Document(0).By[report.ByDepartment].Rows[0].Name; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	for name, text := range map[string]string{
		"one column": "ana@example.org\n", "no department": "ana@example.org,\n", "no user": ",Sales\n",
		"two departments": "a,Sales\nA,Support\n", "not UTF-8": "a,\xff\n",
	} {
		if _, err := report.ReadDepartments(strings.NewReader(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestErrors names what went wrong.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		name       string
		x          otlp.Summary
		want, says string
	}{
		{"class", otlp.Summary{Level: tailer.LevelError, ErrorClass: "RateLimitError", Status: 429, StatusMessage: "RateLimitError: slow down"}, "RateLimitError 429", "slow down"},
		{"no status", otlp.Summary{Level: tailer.LevelError, StatusMessage: "Timeout: too late"}, "Timeout", "Timeout: too late"},
		{"no class", otlp.Summary{Level: tailer.LevelError, Status: 500, StatusMessage: "it broke: badly"}, "error 500", "it broke: badly"},
		{"hang-up", otlp.Summary{Level: tailer.LevelWarning, StatusMessage: "client disconnected"}, "client disconnected", ""},
		{"incomplete", otlp.Summary{Incomplete: "no response, input truncated"}, "incomplete: no response", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := report.New(report.Config{})
			r.Add(&test.x)
			rows := r.Document(0).By[report.ByError].Rows
			if len(rows) != 1 || rows[0].Name != test.want || rows[0].Detail != test.says {
				t.Errorf("got %+v", rows)
			}
		})
	}
}

// TestPurposes: what is no chat and no task is not counted as chats.
func TestPurposes(t *testing.T) {
	r := report.New(report.Config{})
	want := map[string]int64{}
	for n, row := range []struct{ route, task, name string }{
		{"/v1/chat/completions", "", ""},
		{"/v1/chat/completions", "title_generation", "title_generation"},
		{"/v1/embeddings", "", "(embeddings)"},
		{"/openai/deployments/images/embeddings", "", "(embeddings)"},
		{"/openai/deployments/images/chat/completions", "", ""},
		{"/v1/images/edits", "", "(images)"},
		{"/v1/audio/speech", "", "(audio)"},
		{"/v1/rerank", "", "(rerank)"},
		{"/moderations", "", "(moderations)"},
		{"", "", ""},
	} {
		s := request(n, "ana")
		s.Route, s.Task = row.route, row.task
		r.Add(s)
		want[row.name]++
	}
	got := map[string]int64{}
	for _, row := range r.Document(0).By[report.ByTask].Rows {
		got[row.Name] = row.Requests
	}
	if !maps.Equal(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
}

// TestHostileNames keeps names from driving a terminal or a spreadsheet.
func TestHostileNames(t *testing.T) {
	r := report.New(report.Config{})
	for n, user := range []string{"=HYPERLINK(\"http://e\")", "\x1b[2J\x1b]0;owned\x07", "a,\"b\"\nc", "@SUM(1)", strings.Repeat("山", 300)} {
		r.Add(request(n, user))
	}
	d := r.Document(0)
	var table bytes.Buffer
	if err := d.WriteTables(&table, report.TableOptions{Dimensions: []string{report.ByUser}}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(table.String(), "\x1b\x07") {
		t.Errorf("control characters: %q", table.String())
	}
	if !strings.Contains(table.String(), "山…") {
		t.Errorf("a long name is not cut:\n%s", table.String())
	}
	var text bytes.Buffer
	if err := d.WriteCSV(&text, []string{report.ByUser}); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&text).ReadAll()
	if err != nil || len(lines) != 2+5 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	for _, line := range lines {
		if strings.HasPrefix(line[1], "=") || strings.HasPrefix(line[1], "@") {
			t.Errorf("a formula: %q", line[1])
		}
	}
}

// TestSort orders rows as asked, and cuts after it.
func TestSort(t *testing.T) {
	r := report.New(report.Config{})
	for n, user := range []string{"a", "a", "b", "c"} {
		x := request(n, user)
		if user == "c" {
			x.Cost, x.Usage.Total, x.Level = 9, 900, tailer.LevelError
		}
		r.Add(x)
	}
	d := r.Document(0)
	for order, first := range map[string]string{"requests": "a", "cost": "c", "tokens": "c", "errors": "c", "name": "a", "": "a"} {
		var out bytes.Buffer
		if err := d.WriteTables(&out, report.TableOptions{Dimensions: []string{report.ByUser}, Sort: order, Top: 1}); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); !strings.Contains(text, "\n"+first+" ") || !strings.Contains(text, "… and 2 more") {
			t.Errorf("sorted by %s:\n%s", order, text)
		}
	}
}

// TestEmpty writes a report of nothing in all forms.
func TestEmpty(t *testing.T) {
	d := report.New(report.Config{}).Document(0)
	var out bytes.Buffer
	if err := d.WriteTables(&out, report.TableOptions{}); err != nil || !strings.Contains(out.String(), "No request") {
		t.Errorf("%q, %v", out.String(), err)
	}
	text, err := json.Marshal(d)
	if err != nil || !bytes.Contains(text, []byte(`"timeline":[]`)) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestMerge gives what one report of all requests would give.
func TestMerge(t *testing.T) {
	whole, merged := report.New(report.Config{}), report.New(report.Config{})
	parts := []*report.Report{report.New(report.Config{}), report.New(report.Config{}), report.New(report.Config{})}
	for n := range 900 {
		x := request(n, fmt.Sprintf("user-%d", n%40))
		x.End = x.Start.Add(time.Duration(n%13) * time.Second)
		if n%10 == 0 {
			x.Level, x.ErrorClass = tailer.LevelError, "Timeout"
		}
		whole.Add(x)
		parts[n%3].Add(x)
	}
	for _, part := range parts {
		merged.Merge(part)
	}
	got, want := merged.Document(0), whole.Document(0)
	for _, d := range []*report.Document{got, want} { // sums of money differ by the order of adding
		for key, by := range d.By {
			for i := range by.Rows {
				by.Rows[i].Cost = math.Round(by.Rows[i].Cost * 1e9)
			}
			d.By[key] = by
		}
		for i := range d.Timeline {
			d.Timeline[i].Cost = math.Round(d.Timeline[i].Cost * 1e9)
		}
		for day := range d.Week {
			for hour := range d.Week[day] {
				d.Week[day][hour].Cost = math.Round(d.Week[day][hour].Cost * 1e9)
			}
		}
		d.Total.Cost = math.Round(d.Total.Cost * 1e9)
	}
	a, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Errorf("merged\n%.2000s\nwhole\n%.2000s", a, b)
	}
}
