package source

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tailer"
)

// splitSize is where Docker and containerd split a line.
const splitSize = 16 << 10

// An entry is one write of a container as its runtime sees it.
type entry struct {
	text   string
	stream string
	last   bool // the newline came
	stamp  string
}

var epoch = time.Date(2026, 11, 23, 9, 13, 9, 58163123, time.UTC)

// pieces returns one entry for each text, all but the last of them partial.
func pieces(texts ...string) []entry {
	var out []entry
	for i, text := range texts {
		out = append(out, entry{text, "stderr", i == len(texts)-1, stampOf(i)})
	}
	return out
}

func stampOf(i int) string {
	return epoch.Add(time.Duration(i) * time.Millisecond).Format(time.RFC3339Nano)
}

// split returns the entries of a log, every second line on stdout, with the
// pieces of a stdout line spread among the stderr lines that follow it.
func split(log []string) []entry {
	var out, waiting []entry
	for i, text := range log {
		stream := "stderr"
		if i%2 == 0 {
			stream = "stdout"
			out, waiting = append(out, waiting...), nil
		}
		var mine []entry
		for len(text) > splitSize {
			mine = append(mine, entry{text[:splitSize], stream, false, stampOf(i)})
			text = text[splitSize:]
		}
		mine = append(mine, entry{text, stream, true, stampOf(i)})
		if stream == "stdout" {
			out, waiting = append(out, mine[0]), mine[1:]
		} else {
			out = append(out, mine...)
		}
	}
	return append(out, waiting...)
}

func criLog(entries []entry) string {
	var b strings.Builder
	for _, e := range entries {
		tag := "P"
		if e.last {
			tag = "F"
		}
		fmt.Fprintf(&b, "%s %s %s %s\n", e.stamp, e.stream, tag, e.text)
	}
	return b.String()
}

func dockerLog(entries []entry) string {
	var b strings.Builder
	for _, e := range entries {
		if e.last {
			e.text += "\n"
		}
		log, _ := json.Marshal(e.text)
		fmt.Fprintf(&b, `{"log":%s,"stream":"%s","time":"%s"}`+"\n", log, e.stream, e.stamp)
	}
	return b.String()
}

// bareLog is a log of the kinds of lines that a proxy writes, without its newlines.
func bareLog() []string {
	return []string{
		"INFO:     Started server process [4711]",
		"\x1b[92m09:13:09 - LiteLLM Proxy:DEBUG\x1b[0m: proxy_server.py:1 - a \"quoted\" \\ text\ttab",
		`{"message": "multi\nline \u001b[0m", "level": "DEBUG", "timestamp": "2026-11-23T09:13:09.058163"}`,
		"",
		"    " + strings.Repeat(`{'role': 'user', 'content': "x"}, `, 3000),
		strings.Repeat("long stderr line ", 5000),
		strings.Repeat("y", splitSize),
		"  | not a prefix",
		strings.Repeat("z", splitSize+1),
		"2026-11-23 09:13:09 not a stamp of ours",
		"grüße ☃ \U0001F600",
		"the end",
	}
}

