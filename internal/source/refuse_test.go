package source

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// TestRefused gives envelopes lines that are almost theirs.
func TestRefused(t *testing.T) {
	short := syslogKind("short", false, false)(nil, Config{Location: time.UTC, Year: 2026})
	rfc3164 := syslogKind("rfc 3164", true, false)(nil, Config{Location: time.UTC, Year: 2026})
	tests := []struct {
		env  envelope
		line string
	}{
		{short, "Nov 23 09:13:09"},
		{short, "Nov 23 09:13:09 host"},
		{short, "Nov 23 09:13:09 host litellm text"},
		{short, "Nov 23 09:13:09 host litellm[x]: text"},
		{short, "Nov 23 09:13:09 host [1]: text"},
		{short, "Nov 23 09:13:09  litellm: text"},
		{short, "Nov 23 24:13:09 host litellm: text"},
		{short, "Nov  0 09:13:09 host litellm: text"},
		{short, "Nox 23 09:13:09 host litellm: text"},
		{short, "Nov 2x 09:13:09 host litellm: text"},
		{short, "Nov 23 09:13:09. host litellm: text"},
		{rfc3164, "Nov 23 09:13:09 host litellm: text"},
		{rfc3164, "<>Nov 23 09:13:09 host litellm: text"},
		{rfc3164, "<192>Nov 23 09:13:09 host litellm: text"},
		{rfc3164, "<30 Nov 23 09:13:09 host litellm: text"},
		{syslog5424{}, "<14>2 2026-11-23T09:13:09Z host app 1 - - text"},
		{syslog5424{}, "<14>1 2026-11-23 host app 1 - - text"},
		{syslog5424{}, "<14>1 2026-11-23T09:13:09Z host app 1 -"},
		{syslog5424{}, "<14>1 2026-11-23T09:13:09Z host app 1 - text"},
		{syslog5424{}, `<14>1 2026-11-23T09:13:09Z host app 1 - [a b="c] text`},
		{syslog5424{}, "<14>1 2026-11-23T09:13:09Z host app 1 - -text"},
		{timestamps{}, "2026-11-23T09:13:09Ztext"},
		{timestamps{}, "2026-11-23T09:13:09+24:00 text"},
		{timestamps{}, "2026-11-23T09:13:09+0a:00 text"},
		{timestamps{}, "2026-11-23T09:13:09+01:0"},
		{timestamps{}, "2026-11-23T09:13:09.1234567890Z text"},
		{podPrefix{}, "[pod/a] text"},
		{podPrefix{}, "[pod/a/b/c] text"},
		{loki{}, "2026-11-23T09:13:09Z {text"},
		{loki{}, `2026-11-23T09:13:09Z {"message": "x"} text`},
		{loki{}, "2026-11-23T09:13:09Z {}text"},
		{lokiJSON{}, `{"line":"x","timestamp":"yesterday"}`},
		{cloudWatch{}, `{"message":"x","timestamp":-1}`},
		{cloudWatch{}, `{"message":"x","timestamp":1}x`},
		{cloudLogging{}, `{"timestamp":"2026-11-23T09:13:09Z","jsonPayload":"x"}`},
		{cloudLogging{}, `{"textPayload":"x"}`},
		{journalJSON{}, `{"MESSAGE":"x","__REALTIME_TIMESTAMP":"-1"}`},
		{journalJSON{}, `{"MESSAGE":"x","__REALTIME_TIMESTAMP":1}`},
		{journalJSON{}, `{"MESSAGE"`},
		{journalJSON{}, `{"MESSAGE":`},
		{journalJSON{}, `{"MESSAGE":"x"`},
	}
	for _, tt := range tests {
		if p, ok := tt.env.strip([]byte(tt.line)); ok {
			t.Errorf("%s takes %q for its own: %q", tt.env.name(), tt.line, p.text)
		}
	}
}

func TestNoTime(t *testing.T) {
	p, ok := syslog5424{}.strip([]byte("<14>1 - - - - - - text"))
	if !ok || string(p.text) != "text" || !p.stamp.IsZero() {
		t.Errorf("got %+v, %v", p, ok)
	}
}

func TestDamagedErrorSaysWhat(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{io.ErrUnexpectedEOF, "decompress a.gz: gzip ends early, after 7 decompressed bytes"},
		{errors.New("checksum"), "decompress a.gz: gzip broken after 7 decompressed bytes: checksum"},
	}
	for _, tt := range tests {
		err := &DamagedError{Path: "a.gz", Format: "gzip", Offset: 7, Err: tt.err}
		if got := err.Error(); !strings.Contains(got, tt.want) || !errors.Is(err, tt.err) {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
