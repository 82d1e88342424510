package source

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tailer"
)

// wrappers put the lines of a log, one a millisecond, into each envelope that an
// export has. stamped says whether the stamp survives, and to what.
var wrappers = []struct {
	name    string
	wrap    func(i int, text string) string // with its newline
	stamped time.Duration                   // what the stamp is rounded to; 0 for no stamp
	cfg     Config
}{
	{"timestamps", func(i int, text string) string {
		return at(i).Format("2006-01-02T15:04:05.000000000Z") + " " + text + "\n"
	}, 1, Config{}},
	{"kubectl prefix", func(_ int, text string) string {
		return "[pod/litellm-7d9c8b-x2x/litellm] " + text + "\n"
	}, 0, Config{}},
	{"kubectl prefix + timestamps", func(i int, text string) string {
		return "[pod/litellm-7d9c8b-x2x/litellm] " + at(i).Format(time.RFC3339Nano) + " " + text + "\n"
	}, 1, Config{}},
	{"docker compose", func(_ int, text string) string {
		return "litellm-1  | " + text + "\n"
	}, 0, Config{}},
	{"docker compose", func(i int, text string) string {
		return []string{"litellm-proxy-1  | ", "db-1             | "}[i%2] + text + "\n"
	}, 0, Config{}},
	{"docker compose + timestamps", func(i int, text string) string {
		return "litellm_1 | " + at(i).Format(time.RFC3339Nano) + " " + text + "\n"
	}, 1, Config{}},
	{"journald short", func(i int, text string) string {
		return at(i).Format(time.Stamp) + " host-1 litellm[123]: " + text + "\n"
	}, time.Second, Config{Year: 2026}},
	{"journald short", func(i int, text string) string {
		return at(i).Format(time.StampMicro) + " host litellm[123]: " + text + "\n"
	}, 0, Config{}},
	{"journald short-iso", func(i int, text string) string {
		return at(i).Format("2006-01-02T15:04:05-0700") + " host litellm[123]: " + text + "\n"
	}, time.Second, Config{}},
	{"rfc 3164", func(i int, text string) string {
		return "<30>" + at(i).Format(time.Stamp) + " host litellm: " + text + "\n"
	}, time.Second, Config{Year: 2026}},
	{"rfc 3164", func(i int, text string) string {
		return "<30>" + at(i).Format(time.Stamp) + " litellm[1]: " + text + "\n"
	}, time.Second, Config{Year: 2026}},
	{"rfc 5424", func(i int, text string) string {
		return "<14>1 " + at(i).Format(time.RFC3339Nano) + " host app 123 - - " + text + "\n"
	}, 1, Config{}},
	{"rfc 5424", func(i int, text string) string {
		return "<14>1 " + at(i).Format(time.RFC3339Nano) + ` host app - id [a@1 b="c\"]"][d] ` + "\xef\xbb\xbf" + text + "\n"
	}, 1, Config{}},
	{"journald json", func(i int, text string) string {
		var message any = text
		if strings.Contains(text, "\x1b") {
			message = []int{} // as journalctl writes what doesn't print
			for _, b := range []byte(text) {
				message = append(message.([]int), int(b))
			}
		}
		return object("__CURSOR", "s=1", "__REALTIME_TIMESTAMP", fmt.Sprint(at(i).UnixMicro()), "_PID", "7", "MESSAGE", message)
	}, time.Microsecond, Config{}},
	{"journald export", func(i int, text string) string {
		message := "MESSAGE=" + text
		if strings.Contains(text, "\x1b") {
			message = "MESSAGE\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(text)))) + text
		}
		return fmt.Sprintf("__CURSOR=s=1\n__REALTIME_TIMESTAMP=%d\n_PID=7\n%s\n_COMM=litellm\n\n", at(i).UnixMicro(), message)
	}, time.Microsecond, Config{}},
	{"cloudwatch json", func(i int, text string) string {
		return object("timestamp", at(i).UnixMilli(), "message", text, "ingestionTime", 1795425189058)
	}, time.Millisecond, Config{}},
	{"cloud logging", func(i int, text string) string {
		return object("insertId", "x", "logName", "projects/p/logs/run.googleapis.com%2Fstderr", "textPayload", text, "timestamp", at(i).Format(time.RFC3339Nano))
	}, 1, Config{}},
	{"loki jsonl", func(i int, text string) string {
		return object("labels", map[string]string{"stream": "stderr"}, "line", text, "timestamp", at(i).Format(time.RFC3339Nano))
	}, 1, Config{}},
	{"loki", func(i int, text string) string {
		return at(i).In(time.FixedZone("", 3600)).Format(time.RFC3339) + " {} " + text + "\n"
	}, time.Second, Config{}},
	{"loki", func(i int, text string) string {
		labels := []string{`{app="a}b", stream="stderr"} `, `{stream="stderr"}            `}[i%2]
		return at(i).Format(time.RFC3339) + " " + labels + text + "\n"
	}, time.Second, Config{}},
}

