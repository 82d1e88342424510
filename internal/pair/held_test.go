package pair_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"tailer"
	"tailer/internal/pair"
	"tailer/parse"
)

// TestHeld holds, at every line of every capture, all lines that an exchange is made of
// later. If one were not held, the place from which the log is read again after a crash
// could lie behind it: the exchange would count as one of the run before, and be lost.
func TestHeld(t *testing.T) {
	logs, err := filepath.Glob(filepath.Join("..", "..", "testdata", "captures", "*", "*", "proxy.log.gz"))
	if err != nil || len(logs) == 0 {
		t.Fatal(len(logs), err)
	}
	for _, log := range logs {
		dir := filepath.Dir(log)
		t.Run(filepath.Base(filepath.Dir(dir))+"/"+filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			p := parse.New(parse.NewClock(parse.ClockConfig{Location: time.UTC}))
			table := pair.New(pair.Config{GiveUp: 10 * time.Minute, Prompt: true})
			low := int64(0) // as high as it ever was
			check := func(exchanges []tailer.Exchange) {
				for _, x := range exchanges {
					for _, at := range x.Positions {
						if at.Offset < low {
							t.Errorf("the line at %d of %q was not held: the log is read again from %d", at.Offset, x.CallID, low)
						}
					}
				}
			}
			take := func(records []tailer.Record) {
				for i := range records {
					check(table.Add(&records[i]))
				}
			}
			at := int64(0)
			for text := range bytes.Lines(unpacked(t, filepath.Join(dir, "proxy.log"))) {
				line := tailer.Line{Bytes: bytes.TrimSuffix(text, []byte("\n")), Pos: tailer.Position{Source: "log", Offset: at, End: at + int64(len(text))}}
				at = line.Pos.End
				take(p.Feed(&line))
				mark := at
				note := func(held tailer.Position) { mark = min(mark, held.Offset) }
				p.Held(note)
				table.Held(note)
				low = max(low, mark)
			}
			take(p.Flush())
			check(table.Drain())
		})
	}
}
