package pair_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
	"tailer/parse"
)

// fullHeaders are a client's headers, with those that say that it sends a body.
func (a asking) fullHeaders() []tailer.Header {
	return append(a.request().Headers, tailer.Header{Name: "content-length", Value: strconv.Itoa(len(a.request().Body.JSON()))})
}

// unchecked is the record of a client's headers before its key is checked.
func (a asking) unchecked(ms int) tailer.Record {
	return tailer.Record{Kind: tailer.KindUnchecked, Time: at(ms), Raw: []byte("unchecked " + a.user), Request: tailer.Request{Headers: a.fullHeaders()}}
}

// accepted is the record of the same headers once the key is found right.
func (a asking) accepted(ms int) tailer.Record {
	return tailer.Record{Kind: tailer.KindHeaders, Time: at(ms), Raw: []byte("headers " + a.user), Request: tailer.Request{Headers: a.fullHeaders()}}
}

// dumped is what LiteLLM states of a request whose key it refused.
func (a asking) dumped(id, hash string, ms int) tailer.Record {
	q := a.request()
	return tailer.Record{Kind: tailer.KindDetails, Time: at(ms), CallID: id, Key: tailer.Key{Hash: hash},
		Request: tailer.Request{Method: "POST", Route: q.Route, Body: q.Body}}
}

func refused(words string, ms int) tailer.Record {
	return told(tailer.KindRefused, "", words, ms)
}

// with changes a record.
func with(r tailer.Record, change func(*tailer.Record)) tailer.Record {
	change(&r)
	return r
}

// bare is the record of a request without a body.
func bare(a asking, ms int) tailer.Record {
	return with(a.unchecked(ms), func(r *tailer.Record) { r.Request.Headers = a.request().Headers })
}

