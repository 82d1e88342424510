package pair_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
	"tailer/parse"
)

// A script is what a real proxy logged of one request that was alone in flight.
type script struct {
	id      string // call id; "" where no record has one
	start   time.Time
	records []tailer.Record
}

// scripted are captures in JSON, whose stamps tell requests apart that came one
// after the other. One has no callback, so its answers bear no call id; one has the
// headers of requests whose keys were refused.
var scripted = []string{"1.109.1/json-detailed", "1.109.1/json-detailed-nocb", "1.90.7/json-detailed", "1.84.10/docker-json", "1.98.1/doctor-named"}

func unpacked(t testing.TB, path string) []byte {
	t.Helper()
	if b, err := os.ReadFile(path); err == nil {
		return b
	}
	packed, err := os.ReadFile(path + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// scriptsOf cuts the first part of a capture, in which no two requests overlap,
// into its requests: by time, and by call id what was logged late.
func scriptsOf(t testing.TB, name string) []script {
	t.Helper()
	dir := filepath.Join("..", "..", "testdata", "captures", filepath.FromSlash(name))
	var all []script
	end := time.Time{}
	for line := range bytes.Lines(unpacked(t, filepath.Join(dir, "truth.jsonl"))) {
		var sent struct {
			Block string    `json:"block"`
			Start time.Time `json:"start_time"`
		}
		if err := json.Unmarshal(line, &sent); err != nil {
			t.Fatal(err)
		}
		if sent.Block == "sequential" {
			all = append(all, script{start: sent.Start})
		} else if end.IsZero() || sent.Start.Before(end) {
			end = sent.Start
		}
	}
	slices.SortFunc(all, func(a, b script) int { return a.start.Compare(b.start) })
	owners := map[string]int{}
	p := parse.New(parse.NewClock(parse.ClockConfig{Location: time.UTC}))
	put := func(records []tailer.Record) {
		for _, r := range records {
			i := -1
			for i+1 < len(all) && !all[i+1].start.After(r.Time) {
				i++
			}
			if owner, known := owners[r.CallID]; known {
				i = owner
			} else if i >= 0 && r.CallID != "" && r.Time.Before(end) {
				owners[r.CallID] = i
				if all[i].id == "" {
					all[i].id = r.CallID
				}
			}
			if i >= 0 && (r.Time.Before(end) || r.CallID != "" && all[i].id == r.CallID) {
				all[i].records = append(all[i].records, r)
			}
		}
	}
	for line := range bytes.Lines(unpacked(t, filepath.Join(dir, "proxy.log"))) {
		put(p.Feed(&tailer.Line{Bytes: bytes.TrimSuffix(line, []byte("\n"))}))
	}
	put(p.Flush())
	return slices.DeleteFunc(all, func(s script) bool { return !s.isOne() })
}

// isOne reports whether a script is one request for certain: its records name one
// call and one route, and the call, or its refusal, before anything that ends one.
func (s *script) isOne() bool {
	route, begins := "", false
	for i := range s.records {
		r := &s.records[i]
		if r.CallID != "" && r.CallID != s.id || r.Request.Route != "" && route != "" && r.Request.Route != route {
			return false
		}
		route = cmp.Or(route, r.Request.Route)
		begins = begins || r.Kind == tailer.KindArguments && r.CallID != "" || r.Kind == tailer.KindRefused && s.id != ""
		switch r.Kind {
		case tailer.KindAnswer, tailer.KindRawAnswer, tailer.KindPiece, tailer.KindCost, tailer.KindLogged, tailer.KindAttempt, tailer.KindAccess:
			if !begins {
				return false // it ends the one before
			}
		}
	}
	return begins
}

// moved is a record as it would have been logged at another time.
func moved(r tailer.Record, by time.Duration) tailer.Record {
	for _, at := range []*time.Time{&r.Time, &r.Call.ReceivedAt, &r.Call.Start, &r.Call.End, &r.Call.FirstToken} {
		if !at.IsZero() {
			*at = at.Add(by)
		}
	}
	return r
}

// interleave starts scripts at random times and merges what they log. What a
// worker writes without a pause (body, headers, prepared data) stays together.
func interleave(random *rand.Rand, scripts []script) []tailer.Record {
	type unit struct {
		at      time.Time
		records []tailer.Record
	}
	var units []unit
	base := scripts[0].start
	for _, s := range scripts {
		by := base.Sub(s.start) + time.Duration(random.IntN(3000))*time.Millisecond
		for i, r := range s.records {
			r = moved(r, by)
			front := r.Kind == tailer.KindHeaders || r.Kind == tailer.KindPrepared
			if n := len(units) - 1; front && i > 0 && n >= 0 {
				units[n].records = append(units[n].records, r)
				continue
			}
			units = append(units, unit{r.Time, []tailer.Record{r}})
		}
	}
	slices.SortStableFunc(units, func(a, b unit) int { return a.at.Compare(b.at) })
	var out []tailer.Record
	for _, u := range units {
		out = append(out, u.records...)
	}
	return out
}

// A model is what a request's own records allow, and demand, of its exchange. It
// looks at nothing else, so no neighbour can mislead it.
type model struct {
	answer  json.RawMessage // demanded; nil where no record has both id and answer
	failed  bool            // demanded: all its attempts failed
	headers []tailer.Header // allowed
	digests []string        // allowed in the answer: each of the lab's answers begins with its own
	prompts string          // own texts in which the messages must stand
	errors  string          // own texts in which the error must stand
}

var digestInAnswer = regexp.MustCompile(`\[[0-9a-f]{12}\]`)

func modelOf(records []tailer.Record) model {
	var m model
	var best time.Time
	calls := 0
	for i := range records {
		r := &records[i]
		for _, h := range r.Request.Headers {
			if !slices.Contains(m.headers, h) {
				m.headers = append(m.headers, h)
			}
		}
		m.digests = append(m.digests, digestInAnswer.FindAllString(string(r.Call.Response), -1)...)
		m.prompts += string(r.Request.Body.JSON()) + string(r.Hint.JSON())
		m.errors += r.Failure.Message + "\n" + r.Call.Failure.Message + "\n"
		if r.CallID == "" || r.Kind != tailer.KindCall && r.Kind != tailer.KindPayload {
			continue
		}
		calls++
		if r.Call.Outcome == tailer.OutcomeSuccess && !r.Call.Start.Before(best) {
			best, m.answer = r.Call.Start, r.Call.Response
		}
	}
	m.failed = calls > 0 && best.IsZero()
	return m
}

// agree holds an exchange against the model of its request.
func (m *model) agree(t *testing.T, x *tailer.Exchange) {
	t.Helper()
	for _, h := range x.Request.Headers {
		if !slices.Contains(m.headers, h) {
			t.Errorf("%s has another's header %s: %s", x.CallID, h.Name, h.Value)
		}
	}
	if m.answer != nil && !bytes.Equal(x.Response, m.answer) {
		t.Errorf("%s: answer %.150s, want %.150s", x.CallID, x.Response, m.answer)
	}
	for _, digest := range digestInAnswer.FindAllString(string(x.Response), -1) {
		if !slices.Contains(m.digests, digest) {
			t.Errorf("%s has another's answer: %s", x.CallID, digest)
		}
	}
	if m.failed && x.Level != tailer.LevelError && x.Level != tailer.LevelWarning {
		t.Errorf("%s failed, level %q", x.CallID, x.Level)
	}
	if messages := x.Request.Body.Get("messages"); messages != nil && !strings.Contains(m.prompts, string(messages)) {
		t.Errorf("%s has other messages: %.150s", x.CallID, messages)
	}
	if x.Level == tailer.LevelError {
		words, _, _ := strings.Cut(strings.TrimPrefix(x.StatusMessage, x.ErrorClass+": "), "\n")
		if !strings.Contains(m.errors, words) {
			t.Errorf("%s has another's error: %s", x.CallID, words)
		}
	}
}

// compare feeds records to a table and holds what comes out against the model.
func compare(t *testing.T, records []tailer.Record, scripts []script, dropped func(i int) bool) {
	t.Helper()
	table := pair.New(pair.Config{})
	var out []tailer.Exchange
	own := map[string][]tailer.Record{}
	idOf := map[string]string{} // by the position of a record, which no two share
	all := map[string]int{}     // how many records it has
	for _, s := range scripts {
		all[s.id] = len(s.records)
		for i := range s.records {
			idOf[place(&s.records[i])] = s.id
		}
	}
	for i := range records {
		if dropped != nil && dropped(i) {
			continue
		}
		id := idOf[place(&records[i])]
		own[id] = append(own[id], records[i])
		out = append(out, slices.Clone(table.Add(&records[i]))...)
	}
	out = append(out, table.Drain()...)
	seen := map[string]int{}
	for i := range out {
		x := &out[i]
		if x.CallID == "" {
			continue // a request side whose call was dropped
		}
		if seen[x.CallID]++; seen[x.CallID] > 1 {
			t.Errorf("%s came out %d times", x.CallID, seen[x.CallID])
		}
		if own[x.CallID] == nil {
			t.Errorf("%q is no request", x.CallID)
			continue
		}
		m := modelOf(own[x.CallID])
		m.failed = m.failed && len(own[x.CallID]) == all[x.CallID] // else how its last attempt ended may be missing
		m.agree(t, x)
	}
	for id, records := range own {
		if m := modelOf(records); m.answer != nil && seen[id] == 0 {
			t.Errorf("%s is lost", id)
		}
	}
}

func place(r *tailer.Record) string {
	return strconv.FormatInt(r.Pos.Offset, 10) + " " + r.Kind.String() + " " + r.CallID + " " + string(r.Call.Response)
}

// allScripts numbers the records of all captures, so that each can be told.
func allScripts(t testing.TB) [][]script {
	t.Helper()
	var all [][]script
	n := int64(0)
	for _, name := range scripted {
		scripts := scriptsOf(t, name)
		if len(scripts) < 10 {
			t.Fatalf("%s: %d requests", name, len(scripts))
		}
		for i := range scripts {
			for k := range scripts[i].records {
				n++
				scripts[i].records[k].Pos = tailer.Position{Source: name, Offset: n, End: n + 1}
			}
		}
		all = append(all, scripts)
	}
	return all
}

// some picks scripts of one capture at random.
func some(random *rand.Rand, all [][]script) []script {
	of := all[random.IntN(len(all))]
	picked := make([]script, 0, 8)
	for _, i := range random.Perm(len(of))[:2+random.IntN(7)] {
		picked = append(picked, of[i])
	}
	return picked
}

// TestModel interleaves real requests at random and holds the table against a
// model that sees each request by itself. TAILER_INTERLEAVINGS says how often.
func TestModel(t *testing.T) {
	count := 300
	if text := os.Getenv("TAILER_INTERLEAVINGS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		count = n
	}
	all := allScripts(t)
	for seed := range count {
		random := rand.New(rand.NewPCG(uint64(seed), 1))
		scripts := some(random, all)
		t.Run(strconv.Itoa(seed), func(t *testing.T) { compare(t, interleave(random, scripts), scripts, nil) })
	}
}

// FuzzModel does the same with records missing: any where each request has a record
// of all, else those of answers. Of a request whose beginning is lost, a log without
// call ids can't know, and would lay its answer to the one that seems alone.
func FuzzModel(f *testing.F) {
	all := allScripts(f)
	f.Add(uint64(1), []byte{})
	f.Add(uint64(2), []byte{0xff, 0, 0x10})
	f.Fuzz(func(t *testing.T, seed uint64, missing []byte) {
		random := rand.New(rand.NewPCG(seed, 2))
		scripts := some(random, all)
		whole := true
		for i := range scripts {
			whole = whole && slices.ContainsFunc(scripts[i].records, func(r tailer.Record) bool { return r.Kind == tailer.KindCall })
		}
		records := interleave(random, scripts)
		compare(t, records, scripts, func(i int) bool {
			if i/8 >= len(missing) || missing[i/8]>>(i%8)&1 == 0 {
				return false
			}
			switch records[i].Kind {
			case tailer.KindAnswer, tailer.KindRawAnswer, tailer.KindPiece, tailer.KindCost, tailer.KindLogged:
				return true
			case tailer.KindCall, tailer.KindBody, tailer.KindHeaders, tailer.KindPrepared, tailer.KindUnchecked:
				return false // body and headers are known to be one's by standing together, or by being left over
			}
			return whole
		})
	})
}
