package parse_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tailer"
)

// with returns a payload with other values.
func with(doc string, values map[string]string) string {
	for name, value := range values {
		doc = regexp.MustCompile(`"`+name+`": [-+0-9.a-z]+`).ReplaceAllLiteralString(doc, `"`+name+`": `+value)
	}
	return doc
}

// TestImpossible: times and costs that can't be are left out, and why is told.
func TestImpossible(t *testing.T) {
	doc := document(t, captured(t, "1.109.1", "json-standard-payload"))
	const times, costs = "impossible time", "impossible cost"
	day := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	at := func(after time.Duration) string { return fmt.Sprintf("%d.5", day.Add(after).Unix()) }
	for _, test := range []struct {
		name    string
		values  map[string]string
		left    []string
		started bool
		ended   bool
	}{
		{"as it should be", nil, nil, true, true},
		{"a cost of 1e308", map[string]string{"response_cost": "1e308"}, []string{costs}, true, true},
		{"a cost below nothing", map[string]string{"response_cost": "-0.1"}, []string{costs}, true, true},
		{"a cost of two millions", map[string]string{"response_cost": "2000000.5"}, []string{costs}, true, true},
		{"a cost that is large", map[string]string{"response_cost": "900.5"}, nil, true, true},
		{"an end in 2255", map[string]string{"endTime": "9e9"}, []string{times}, true, false},
		{"an end in 1970", map[string]string{"endTime": "1.5"}, []string{times}, true, false},
		{"an end three days later", map[string]string{"endTime": at(3 * 24 * time.Hour)}, []string{times}, false, false},
		{"an end before the start", map[string]string{"endTime": at(-time.Hour)}, []string{times}, true, false},
		{"a start in 2255", map[string]string{"startTime": "9e9"}, []string{times}, false, true},
		{"a start three days before", map[string]string{"startTime": at(-3 * 24 * time.Hour)}, []string{times}, false, false},
		{"all in 2255, and no cost", map[string]string{"startTime": "9e9", "endTime": "9e9", "response_cost": "-1"}, []string{times, costs}, false, false},
		{"a first token before the start", map[string]string{"stream": "true", "completionStartTime": at(-time.Minute)}, []string{times}, true, true},
		{"a first token after the end", map[string]string{"stream": "true", "completionStartTime": at(time.Hour)}, []string{times}, true, true},
		{"a first token a moment after the end", map[string]string{"stream": "true", "completionStartTime": at(time.Second) + "00012"}, nil, true, true},
		{"of no stream it says nothing", map[string]string{"completionStartTime": at(time.Hour)}, nil, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			values := map[string]string{"startTime": at(0), "endTime": at(time.Second), "completionStartTime": at(time.Second), "stream": "null"}
			for name, value := range test.values {
				values[name] = value
			}
			got := feed(jsonRecord(found("x"), "") + "\n" + with(doc, values))
			if kinds(got.records) != "found-user payload" {
				t.Fatalf("records %q", kinds(got.records))
			}
			c := got.records[1].Call
			slices.Sort(test.left)
			slices.Sort(c.LeftOut)
			if !slices.Equal(c.LeftOut, test.left) || !c.Start.IsZero() != test.started || !c.End.IsZero() != test.ended {
				t.Errorf("left out %q, start %v, end %v", c.LeftOut, c.Start, c.End)
			}
			if (c.CostTotal == nil) != slices.Contains(test.left, costs) || !c.FirstToken.IsZero() {
				t.Errorf("cost %v, first token %v", c.CostTotal, c.FirstToken)
			}
		})
	}
}

// TestFarFromStamp: a record's times are not days away from when the proxy says that it
// wrote it, and one without any time is none.
func TestFarFromStamp(t *testing.T) {
	doc := with(document(t, captured(t, "1.109.1", "json-standard-payload")), map[string]string{"startTime": "1000000000", "endTime": "1000000001"})
	if got := feed(doc); len(got.records) != 0 || got.counts.Damaged != 1 {
		t.Errorf("a payload of 2001 in a log without stamps: records %q, %d damaged", kinds(got.records), got.counts.Damaged)
	}
	doc = with(doc, map[string]string{"startTime": "1900000000.5", "endTime": "1900000001.5"})
	if got := feed(doc); kinds(got.records) != "payload" || got.records[0].Call.Start.IsZero() {
		t.Errorf("a payload in a log without stamps: records %q", kinds(got.records))
	}
	got := feed(jsonRecord(doc, ""))
	if kinds(got.records) != "payload" || !got.records[0].Call.Start.IsZero() || !got.records[0].Call.End.IsZero() {
		t.Errorf("a payload of 2030 in a record of 2026: records %q: %+v", kinds(got.records), got.records)
	}
}

// FuzzImpossible: whatever a payload states, no record has times or costs that can't be.
func FuzzImpossible(f *testing.F) {
	doc := document(f, captured(f, "1.109.1", "json-standard-payload"))
	f.Add(1.79e9, 9e9, 1.79e9, 1e308, false)
	f.Add(-1.0, 0.0, 1e300, -1.0, true)
	f.Add(1.79e9, 1.79e9, 1.79e9, 0.5, true)
	f.Fuzz(func(t *testing.T, start, end, first, cost float64, stamped bool) {
		number := func(v float64) string { return strings.TrimSuffix(fmt.Sprint(v), "+Inf") }
		text := with(doc, map[string]string{"startTime": number(start), "endTime": number(end), "completionStartTime": number(first), "response_cost": number(cost), "stream": "true"})
		if stamped {
			text = jsonRecord(text, "")
		}
		for _, r := range feed(text).records {
			c, possible := r.Call, func(at time.Time) bool { return at.IsZero() || at.Year() >= 2020 && at.Year() < 2100 }
			if r.Kind != tailer.KindPayload {
				continue
			}
			if !possible(c.Start) || !possible(c.End) || !c.Start.IsZero() && !c.End.IsZero() && c.End.Sub(c.Start).Abs() > 24*time.Hour {
				t.Errorf("from %v to %v", c.Start, c.End)
			}
			if !c.FirstToken.IsZero() && (c.FirstToken.Before(c.Start) || c.FirstToken.After(c.End)) {
				t.Errorf("first token %v, from %v to %v", c.FirstToken, c.Start, c.End)
			}
			if c.CostTotal != nil && !(*c.CostTotal >= 0 && *c.CostTotal <= 1e6) {
				t.Errorf("cost %v", *c.CostTotal)
			}
		}
	})
}
