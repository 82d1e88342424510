package source

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestJournalSplitLines(t *testing.T) {
	long := strings.Repeat("x", journalLineMax)
	stamp := fmt.Sprint(epoch.UnixMicro())
	var json, export, short string
	for _, e := range []struct{ id, text, lineBreak string }{
		{"a", long, lineMax}, {"b", "other", ""}, {"a", long, lineMax}, {"a", "end", ""},
		{"b", "last", ""},
	} {
		json += object("__REALTIME_TIMESTAMP", stamp, "_STREAM_ID", e.id, "MESSAGE", e.text, "_LINE_BREAK", e.lineBreak)
		export += fmt.Sprintf("__REALTIME_TIMESTAMP=%s\n_STREAM_ID=%s\nMESSAGE=%s\n_LINE_BREAK=%s\n\n", stamp, e.id, e.text, e.lineBreak)
		short += fmt.Sprintf("Nov 23 09:13:09 host litellm[%d]: %s\n", e.id[0], e.text)
	}
	for name, in := range map[string]string{"journald json": json, "journald export": export, "journald short": short} {
		r, got, err := readAll(t, strings.NewReader(in), Config{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Envelope() != name {
			t.Errorf("envelope %s, want %s", r.Envelope(), name)
		}
		if g, want := strings.Join(texts(got), "|"), "other|"+long+long+"end|last"; g != want {
			t.Errorf("%s: got %d lines of %d bytes, want 3 of %d", name, len(got), len(g), len(want))
		}
	}
}

func TestJournalMessage(t *testing.T) {
	tests := []struct {
		name, value, want string
		ok                bool
	}{
		{"string", `"a\n☃"`, "a\n☃", true},
		{"bytes", `[27,91,57,50,109,255]`, "\x1b[92m\xff", true},
		{"no bytes", `[]`, "", true},
		{"field twice", `["a","b"]`, "a", true},
		{"field twice, bytes", `[[27,91],"b"]`, "\x1b[", true},
		{"left out", `null`, "", false},
		{"not there", ``, "", false},
		{"no byte", `[300]`, "", false},
		{"an object", `{}`, "", false},
		{"a number", `1`, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := journalText(json.RawMessage(tt.value))
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %q, %v, want %q, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestWithheld(t *testing.T) {
	tests := map[string]string{
		"json":   strings.Repeat(object("__REALTIME_TIMESTAMP", "1795425189058163", "MESSAGE", nil), 3),
		"export": strings.Repeat("__REALTIME_TIMESTAMP=1795425189058163\n_PID=1\n\n", 3),
		"short":  strings.Repeat("Nov 23 09:13:09 host litellm[1]: [2.1K blob data]\n", 3),
	}
	for name, in := range tests {
		r, got, err := readAll(t, strings.NewReader(in), Config{})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 0 || r.Counts().Withheld != 3 {
			t.Errorf("%s: %d lines, %+v", name, len(got), r.Counts())
		}
	}
}

func TestJournalExport(t *testing.T) {
	const head = "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795425189058163\n"
	field := func(name, value string, size int) string {
		return name + "\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(size))) + value + "\n"
	}
	tests := []struct {
		name, in, want string
		broken         int64
		open           bool
	}{
		{"binary with newlines", head + field("MESSAGE", "a\n\nb\r", 5) + "\n", "a||b", 0, false},
		{"binary of no bytes", head + field("MESSAGE", "", 0) + "\n", "", 0, false},
		{"length with newline bytes in it", head + field("MESSAGE", strings.Repeat("x", 0x0a0a), 0x0a0a) + "\n", strings.Repeat("x", 0x0a0a), 0, false},
		{"another binary field", head + field("X", "a\n\nMESSAGE=b", 12) + "MESSAGE=c\n\n", "c", 0, false},
		{"no empty line at the end", head + "MESSAGE=a\n", "a", 0, true},
		{"two empty lines", head + "MESSAGE=a\n\n\n" + head + "MESSAGE=b\n\n", "a|b", 0, false},
		{"carriage returns", strings.ReplaceAll(head+"MESSAGE=a\n\n"+head+"MESSAGE=b\n\n", "\n", "\r\n"), "a|b", 0, false},
		{"length that is wrong", head + field("MESSAGE", "abc", 2) + "MESSAGE=d\n\n", "abc|d", 1, false},
		{"length that is a lie", head + field("MESSAGE", "abc", 1<<62) + "MESSAGE=d\n\n", "", 0, true},
		{"foreign line", head + "MESSAGE=a\n\nforeign line\n" + head + "MESSAGE=b\n\n", "a|foreign line|b", 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, got, err := readAll(t, strings.NewReader(tt.in), Config{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Envelope() != "journald export" {
				t.Fatalf("envelope %s", r.Envelope())
			}
			if g := strings.TrimLeft(strings.Join(texts(got), "|"), "\x02\x00"); g != tt.want {
				t.Errorf("got %q, want %q", g, tt.want)
			}
			if c := r.Counts(); c.Broken != tt.broken {
				t.Errorf("counts %+v", c)
			}
			if len(got) > 0 && got[len(got)-1].Open != tt.open {
				t.Errorf("open is %v", !tt.open)
			}
		})
	}
}
