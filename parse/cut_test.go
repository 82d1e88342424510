package parse_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"tailer"
)

// FuzzCut: in two halves, the records are the same, however many lines are cut and
// however many records decoded at once. The lines' memory is used again.
func FuzzCut(f *testing.F) {
	for _, name := range [][2]string{{"1.109.1", "json-standard-payload"}, {"1.98.1", "text-detailed"}, {"1.109.1", "json-detailed"}, {"1.61.20", "text-standard-payload-debug"}, {"1.109.1", "text-info"}} {
		log := captured(f, name[0], name[1])
		for _, from := range []int{0, len(log) / 3, len(log) / 2} {
			f.Add(log[from:min(len(log), from+60_000)], uint8(from%7), uint8(3))
		}
	}
	for _, carrier := range carriers {
		f.Add([]byte(carrier.log(forgeries[4].prompt)), uint8(1), uint8(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, many, wanted uint8) {
		whole, halves := newParser(), newParser()
		var one, two []tailer.Record
		decode := func(last bool) {
			next := halves.Found(last)
			for {
				some := next(1 + int(wanted))
				if len(some) == 0 {
					break
				}
				two = append(two, slices.Clone(some)...)
			}
		}
		at, n := int64(0), 0
		for line := range bytes.Lines(text) {
			l := tailer.Line{Bytes: bytes.TrimSuffix(line, []byte("\n")), Pos: tailer.Position{Offset: at, End: at + int64(len(line))}}
			at = l.Pos.End
			one = append(one, slices.Clone(whole.Feed(&l))...)
			l.Bytes = bytes.Clone(l.Bytes)
			halves.Cut(&l)
			clear(l.Bytes)
			if n++; n%(1+int(many)) == 0 {
				decode(false)
			}
		}
		one = append(one, whole.Flush()...)
		decode(true)
		if !reflect.DeepEqual(one, two) && len(one)+len(two) > 0 {
			t.Fatalf("whole %+v, in halves %+v", one, two)
		}
		if whole.Counts() != halves.Counts() {
			t.Fatalf("counts %+v, in halves %+v", whole.Counts(), halves.Counts())
		}
	})
}
