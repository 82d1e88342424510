package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var nine = time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)

// request is the n-th of a series, one every ten seconds.
func request(n int) Request {
	start := nine.Add(time.Duration(n) * 10 * time.Second)
	id := fmt.Sprintf("7a9abb74-2934-421c-9b75-%012d", n)
	return Request{
		ID: id, CallID: id, ResponseID: fmt.Sprintf("chatcmpl-%d", n), TraceID: strings.ReplaceAll(id, "-", ""), SpanID: fmt.Sprintf("%016x", n),
		Start: start, End: start.Add(2 * time.Second), User: fmt.Sprintf("user-%d", n%50),
	}
}

// ours is the observation that tailer writes of a request.
func ours(r *Request) Observation {
	return Observation{ID: r.SpanID, TraceID: r.TraceID, CallID: r.CallID, ResponseID: r.ResponseID, Start: r.Start, User: r.User, Generation: true, ByTailer: true}
}

// theirs is what LiteLLM's callback writes of it, in its older and newer form.
func theirs(r *Request, old bool) Observation {
	o := Observation{TraceID: r.TraceID, CallID: r.CallID, ID: "f" + r.SpanID[1:], Start: r.Start.Add(300 * time.Millisecond), Generation: true, BySDK: true, User: r.User}
	if old {
		o.TraceID, o.ID, o.CallID, o.BySDK = r.CallID, "time-09-00-00-000000_"+r.ResponseID, "", false
	}
	return o
}