// TestUnchecked: a refused request gets the headers that only it can have sent.
func TestUnchecked(t *testing.T) {
	const wrong, none = "No connected db.", "No api key passed in."
	eve, odd := asking{user: "eve@example.org", prompt: "eve's"}, asking{user: "odd@example.org", prompt: "odd's"}
	onlyEve := []string{"e eve@example.org [] 400"}
	nobody := []string{"e  [] 400"}
	unsure := []string{"e  [headers ambiguous] 400"}
	stderr := func(r *tailer.Record) { r.Stream = tailer.StreamStderr }
	stdout := func(r *tailer.Record) { r.Stream = tailer.StreamStdout }
	for _, test := range []struct {
		name    string
		records []tailer.Record
		want    []string
	}{
		{"alone", []tailer.Record{eve.unchecked(0), refused(wrong, 1), eve.dumped("e", "", 2)}, onlyEve},
		{"beside one that is accepted before it", []tailer.Record{odd.unchecked(0), odd.accepted(1), eve.unchecked(2), refused(wrong, 3), eve.dumped("e", "", 4)}, onlyEve},
		{"beside one that is accepted after it", []tailer.Record{odd.unchecked(0), eve.unchecked(1), refused(wrong, 2), eve.dumped("e", "", 3), odd.accepted(4)}, onlyEve},
		{"beside one of which nothing is told", []tailer.Record{odd.unchecked(0), eve.unchecked(1), refused(wrong, 2), eve.dumped("e", "", 3)}, unsure},
		{"beside an old one of which nothing is told", []tailer.Record{odd.unchecked(0), eve.unchecked(6000), refused(wrong, 6001), eve.dumped("e", "", 6002)}, onlyEve},
		{"beside one without a body", []tailer.Record{
			bare(odd, 0), eve.unchecked(1), refused(wrong, 2), eve.dumped("e", "", 3),
		}, onlyEve},
		{"after a list of models that was refused", []tailer.Record{
			bare(odd, 0), refused(wrong, 1), eve.unchecked(1002), refused(wrong, 1003), eve.dumped("e", "", 1004),
		}, onlyEve},
		{"before a list of models that is refused", []tailer.Record{
			eve.unchecked(2), refused(wrong, 3), eve.dumped("e", "", 4), bare(odd, 5), refused(wrong, 6),
		}, onlyEve},
		{"no details, after a list of models", []tailer.Record{
			bare(odd, 0), with(landed("/v1/models", 200, 1), func(r *tailer.Record) { r.Request.Method = "GET" }),
			eve.unchecked(2), refused(wrong, 3), landed(chat, 400, 4),
		}, []string{" eve@example.org [] 400"}},
		{"without headers of its own", []tailer.Record{refused(wrong, 1), eve.dumped("e", "", 2), odd.unchecked(3)}, nobody},
		{"refused before its headers were looked at", []tailer.Record{odd.unchecked(0), refused(none, 1), eve.dumped("e", "", 2)}, nobody},
		{"one record of headers for two", []tailer.Record{odd.unchecked(0), refused(wrong, 1), eve.dumped("e", "", 2), refused(wrong, 1000)}, unsure},
		{"three refused, headers of two", []tailer.Record{
			odd.unchecked(0), refused(wrong, 1), eve.dumped("e", "", 2), eve.unchecked(500), refused(wrong, 1100), refused(wrong, 1200),
		}, unsure},
		{"a call of the proxy's own API went before", []tailer.Record{
			odd.unchecked(0), landed("/key/generate", 200, 1), refused(wrong, 2), eve.dumped("e", "", 3),
		}, unsure},
		{"the key tells", []tailer.Record{
			with(odd.unchecked(0), func(r *tailer.Record) { r.Key.Hash = "1" }), with(eve.unchecked(1), func(r *tailer.Record) { r.Key.Hash = "2" }),
			refused(wrong, 2), eve.dumped("e", "2", 3),
		}, onlyEve},
		{"another's key", []tailer.Record{with(odd.unchecked(0), func(r *tailer.Record) { r.Key.Hash = "1" }), refused(wrong, 2), eve.dumped("e", "2", 3)}, nobody},
		{"the error is read before the headers", []tailer.Record{
			with(refused(wrong, 2), stderr), with(eve.dumped("e", "", 3), stdout), with(eve.unchecked(1), stdout),
		}, onlyEve},
		{"another container's", []tailer.Record{with(odd.unchecked(0), func(r *tailer.Record) { r.Writer = "other" }), refused(wrong, 1), eve.dumped("e", "", 2)}, nobody},
		{"text that may be somebody's", []tailer.Record{with(odd.unchecked(0), func(r *tailer.Record) { r.Suspect = true }), refused(wrong, 1), eve.dumped("e", "", 2)}, unsure},
		{"text beside the record itself", []tailer.Record{
			with(odd.unchecked(0), func(r *tailer.Record) { r.Suspect = true }), eve.unchecked(1), refused(wrong, 2), eve.dumped("e", "", 3),
		}, unsure},
		{"headers of which it states others itself", []tailer.Record{
			odd.unchecked(0), refused(wrong, 1), with(eve.dumped("e", "", 2), func(r *tailer.Record) { r.Request.Headers = eve.request().Headers }),
		}, onlyEve},
		{"no details", []tailer.Record{eve.unchecked(0), refused(wrong, 1), landed(chat, 400, 3)}, []string{" eve@example.org [] 400"}},
		{"no details, no LLM route", []tailer.Record{eve.unchecked(0), refused(wrong, 1), landed("/key/generate", 400, 3)}, nil},
		{"a bad body", []tailer.Record{
			told(tailer.KindBadBody, "", "Invalid JSON payload: x", 0), eve.unchecked(1), landed(chat, 400, 3),
		}, []string{" eve@example.org [] 400"}},
		{"a bad body before the key is checked, in a version that does not go on", []tailer.Record{
			told(tailer.KindBadBody, "", "", 0), odd.unchecked(1), landed(chat, 400, 2),
		}, nil},
		{"a bad body before another arrives", []tailer.Record{
			told(tailer.KindBadBody, "", "Invalid JSON payload: x", 0), {Kind: tailer.KindArrival, Time: at(1)}, odd.unchecked(1), landed(chat, 400, 2),
		}, nil},
		{"a bad body while another waits", []tailer.Record{
			{Kind: tailer.KindArrival, Time: at(0)}, told(tailer.KindBadBody, "", "Invalid JSON payload: x", 0), odd.unchecked(1), eve.unchecked(2), landed(chat, 400, 2), odd.front(3)[0], odd.accepted(3),
		}, []string{" eve@example.org [] 400"}},
		{"a bad body before another is accepted", []tailer.Record{
			told(tailer.KindBadBody, "", "Invalid JSON payload: x", 0), landed(chat, 400, 1), odd.unchecked(2), odd.accepted(3),
		}, nil},
		{"a bad body before another is refused", []tailer.Record{
			told(tailer.KindBadBody, "", "Invalid JSON payload: x", 0), landed(chat, 400, 1), {Kind: tailer.KindArrival, Time: at(2)}, eve.unchecked(2),
			refused(wrong, 3), eve.dumped("e", "", 4), landed(chat, 400, 5),
		}, onlyEve},
	} {
		t.Run(test.name, func(t *testing.T) {
			noted := []tailer.Record{{Kind: tailer.KindArrival, Time: at(-60_000)}} // the log tells of arrivals
			all := run(pair.New(pair.Config{}), append(noted, test.records...)...)
			all = slices.DeleteFunc(all, func(x tailer.Exchange) bool { return test.want == nil && user(&x) == "" })
			var got []string
			for i := range all {
				got = append(got, fmt.Sprintf("%s %s %v %d", all[i].CallID, user(&all[i]), all[i].Incomplete, all[i].Status))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%q\nwant\n%q", got, test.want)
			}
		})
	}
}

