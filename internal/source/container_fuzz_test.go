package source

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
)

func FuzzDocker(f *testing.F) {
	f.Add([]byte(`text \" \\ \u0041\ud83d\ude00 \n`))
	f.Add([]byte("\xff\\ud800"))
	f.Fuzz(func(t *testing.T, log []byte) {
		const tail = `","stream":"stderr","time":"2026-11-23T09:13:09.058163123Z"}`
		line := []byte(`{"log":"` + string(log) + tail)
		var want struct{ Log, Stream, Time string }
		err := json.Unmarshal(line, &want)
		got, ok := new(docker).fast(line)
		if ok != (err == nil) {
			// Members that repeat, and spaces between them, are left to encoding/json.
			if !ok && strings.Contains(string(log), `"`) {
				return
			}
			t.Fatalf("accepted is %v, encoding/json says %v", ok, err)
		}
		if !ok {
			return
		}
		// encoding/json replaces each invalid byte; we keep it.
		if text := string([]rune(string(got.text))); text != want.Log {
			t.Errorf("got %q, want %q", text, want.Log)
		}
	})
}

func FuzzCRI(f *testing.F) {
	f.Add([]byte("2026-11-23T09:13:09.058163123Z stderr P:x text\r"))
	f.Add([]byte("2026-11-23T10:13:09+01:00 stdout F"))
	f.Fuzz(func(t *testing.T, line []byte) {
		p, ok := cri{}.strip(line)
		if !ok {
			return
		}
		stamp, _, _ := strings.Cut(string(line), " ")
		if want, err := time.Parse(time.RFC3339Nano, stamp); err == nil && !want.Equal(p.stamp) {
			t.Errorf("stamp %v, want %v", p.stamp, want)
		}
		if !strings.HasSuffix(string(line), string(p.text)) {
			t.Errorf("text %q is not the end of %q", p.text, line)
		}
	})
}

func FuzzStamp(f *testing.F) {
	f.Add("2026-11-23T09:13:09.058163123Z")
	f.Add("2026-02-29T09:13:09,5+0130")
	// time.Parse takes more, such as one digit for the hour.
	shape := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d{1,9})?(Z|[-+]\d\d:\d\d)$`)
	f.Fuzz(func(t *testing.T, s string) {
		got, rest, ok := cutStamp([]byte(s))
		want, err := time.Parse(time.RFC3339Nano, s)
		if shape.MatchString(s) && (ok && len(rest) == 0) != (err == nil) {
			t.Fatalf("accepted is %v, time.Parse says %v: %q", ok, err, s)
		}
		if ok && len(rest) == 0 && err == nil && !got.Equal(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