func at(i int) time.Time { return epoch.Add(time.Duration(i) * time.Millisecond) }

// object writes a JSON object of names and values in turn, with a newline.
func object(members ...any) string {
	var b strings.Builder
	for i := 0; i < len(members); i += 2 {
		value, _ := json.Marshal(members[i+1])
		fmt.Fprintf(&b, "%c%q:%s", ",{"[min(1, 1/(i+1))], members[i], value)
	}
	return b.String() + "}\n"
}

func TestExportedLogIsTheBareLog(t *testing.T) {
	log := bareLog()
	for i, w := range wrappers {
		t.Run(fmt.Sprint(i, " ", w.name), func(t *testing.T) {
			var in strings.Builder
			for i, text := range log {
				in.WriteString(w.wrap(i, text))
			}
			r, got, err := readAll(t, strings.NewReader(in.String()), w.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if r.Envelope() != w.name {
				t.Fatalf("envelope %q, want %q", r.Envelope(), w.name)
			}
			if c := r.Counts(); c.Broken+c.Open+c.Withheld != 0 {
				t.Errorf("counts %+v", c)
			}
			if len(got) != len(log) {
				t.Fatalf("%d lines, want %d", len(got), len(log))
			}
			offset := int64(0)
			for i, line := range got {
				if string(line.Bytes) != log[i] {
					t.Errorf("line %d is %.80q, want %.80q", i, line.Bytes, log[i])
				}
				if w.stamped == 0 && !line.Stamp.IsZero() {
					t.Errorf("line %d has the stamp %v", i, line.Stamp)
				}
				if w.stamped != 0 && !line.Stamp.Equal(at(i).Truncate(w.stamped)) {
					t.Errorf("line %d has the stamp %v, want %v", i, line.Stamp, at(i).Truncate(w.stamped))
				}
				if line.Pos.Offset != offset {
					t.Errorf("line %d begins at %d, want %d", i, line.Pos.Offset, offset)
				}
				offset = line.Pos.End
			}
			if offset != int64(in.Len()) {
				t.Errorf("the last line ends at %d of %d", offset, in.Len())
			}
		})
	}
}

func TestStreamsOfExports(t *testing.T) {
	for _, w := range wrappers {
		sample := w.wrap(0, "a") + w.wrap(1, "b") + w.wrap(2, "c")
		if !strings.Contains(sample, "stderr") {
			continue
		}
		_, got, err := readAll(t, strings.NewReader(sample), Config{})
		if err != nil || len(got) != 3 || got[0].Stream != tailer.StreamStderr {
			t.Errorf("%s: %+v, %v", w.name, got, err)
		}
	}
}

func TestNoEnvelope(t *testing.T) {
	tests := []struct{ name, in string }{
		{"LiteLLM's text log", strings.Join(bareLog(), "\n")},
		{"LiteLLM's JSON log", strings.Repeat(`{"message": "a", "level": "DEBUG", "timestamp": "2026-11-23T09:13:09.058163", "component": "LiteLLM"}`+"\n", 5)},
		{"JSON log with a zone", strings.Repeat(`{"message": "a", "level": "DEBUG", "timestamp": "2026-11-23T09:13:09Z", "line": 4, "log": "x", "stream": "y"}`+"\n", 5)},
		{"JSON log with lifted members", strings.Repeat(`{"message": "{'timestamp': 1}", "level": "DEBUG", "timestamp": 1795425189058}`+"\n", 5)},
		{"exception group", strings.Repeat("  | Traceback (most recent call last):\n  + Exception Group\n", 9)},
		{"table", "name  | value\n------|------\na     | 1\nb     | 2\nc     | 3\n"},
		{"two lines with a prefix", "litellm-1  | a\nlitellm-1  | b\n"},
		{"a prefix in half of the lines", strings.Repeat("litellm-1  | a\nplain\n", 9)},
		{"output of env", strings.Repeat("HOME=/root\nPATH=/bin\n\n", 9)},
		{"dates without a zone", strings.Repeat("2026-11-23T09:13:09.058 text\n2026-11-23 09:13:09 text\n", 9)},
		{"JSON of other people", strings.Repeat(`{"message": 1, "timestamp": 1795425189058}`+"\n"+`{"line": 1}`+"\n", 9)},
		{"prompt that imitates a container", "plain\nplain\nplain\n" + criLog(pieces("forged", "lines"))},
		{"markdown quote", strings.Repeat("[pod/a/b c] text\n<30> text\n<999>Nov 23 09:13:09 h a: text\n", 9)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, got, err := readAll(t, strings.NewReader(tt.in), Config{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Envelope() != "none" {
				t.Errorf("envelope %s", r.Envelope())
			}
			if want := strings.TrimSuffix(tt.in, "\n"); strings.Join(texts(got), "\n") != want {
				t.Errorf("lines are not the input's")
			}
		})
	}
}

func TestEnvelopeWithinEnvelope(t *testing.T) {
	var in strings.Builder
	for i := range 5 {
		inner := dockerLog([]entry{{fmt.Sprint("text ", i, "\r"), "stdout", true, stampOf(i)}})
		in.WriteString(object("labels", map[string]string{}, "line", strings.TrimSuffix(inner, "\n"), "timestamp", "2026-11-23T10:00:00Z"))
	}
	r, got, err := readAll(t, strings.NewReader(in.String()), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "loki jsonl + docker json-file"; r.Envelope() != want {
		t.Fatalf("envelope %s, want %s", r.Envelope(), want)
	}
	if len(got) != 5 || string(got[4].Bytes) != "text 4" || got[4].Stream != tailer.StreamStdout || !got[4].Stamp.Equal(at(4)) {
		t.Errorf("got %+v", got)
	}
}

func TestTextOfSeveralLines(t *testing.T) {
	event := object("timestamp", 1795425189058, "message", "first\r\nsecond\n\nfourth\n")
	r, got, err := readAll(t, strings.NewReader(event+event[:len(event)-1]), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if g, want := strings.Join(texts(got), "|"), "first|second||fourth|first|second||fourth"; g != want {
		t.Errorf("got %s, want %s", g, want)
	}
	for i, line := range got {
		if want := int64(i / 4 * len(event)); line.Pos.Offset != want || line.Open {
			t.Errorf("line %d: %+v", i, line)
		}
	}
	if r.Counts().Open != 0 {
		t.Error("a whole object is open")
	}
}

func TestReversed(t *testing.T) {
	var forward, backward string
	for i := range 9 {
		line := at(i).Format(time.RFC3339Nano) + " {} text\n"
		forward, backward = forward+line, line+backward
	}
	for in, want := range map[string]bool{forward: false, backward: true, "": false} {
		r, _, err := readAll(t, strings.NewReader(in), Config{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Counts().Reversed() != want {
			t.Errorf("reversed is %v for %+v", !want, r.Counts())
		}
	}
}

func TestCloudLoggingPayload(t *testing.T) {
	in := `{"jsonPayload":{"component":"LiteLLM","level":"DEBUG","message":"a \"b\": {\"c\":1}","n":[1, 2]},"timestamp":"2026-11-23T09:13:09.058163123Z","logName":"projects/p/logs/stdout"}`
	_, got, err := readAll(t, strings.NewReader(in), Config{})
	if err != nil || len(got) != 1 {
		t.Fatalf("%d lines, %v", len(got), err)
	}
	want := `{"message": "a \"b\": {\"c\":1}", "component": "LiteLLM", "level": "DEBUG", "n": [1,2]}`
	if string(got[0].Bytes) != want || got[0].Stream != tailer.StreamStdout || !got[0].Stamp.Equal(epoch) || got[0].Open {
		t.Errorf("got %+v %s", got[0], got[0].Bytes)
	}
}

func TestComposeNames(t *testing.T) {
	in := "litellm-1  | a\nlitellm-1  | b\nlitellm-1  |\nlitellm-1  |   | group\n" +
		"litellm-1  | c\nlitellm-1  | d\nredis-1    | e\nother | f\n  | g\nlitellm-1 | h\n"
	r, got, err := readAll(t, strings.NewReader(in), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if g, want := strings.Join(texts(got), ","), "a,b,,  | group,c,d,e,other | f,  | g,h"; g != want {
		t.Errorf("got %q, want %q", g, want)
	}
	if r.Counts().Broken != 2 {
		t.Errorf("broken %d", r.Counts().Broken)
	}
}

func TestYearGoesRound(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	in := "Dec 31 23:59:59 h a[1]: x\nJan  1 00:00:01 h a[1]: x\nDec 31 23:59:59 h a[1]: x\nFeb  1 00:00:00.5 h a[1]: x\n"
	_, got, err := readAll(t, strings.NewReader(in), Config{Location: berlin, Year: 2026})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"2026-12-31T22:59:59Z", "2026-12-31T23:00:01Z", "2026-12-31T22:59:59Z", "2027-01-31T23:00:00.5Z"} {
		if s := got[i].Stamp.Format(time.RFC3339Nano); s != want {
			t.Errorf("line %d is of %s, want %s", i, s, want)
		}
	}
}

// FuzzEnvelopes gives each envelope two lines: none may panic, invent text, or
// keep a reference that the second line changes.
func FuzzEnvelopes(f *testing.F) {
	for _, w := range wrappers {
		f.Add([]byte(w.wrap(0, "some \"text\"")), []byte(w.wrap(1, "x")))
	}
	f.Add([]byte("MESSAGE"), []byte("\x01\x00\x00\x00\x00\x00\x00\x00a"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		sample := [][]byte{a, b, a, []byte("__REALTIME_TIMESTAMP=1")}
		for _, k := range kinds {
			env := k.new(sample, Config{MaxLine: 1 << 20, Location: time.UTC, Year: 2026})
			if env == nil {
				continue
			}
			total := 0
			for _, line := range [][]byte{a, b, nil, a, b, nil} {
				line = bytes.Clone(line)
				p, ok := env.strip(line)
				if !ok {
					continue
				}
				total += len(p.text)
				if loc := p.stamp.Location(); loc != time.UTC {
					t.Errorf("%s: stamp in %v", env.name(), loc)
				}
			}
			// An object written again has blanks that it had not before.
			if limit := 12 * (len(a) + len(b) + 2); total > limit {
				t.Errorf("%s: %d bytes of text", env.name(), total)
			}
		}
		_ = detect(sample, Config{MaxLine: 1 << 20, Location: time.UTC})
	})
}

// TestYearFromTheFile takes the year of stamps that name none from when the file
// was written.
func TestYearFromTheFile(t *testing.T) {
	in := "Dec 31 23:59:59 h a[1]: x\nJan  1 00:00:01 h a[1]: y\nJan  1 00:00:02 h a[1]: z\n"
	for before, want := range map[string]string{"2027-01-01T08:00:00Z": "2026-12-31T23:59:59Z", "2026-12-31T23:59:59Z": "2026-12-31T23:59:59Z", "2027-06-01T00:00:00Z": "2026-12-31T23:59:59Z"} {
		at, err := time.Parse(time.RFC3339, before)
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := readAll(t, strings.NewReader(in), Config{Location: time.UTC, Before: at})
		if err != nil || len(got) != 3 {
			t.Fatalf("%d lines, %v", len(got), err)
		}
		if s := got[0].Stamp.Format(time.RFC3339); s != want {
			t.Errorf("written %s: first line of %s, want %s", before, s, want)
		}
		if got[1].Stamp.Year() != 2027 {
			t.Errorf("written %s: second line of %v", before, got[1].Stamp)
		}
	}
}

func TestDayInName(t *testing.T) {
	for name, want := range map[string]string{
		"proxy.log-20261123.gz": "2026-11-23", "proxy-2026-11-23.log": "2026-11-23", "app.log.2026-11-01": "2026-11-01", "litellm_2026_11_23.txt": "2026-11-23",
		"0.log.20261101-101010": "2026-11-01", "proxy.log": "", "proxy.log.20": "", "proxy-20261399.log": "",
	} {
		got := ""
		if day := (Input{Path: "/var/log/" + name}).Day(); !day.IsZero() {
			got = day.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