// TestRefusedCaptures: in logs of real proxies each request that was refused has the
// headers that it was sent with; 1.109 logs none of one without a key.
func TestRefusedCaptures(t *testing.T) {
	for name, none := range map[string]string{"1.98.1/doctor-named": "", "1.109.1/doctor-corrected": "no-key"} {
		dir := filepath.Join("..", "..", "testdata", "captures", filepath.FromSlash(name))
		p, table := parse.New(parse.NewClock(parse.ClockConfig{Location: time.UTC})), pair.New(pair.Config{})
		prompts := map[string]*tailer.Exchange{}
		add := func(all []tailer.Exchange) {
			for i := range all {
				var messages []struct{ Content any }
				_ = json.Unmarshal(all[i].Request.Body.Get("messages"), &messages) // other routes have none
				if len(messages) == 1 {
					prompt, _ := messages[0].Content.(string)
					x := all[i]
					prompts[prompt] = &x
				}
			}
		}
		for line := range bytes.Lines(unpacked(t, filepath.Join(dir, "proxy.log"))) {
			for _, r := range p.Feed(&tailer.Line{Bytes: bytes.TrimSuffix(line, []byte("\n"))}) {
				add(slices.Clone(table.Add(&r)))
			}
		}
		add(table.Drain())
		refused := 0
		for line := range bytes.Lines(unpacked(t, filepath.Join(dir, "truth.jsonl"))) {
			var sent struct {
				Scenario string      `json:"scenario"`
				Headers  [][2]string `json:"request_headers"`
				Body     struct {
					Messages []struct{ Content any } `json:"messages"`
				} `json:"request_body"`
			}
			if err := json.Unmarshal(line, &sent); err != nil && !strings.Contains(string(line), `"bad-json"`) {
				t.Fatal(err)
			}
			if !strings.HasSuffix(sent.Scenario, "wrong-key") && sent.Scenario != "no-key" {
				continue
			}
			refused++
			prompt, _ := sent.Body.Messages[0].Content.(string)
			x := prompts[prompt]
			if x == nil {
				t.Errorf("%s: %s is missing: %s", name, sent.Scenario, prompt)
				continue
			}
			own := ""
			for _, h := range sent.Headers {
				if strings.EqualFold(h[0], "x-openwebui-user-email") && sent.Scenario != none {
					own = h[1]
				}
			}
			if user(x) != own || x.Level != tailer.LevelError {
				t.Errorf("%s: %s of %q has the user %q, level %s", name, sent.Scenario, own, user(x), x.Level)
			}
		}
		if refused != 3 {
			t.Errorf("%s: %d refused requests, want 3", name, refused)
		}
	}
}