func TestContainerLogIsTheBareLog(t *testing.T) {
	log := bareLog()
	_, bare, err := readAll(t, strings.NewReader(strings.Join(log, "\n")+"\n"), Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		log  string
	}{
		{"docker json-file", dockerLog(split(log))},
		{"cri", criLog(split(log))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, got, err := readAll(t, strings.NewReader(tt.log), Config{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Envelope() != tt.name {
				t.Errorf("envelope %s", r.Envelope())
			}
			if c := r.Counts(); c.Broken != 0 || c.Open != 0 || c.Cut != 0 {
				t.Errorf("counts %+v", c)
			}
			// Lines of a stream keep their order; a long stdout line ends later.
			slices.SortStableFunc(got, func(a, b tailer.Line) int { return a.Stamp.Compare(b.Stamp) })
			if len(got) != len(bare) {
				t.Fatalf("%d lines, want %d", len(got), len(bare))
			}
			for i, line := range got {
				if string(line.Bytes) != string(bare[i].Bytes) {
					t.Errorf("line %d is %.80q, want %.80q", i, line.Bytes, bare[i].Bytes)
				}
				if want := epoch.Add(time.Duration(i) * time.Millisecond); !line.Stamp.Equal(want) || line.Stamp.Location() != time.UTC {
					t.Errorf("line %d has the stamp %v, want %v", i, line.Stamp, want)
				}
				if want := []tailer.Stream{tailer.StreamStdout, tailer.StreamStderr}[i%2]; line.Stream != want {
					t.Errorf("line %d is of stream %d", i, line.Stream)
				}
			}
		})
	}
}

func TestJoin(t *testing.T) {
	tests := []struct {
		name    string
		entries []entry
		max     int
		want    []string // "stream:text", "+" for open, "!n" for cut bytes
	}{
		{
			name:    "two streams at once",
			entries: []entry{{"a", "stdout", false, stampOf(0)}, {"1", "stderr", false, stampOf(1)}, {"b", "stdout", true, stampOf(2)}, {"2", "stderr", true, stampOf(3)}},
			want:    []string{"1:ab", "2:12"},
		},
		{
			name:    "whole lines within an unfinished one",
			entries: []entry{{"a", "stdout", false, stampOf(0)}, {"1", "stderr", true, stampOf(1)}, {"2", "stderr", true, stampOf(2)}, {"b", "stdout", true, stampOf(3)}},
			want:    []string{"2:1", "2:2", "1:ab"},
		},
		{
			name:    "unfinished at the end, oldest first",
			entries: []entry{{"a", "stderr", false, stampOf(0)}, {"1", "stdout", false, stampOf(1)}, {"b", "stderr", false, stampOf(2)}},
			want:    []string{"2:ab+", "1:1+"},
		},
		{
			name:    "empty last piece",
			entries: pieces("abc", ""),
			want:    []string{"2:abc"},
		},
		{
			name:    "carriage return at the split is text",
			entries: pieces("abc\r", "d\r"),
			want:    []string{"2:abc\rd"},
		},
		{
			name:    "joined line obeys the limit",
			entries: append(pieces("abc", "def", "ghi"), pieces("xyz")...),
			max:     5,
			want:    []string{"2:abcde!4", "2:xyz"},
		},
		{
			name:    "joined line as long as allowed",
			entries: pieces("abc", "de\r"),
			max:     5,
			want:    []string{"2:abcde"},
		},
	}
	for _, tt := range tests {
		for format, log := range map[string]string{"docker json-file": dockerLog(tt.entries), "cri": criLog(tt.entries)} {
			t.Run(tt.name+"/"+format, func(t *testing.T) {
				_, got, err := readAll(t, strings.NewReader(log), Config{MaxLine: tt.max})
				if err != nil {
					t.Fatal(err)
				}
				var shown []string
				for _, line := range got {
					s := fmt.Sprintf("%d:%s", line.Stream, line.Bytes)
					if line.Open {
						s += "+"
					}
					if line.Cut > 0 {
						s += fmt.Sprintf("!%d", line.Cut)
					}
					shown = append(shown, s)
				}
				if !slices.Equal(shown, tt.want) {
					t.Errorf("got %q, want %q", shown, tt.want)
				}
			})
		}
	}
}

func TestJoinedPosition(t *testing.T) {
	log := criLog(pieces("abc", "def"))
	_, got, err := readAll(t, strings.NewReader(log), Config{})
	if err != nil || len(got) != 1 {
		t.Fatalf("%d lines, %v", len(got), err)
	}
	if p := got[0].Pos; p.Offset != 0 || p.End != int64(len(log)) || !got[0].Stamp.Equal(epoch) {
		t.Errorf("position %+v, stamp %v", p, got[0].Stamp)
	}
}

func TestTooManyUnfinished(t *testing.T) {
	l := newLayer(&sliceLines{rest: [][]byte{[]byte("a1"), []byte("b1"), []byte("c1"), []byte("d1"), []byte("e1"), []byte("a2")}}, byFirst{}, 100)
	var got []string
	for {
		line, err := l.next()
		if err != nil {
			break
		}
		got = append(got, fmt.Sprint(string(line.Bytes), line.Open))
	}
	if want := "a1true"; len(got) != 6 || got[0] != want {
		t.Errorf("got %q, want 6 lines with %s first", got, want)
	}
}

// byFirst takes each line for a piece of the writer that its first byte names.
type byFirst struct{}

func (byFirst) name() string { return "test" }

func (byFirst) strip(line []byte) (piece, bool) {
	return piece{text: line, key: string(line[:1]), partial: true}, true
}

func TestBrokenEnvelope(t *testing.T) {
	const foreign = "a line of somebody else"
	good := pieces("abc", "def")
	for format, write := range map[string]func([]entry) string{"docker json-file": dockerLog, "cri": criLog} {
		t.Run(format, func(t *testing.T) {
			log := write(good[:1]) + foreign + "\n" + write(good[1:]) + write(pieces("ghi"))
			r, got, err := readAll(t, strings.NewReader(log), Config{})
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{foreign, "abcdef", "ghi"}; !slices.Equal(texts(got), want) {
				t.Errorf("got %q, want %q", texts(got), want)
			}
			if r.Counts().Broken != 1 {
				t.Errorf("broken %d, want 1", r.Counts().Broken)
			}
		})
	}
}

func TestCRILine(t *testing.T) {
	tests := []struct {
		name, line, want string // want is "stream text", "…" after it for partial
	}{
		{"whole", "2026-11-23T09:13:09.058163123Z stderr F text", "2 text"},
		{"partial", "2026-11-23T09:13:09.058163123Z stdout P text", "1 text…"},
		{"blanks are text", "2026-11-23T09:13:09.058163123Z stdout F  te xt ", "1  te xt "},
		{"more tags", "2026-11-23T09:13:09.058163123Z stdout P:tag:other text", "1 text…"},
		{"zone", "2026-11-23T10:13:09.058163123+01:00 stdout F text", "1 text"},
		{"no text", "2026-11-23T09:13:09.058163123Z stdout F ", "1 "},
		{"no text, blank lost", "2026-11-23T09:13:09.058163123Z stdout F", "1 "},
		{"carriage return stays", "2026-11-23T09:13:09.058163123Z stdout F text\r", "1 text\r"},
		{"invalid UTF-8", "2026-11-23T09:13:09.058163123Z stdout P \xe2\x98", "1 \xe2\x98…"},
		{"unknown stream", "2026-11-23T09:13:09.058163123Z stdlog F text", ""},
		{"unknown tag", "2026-11-23T09:13:09.058163123Z stdout X text", ""},
		{"long tag", "2026-11-23T09:13:09.058163123Z stdout PF text", ""},
		{"no zone", "2026-11-23T09:13:09.058163123 stdout F text", ""},
		{"no date", "2026-02-30T09:13:09.058163123Z stdout F text", ""},
		{"nothing after the stamp", "2026-11-23T09:13:09.058163123Z", ""},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := cri{}.strip([]byte(tt.line))
			if got := show(p, ok); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if ok && !p.stamp.Equal(epoch) {
				t.Errorf("stamp %v", p.stamp)
			}
		})
	}
}