// server answers from a list and checks that no time is asked for twice.
func server(t *testing.T, all []Observation) Source {
	var until time.Time
	return func(_ context.Context, from, to time.Time, each func(*Observation) error) error {
		if from.Before(until) || !from.Before(to) {
			t.Errorf("asked for %v to %v after %v", from, to, until)
		}
		until = to
		for i := range all {
			if o := all[i]; !o.Start.Before(from) && o.Start.Before(to) {
				if err := each(&o); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

type outcome struct {
	sums  Counts
	hours []Hour
	ids   map[Kind][]string
}

func compare(t *testing.T, cfg Config, requests []Request, all []Observation) outcome {
	t.Helper()
	cfg.Dir = t.TempDir()
	a := New(cfg)
	for _, r := range requests {
		if err := a.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	out := outcome{ids: map[Kind][]string{}}
	var err error
	out.sums, err = a.Compare(t.Context(), server(t, all), func(h *Hour) error {
		out.hours = append(out.hours, *h)
		for _, d := range h.Differences {
			out.ids[d.Kind] = append(out.ids[d.Kind], d.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(cfg.Dir); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
	return out
}

// TestPlanted demands exactly the differences that were planted.
func TestPlanted(t *testing.T) {
	t.Parallel()
	const count = 2000
	for _, held := range []int{0, 1, 150} {
		for _, callback := range []string{"off", "old", "new"} {
			var requests []Request
			var all []Observation
			want := map[Kind][]string{}
			for n := range count {
				r := request(n)
				requests = append(requests, r)
				o := ours(&r)
				switch {
				case n%100 == 7: // 20
					want[Missing] = append(want[Missing], r.ID)
					continue
				case n%400 == 11: // 5
					want[Duplicate] = append(want[Duplicate], r.ID)
					again := o
					again.Start = again.Start.Add(time.Millisecond)
					all = append(all, again)
				case n%300 == 13: // 7
					want[DifferentUser] = append(want[DifferentUser], r.ID)
					o.User = "somebody-else"
				case n%700 == 17: // 3
					want[WithoutUser] = append(want[WithoutUser], r.ID)
					o.User = ""
				}
				if callback == "off" {
					all = append(all, o)
				} else if n%100 != 7 {
					all = append(all, theirs(&r, callback == "old"))
					if n%400 == 11 {
						all = append(all, o) // two writers
					}
					all[len(all)-1].User = o.User
					if n%400 == 11 {
						all[len(all)-2].User = o.User
					}
				}
			}
			if callback != "off" { // the first of two writers with the same start
				all = slices.DeleteFunc(all, func(o Observation) bool { return o.ByTailer && o.Start.UnixMilli()%10 == 1 })
			}
			slices.Reverse(all)
			slices.Reverse(requests)
			got := compare(t, Config{MaxHeld: held, Callback: callback != "off"}, requests, all)
			name := fmt.Sprintf("%d held, callback %s", held, callback)
			for _, kind := range []Kind{Missing, Duplicate, DifferentUser, WithoutUser} {
				if !slices.Equal(slices.Sorted(slices.Values(got.ids[kind])), want[kind]) {
					t.Errorf("%s: %s: %v, want %v", name, kind, got.ids[kind], want[kind])
				}
			}
			c := got.sums
			if c.Requests != count || c.Found != count-20 || c.Missing != 20 || c.Duplicate != 5 || c.DifferentUser != 7 || c.WithoutUser != 3 ||
				c.Unexplained != 0 || c.Recent != 0 || c.Differences() != 35 {
				t.Errorf("%s: %+v", name, c)
			}
			if callback != "off" && (c.ByCallback != count-20 || !slices.Equal(got.ids[CallbackLost], got.ids[Missing])) {
				t.Errorf("%s: the callback wrote %d and lost %v", name, c.ByCallback, got.ids[CallbackLost])
			}
			if len(got.hours) != 6 || got.hours[0].Requests != 360 || got.hours[5].Requests != 200 || !got.hours[1].Start.Equal(nine.Add(time.Hour)) {
				t.Errorf("%s: %d hours", name, len(got.hours))
			}
		}
	}
}

func TestJudging(t *testing.T) {
	t.Parallel()
	r := request(0)
	with := func(change func(*Observation)) Observation {
		o := ours(&r)
		change(&o)
		return o
	}
	failed := r
	failed.Failed = true
	client := r
	client.TraceID, client.CallbackTraces = "670c0f140bf357e6d99293ad6cf0d246", []string{"my-trace"}
	bareLog := r
	bareLog.CallID, bareLog.ResponseID = "", ""
	nobody := r
	nobody.User = ""
	for _, row := range []struct {
		name string
		r    Request
		all  []Observation
		want Counts
	}{
		{"nothing", r, nil, Counts{Missing: 1, CallbackLost: 1}},
		{"nothing, and the log has no id", bareLog, nil, Counts{Missing: 1, CallbackUnknown: 1}},
		{"ours", r, []Observation{ours(&r)}, Counts{Found: 1, Traces: 1, ByTailer: 1, CallbackLost: 1}},
		{"a step is no generation", r, []Observation{with(func(o *Observation) { o.Generation = false })}, Counts{Missing: 1, CallbackLost: 1}},
		{"ours, without its mark and metadata", r, []Observation{{ID: r.SpanID, TraceID: r.TraceID, Start: r.Start, User: r.User, Generation: true}},
			Counts{Found: 1, Traces: 1, ByTailer: 1, CallbackLost: 1}},
		{"LiteLLM up to 1.80: the trace is the call", r, []Observation{theirs(&r, true)}, Counts{Found: 1, Traces: 1, ByCallback: 1}},
		{"LiteLLM 1.84 to 1.103: the trace is the session", r, []Observation{func() Observation {
			o := theirs(&r, true)
			o.TraceID = "chat-1"
			return o
		}()}, Counts{Found: 1, Traces: 1, ByCallback: 1}},
		{"LiteLLM 1.104 and later", r, []Observation{theirs(&r, false)}, Counts{Found: 1, Traces: 1, ByCallback: 1}},
		{"a failed attempt that another followed", r, []Observation{ours(&r), {ID: "random", TraceID: r.CallID, Start: r.Start, Failed: true, Generation: true}},
			Counts{Found: 1, Traces: 1, ByTailer: 1, CallbackLost: 1}},
		{"a refusal told twice", failed, []Observation{
			{ID: "random-1", TraceID: r.CallID, Start: r.Start, Failed: true, Generation: true, User: r.User},
			{ID: "random-2", TraceID: r.CallID, Start: r.Start, Failed: true, Generation: true, User: r.User},
		}, Counts{Found: 1, Traces: 1, ByCallback: 1}},
		{"two writers", r, []Observation{ours(&r), theirs(&r, false)}, Counts{Found: 1, Traces: 2, Duplicate: 1, ByTailer: 1, ByCallback: 1}},
		{"LiteLLM without user beside ours", r, []Observation{ours(&r), func() Observation {
			o := theirs(&r, false)
			o.User = ""
			return o
		}()}, Counts{Found: 1, Traces: 2, Duplicate: 1, ByTailer: 1, ByCallback: 1}},
		{"LiteLLM without user alone", r, []Observation{func() Observation {
			o := theirs(&r, false)
			o.User = ""
			return o
		}()}, Counts{Found: 1, Traces: 1, WithoutUser: 1, ByCallback: 1}},
		{"another request in the client's trace", client, []Observation{with(func(o *Observation) { o.CallID, o.ID, o.ResponseID = "other", "other", "" })},
			Counts{Missing: 1, CallbackLost: 1, Unexplained: 1}},
		{"the log names nobody", nobody, []Observation{with(func(o *Observation) { o.User = "" })}, Counts{Found: 1, Traces: 1, Anonymous: 1, ByTailer: 1, CallbackLost: 1}},
		{"the log names nobody, we did", nobody, []Observation{ours(&r)}, Counts{Found: 1, Traces: 1, DifferentUser: 1, ByTailer: 1, CallbackLost: 1}},
		{"the log names nobody, LiteLLM does", nobody, []Observation{theirs(&r, false)}, Counts{Found: 1, Traces: 1, Anonymous: 1, ByCallback: 1}},
		{"an attempt that began late", r, []Observation{with(func(o *Observation) { o.Start = o.Start.Add(74 * time.Minute) })}, Counts{Found: 1, Traces: 1, ByTailer: 1, CallbackLost: 1}},
		{"a second too early", r, []Observation{with(func(o *Observation) { o.Start = o.Start.Add(-time.Second) })}, Counts{Found: 1, Traces: 1, ByTailer: 1, CallbackLost: 1}},
	} {
		got := compare(t, Config{}, []Request{row.r}, row.all).sums
		row.want.Requests = 1
		if got != row.want {
			t.Errorf("%s:\n got %+v\nwant %+v", row.name, got, row.want)
		}
	}
}

// TestFolds takes the same id twice for two pages of a server that folds, and for
// two rows of one that does not.
func TestFolds(t *testing.T) {
	t.Parallel()
	r := request(0)
	twice := []Observation{ours(&r), ours(&r)}
	if got := compare(t, Config{Folds: true}, []Request{r}, twice).sums; got.Duplicate != 0 || got.Traces != 1 {
		t.Errorf("folding: %+v", got)
	}
	if got := compare(t, Config{}, []Request{r}, twice).sums; got.Duplicate != 1 || got.Traces != 2 {
		t.Errorf("rows: %+v", got)
	}
}

// TestRepeatedIDs joins requests with one call id (a client chose it) and one
// answer (from a cache) to the observation that began nearest.
func TestRepeatedIDs(t *testing.T) {
	t.Parallel()
	first, second := request(0), request(1)
	second.CallID, second.ResponseID, second.TraceID = first.CallID, first.ResponseID, first.TraceID
	for _, old := range []bool{false, true} {
		got := compare(t, Config{}, []Request{first, second}, []Observation{theirs(&second, old), theirs(&first, old)}).sums
		if got.Found != 2 || got.Duplicate != 0 || got.DifferentUser != 0 {
			t.Errorf("old %v: %+v", old, got)
		}
	}
}

func TestRecent(t *testing.T) {
	t.Parallel()
	old, recent := request(0), request(1)
	got := compare(t, Config{Now: recent.End.Add(time.Minute), Settle: time.Minute + time.Second}, []Request{old, recent}, nil).sums
	if got.Missing != 1 || got.Recent != 1 || got.Requests != 2 {
		t.Errorf("%+v", got)
	}
}

// TestSourceFails returns the error of a source, and that of a listener.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	a := New(Config{})
	if err := a.Add(request(0)); err != nil {
		t.Fatal(err)
	}
	fails := func(context.Context, time.Time, time.Time, func(*Observation) error) error { return broken }
	if _, err := a.Compare(t.Context(), fails, func(*Hour) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("source: %v", err)
	}
	if _, err := a.Compare(t.Context(), server(t, nil), func(*Hour) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("listener: %v", err)
	}
}

// TestBefore1970 has hours below zero.
func TestBefore1970(t *testing.T) {
	t.Parallel()
	if got := timeOf(hourOf(time.Unix(-1, 0))); !got.Equal(time.Unix(-3600, 0)) {
		t.Errorf("hour %v", got)
	}
	if got := slices.Sorted(maps.Keys(map[int64]bool{hourOf(time.Unix(0, 0)): true})); got[0] != 0 {
		t.Errorf("hour %v", got)
	}
}

// FuzzAudit holds the auditor against a model that knows no hours: each request is
// looked up among all observations.
func FuzzAudit(f *testing.F) {
	f.Add([]byte{1, 2, 3, 250, 4, 5, 90, 17, 3, 3, 3, 200, 100})
	f.Fuzz(func(t *testing.T, plan []byte) {
		var requests []Request
		var all []Observation
		missing, duplicate := 0, 0
		at := 0
		for i, b := range plan[:min(len(plan), 200)] {
			at += 1 + int(b%64)*4 // up to 42 minutes
			r := request(at)
			r.ID = fmt.Sprint(i)
			requests = append(requests, r)
			n := int(b>>6) % 3
			for k := range n {
				o := ours(&r)
				o.Start = o.Start.Add(time.Duration(k*int(b)) * time.Second / 2)
				all = append(all, o)
			}
			switch {
			case n == 0:
				missing++
			case n > 1:
				duplicate++
			}
		}
		got := compare(t, Config{MaxHeld: 1 + len(plan)%7}, requests, all).sums
		if got.Requests != len(requests) || got.Missing != missing || got.Duplicate != duplicate || got.Traces != len(all) || got.Unexplained != 0 {
			t.Errorf("%+v; the model says %d missing, %d duplicate, %d traces", got, missing, duplicate, len(all))
		}
	})
}
