package source

import (
	"strings"
	"testing"

	"tailer"
)

// TestSplitCharacter: Docker leaves nothing of a character that it splits, and the line
// says so; containerd keeps its bytes.
func TestSplitCharacter(t *testing.T) {
	const text = "a\U0001F98Ab"
	for _, test := range []struct {
		name, docker string
		entries      []entry
	}{
		{"after one byte", "a\uFFFD" + tailer.LostMark + "b", pieces(text[:2], text[2:])},
		{"after two", "a\uFFFD\uFFFD" + tailer.LostMark + "b", pieces(text[:3], text[3:])},
		{"after three", "a\uFFFD\uFFFD\uFFFD" + tailer.LostMark + "b", pieces(text[:4], text[4:])},
		{"between two pieces of three", "a\uFFFD" + tailer.LostMark + "b\uFFFD" + tailer.LostMark + "b", pieces(text[:2], text[2:]+text[1:2], text[2:])},
		{"before it", text, pieces("a", text[1:])},
		{"after what stands for another", "a\uFFFDb", pieces("a\uFFFD", "b")},
		{"before what stands for another", "a\uFFFDb", pieces("a", "\uFFFDb")},
	} {
		t.Run(test.name, func(t *testing.T) {
			for format, log := range map[string]string{"docker": dockerLog(test.entries), "cri": criLog(test.entries)} {
				_, got, err := readAll(t, strings.NewReader(log+log), Config{})
				if err != nil || len(got) != 2 {
					t.Fatalf("%s: %d lines, %v", format, len(got), err)
				}
				want, lost := test.docker, strings.Contains(test.docker, tailer.LostMark)
				if format == "cri" {
					want, lost = "", false
					for _, e := range test.entries {
						want += e.text
					}
				}
				for _, line := range got {
					if string(line.Bytes) != want || line.Lost != lost {
						t.Errorf("%s: %q, lost %v; want %q, %v", format, line.Bytes, line.Lost, want, lost)
					}
				}
			}
		})
	}
}