func show(p piece, ok bool) string {
	if !ok {
		return ""
	}
	s := fmt.Sprintf("%d %s", p.stream, p.text)
	if p.partial {
		s += "…"
	}
	return s
}

func TestDockerLine(t *testing.T) {
	const tail = `,"stream":"stderr","time":"2026-11-23T09:13:09.058163123Z"}`
	tests := []struct {
		name, line, want string
	}{
		{"whole", `{"log":"text\n"` + tail, "2 text"},
		{"partial", `{"log":"text"` + tail, "2 text…"},
		{"empty piece", `{"log":""` + tail, "2 …"},
		{"only a newline", `{"log":"\n"` + tail, "2 "},
		{"escapes", `{"log":"\"\\\/\b\f\n\r\t\u0041\u00e9\u2603\ud83d\ude00\n"` + tail, "2 \"\\/\b\f\n\r\tAé☃\U0001F600"},
		{"half a surrogate pair", `{"log":"\ud83dx\ude00\n"` + tail, "2 \ufffdx\ufffd"},
		{"carriage return", `{"log":"text\r\n"` + tail + "\r", "2 text\r"},
		{"attrs", `{"log":"text\n","stream":"stdout","attrs":{"tag":"x"},"time":"2026-11-23T09:13:09.058163123Z"}`, "1 text"},
		{"attrs that imitate the tail", `{"log":"text\n","stream":"stdout","attrs":{"tag":"},\"time\":\"x"},"time":"2026-11-23T09:13:09.058163123Z"}`, "1 text"},
		{"attrs that are broken", `{"log":"text\n","stream":"stdout","attrs":{"tag"},"time":"2026-11-23T09:13:09.058163123Z"}`, ""},
		{"another order", `{"time":"2026-11-23T09:13:09.058163123Z", "stream":"stdout", "log":"te\u0078t\n"}`, "1 text"},
		{"forged tail within the text", `{"log":"\",\"stream\":\"stdout\",\"time\":\"x\"}\n"` + tail, `2 ","stream":"stdout","time":"x"}`},
		{"unknown escape", `{"log":"\x"` + tail, ""},
		{"short escape", `{"log":"\u12"` + tail, ""},
		{"control character", "{\"log\":\"\x01\"" + tail, ""},
		{"unknown stream", `{"log":"text\n","stream":"stdlog","time":"2026-11-23T09:13:09.058163123Z"}`, ""},
		{"no time", `{"log":"text\n","stream":"stdout"}`, ""},
		{"no log", `{"stream":"stdout","time":"2026-11-23T09:13:09.058163123Z"}`, ""},
		{"log is a number", `{"log":1` + tail, ""},
		{"something after it", `{"log":"text\n"` + tail + "x", ""},
		{"cut", `{"log":"text\n","stream":"stdout","time":"2026-11-2`, ""},
		{"cut in the text", `{"log":"te`, ""},
		{"no object", "text", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := new(docker).strip([]byte(tt.line))
			if got := show(p, ok); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if ok && !p.stamp.Equal(epoch) {
				t.Errorf("stamp %v", p.stamp)
			}
		})
	}
}
