package parse_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"tailer"
)

// FuzzCut: in steps, the records are the same, however many lines are cut at once and
// however much is decoded before any of it is settled. The lines' memory is used again.
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
	f.Fuzz(func(t *testing.T, text []byte, many, ahead uint8) {
		whole, steps := newParser(), newParser()
		var one, two []tailer.Record
		type found struct {
			decode func()
			settle func() []tailer.Record
		}
		var waiting []found
		decode := func(last bool) {
			decode, settle := steps.Found(last)
			waiting = append(waiting, found{decode, settle})
			if len(waiting) <= int(ahead%8) && !last {
				return
			}
			for _, w := range slices.Backward(waiting) {
				w.decode()
			}
			for _, w := range waiting {
				for some := w.settle(); len(some) > 0; some = w.settle() {
					two = append(two, slices.Clone(some)...)
				}
			}
			waiting = nil
		}
		at, n := int64(0), 0
		for line := range bytes.Lines(text) {
			l := tailer.Line{Bytes: bytes.TrimSuffix(line, []byte("\n")), Pos: tailer.Position{Offset: at, End: at + int64(len(line))}}
			at = l.Pos.End
			one = append(one, slices.Clone(whole.Feed(&l))...)
			l.Bytes = bytes.Clone(l.Bytes)
			steps.Cut(&l)
			clear(l.Bytes)
			if n++; n%(1+int(many)) == 0 {
				decode(false)
			}
		}
		one = append(one, whole.Flush()...)
		decode(true)
		if !reflect.DeepEqual(one, two) && len(one)+len(two) > 0 {
			t.Fatalf("whole %+v, in steps %+v", one, two)
		}
		if whole.Counts() != steps.Counts() {
			t.Fatalf("counts %+v, in steps %+v", whole.Counts(), steps.Counts())
		}
	})
}