// TestUncheckedPositions: what a refusal is made of is held until it is handed out.
func TestUncheckedPositions(t *testing.T) {
	table := pair.New(pair.Config{})
	eve := asking{user: "eve@example.org", prompt: "eve's"}
	records := []tailer.Record{eve.unchecked(0), refused("No connected db.", 1), eve.dumped("e", "", 2)}
	_ = table.Add(&tailer.Record{Kind: tailer.KindArrival, Time: at(-60_000)})
	held := func() (offsets []int64) {
		table.Held(func(p tailer.Position) { offsets = append(offsets, p.Offset) })
		slices.Sort(offsets)
		return slices.Compact(offsets)
	}
	for i := range records {
		records[i].Pos = tailer.Position{Offset: int64(i), End: int64(i + 1)}
		table.Add(&records[i])
	}
	for _, ms := range []int{3, 4000, 9000} {
		table.Add(&tailer.Record{Time: at(ms)})
		if got := held(); !slices.Equal(got, []int64{0, 1, 2}) {
			t.Errorf("after %d ms held %v", ms, got)
		}
	}
	out := table.Add(&tailer.Record{Time: at(20_000)})
	if len(out) != 1 || !out[0].Start.Equal(at(0)) || len(out[0].Positions) < 3 || len(held()) != 0 {
		t.Errorf("handed out %+v, held %v", out, held())
	}
	odd := asking{user: "odd@example.org", prompt: "odd's"}
	r := odd.unchecked(30_000)
	table.Add(&r)
	if table.Add(&tailer.Record{Time: at(41_000)}); len(held()) != 0 {
		t.Errorf("a request of which nothing more is told is held: %v", held())
	}
}

// TestUncheckedFlood keeps memory bounded, and nobody's headers go to another.
func TestUncheckedFlood(t *testing.T) {
	table := pair.New(pair.Config{})
	before, most := heap(), uint64(0)
	right, out := 0, 0
	check := func(all []tailer.Exchange) {
		for i := range all {
			out++
			if who := user(&all[i]); who == strings.Replace(all[i].CallID, "call-", "u", 1)+"@example.org" {
				right++
			} else if who != "" {
				t.Fatalf("%s has the headers of %s", all[i].CallID, who)
			}
		}
	}
	for i := range 20_000 {
		a := asking{user: fmt.Sprintf("u%d@example.org", i), prompt: strings.Repeat("x", 1000)}
		d := a.dumped(fmt.Sprint("call-", i), "", 5*i)
		for _, r := range []tailer.Record{{Kind: tailer.KindArrival, Time: at(5 * i)}, a.unchecked(5 * i), refused("No connected db.", 5*i), d} {
			check(table.Add(&r))
		}
		if i%5000 == 0 {
			most = max(most, heap())
		}
	}
	check(table.Drain())
	if grown := int64(most) - int64(before); grown > 128<<20 {
		t.Errorf("%d MiB are held", grown>>20)
	}
	if out != 20_000 || right < 19_000 {
		t.Errorf("%d came out, %d with their headers", out, right)
	}
}

// TestUncheckedModel interleaves requests as workers do that give way while a key is
// looked up: whatever the order, a refused one gets its own headers or none.
func TestUncheckedModel(t *testing.T) {
	found := 0
	for seed := range 2000 {
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		var records []tailer.Record
		for i := range 2 + random.IntN(6) {
			a := asking{user: fmt.Sprintf("u%d@example.org", i), prompt: fmt.Sprint("p", i)}
			from := random.IntN(200)
			end := from + 1 + random.IntN(1+random.IntN(60))
			records = append(records, a.unchecked(from))
			if random.IntN(2) == 0 {
				records = append(records, a.accepted(end))
				continue
			}
			records = append(records, refused("No connected db.", end), a.dumped(fmt.Sprint(i), "", end))
		}
		slices.SortStableFunc(records, func(a, b tailer.Record) int { return a.Time.Compare(b.Time) })
		for _, x := range run(pair.New(pair.Config{}), records...) {
			if x.CallID == "" {
				continue
			}
			switch user(&x) {
			case "u" + x.CallID + "@example.org":
				found++
			case "":
			default:
				t.Errorf("seed %d: %s has the headers of %s", seed, x.CallID, user(&x))
			}
		}
	}
	if found < 2000 {
		t.Errorf("only %d of them were found", found)
	}
}
