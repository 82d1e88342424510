package parse_test

import (
	"bytes"
	"reflect"
	"testing"

	"tailer"
)

// FuzzFraming reads any lines on any of the three streams. The first byte of each
// line tells its stream. Two parsers must agree, no record may be larger than
// what was read, and after Flush nothing may be left.
func FuzzFraming(f *testing.F) {
	for _, name := range [][2]string{{"1.109.1", "json-standard-payload"}, {"1.98.1", "text-detailed"}, {"1.61.20", "text-standard-payload-debug"}, {"1.109.1", "text-info"}} {
		log := captured(f, name[0], name[1])
		for _, from := range []int{0, len(log) / 3, len(log) / 2} {
			f.Add(log[from:min(len(log), from+3000)])
		}
	}
	doc := document(f, captured(f, "1.109.1", "json-standard-payload"))
	f.Add([]byte("1" + doc[:len(doc)/2] + "\n2{\n1" + doc[len(doc)/2:]))
	for _, carrier := range carriers {
		f.Add([]byte(carrier.log(forgeries[4].prompt)))
	}
	f.Add([]byte("{\n{\n    \"id\": \"\n}\n}{\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		one, two := newParser(), newParser()
		size, records := 0, 0
		check := func(a, b []tailer.Record) {
			t.Helper()
			if !reflect.DeepEqual(a, b) && (len(a) > 0 || len(b) > 0) {
				t.Fatalf("%+v, then %+v", a, b)
			}
			records += len(a)
			for i := range a {
				if n := weight(&a[i]); n > 16*(size+64) {
					t.Fatalf("a %s record of %d bytes from %d bytes of log", a[i].Kind, n, size)
				}
			}
		}
		for line := range bytes.Lines(text) {
			line = bytes.TrimSuffix(line, []byte("\n"))
			l := tailer.Line{Bytes: line, Stream: tailer.Stream(0)}
			if len(line) > 0 && line[0] >= '0' && line[0] <= '2' {
				l.Bytes, l.Stream = line[1:], tailer.Stream(line[0]-'0')
			}
			size += len(line)
			a := one.Feed(&l)
			l.Bytes = bytes.Clone(l.Bytes)
			check(a, two.Feed(&l))
		}
		check(one.Flush(), two.Flush())
		check(nil, one.Flush())
		if one.Counts() != two.Counts() {
			t.Fatalf("counts %+v, then %+v", one.Counts(), two.Counts())
		}
		if records > 2*size+2 {
			t.Fatalf("%d records from %d bytes", records, size)
		}
	})
}

// weight is how many bytes of content a record holds.
func weight(r *tailer.Record) int {
	n := len(r.Raw) + len(r.Request.Metadata) + len(r.Call.Response) + len(r.Call.Usage) + len(r.Failure.Message) +
		len(r.Request.Route) + len(r.Request.FoundUser) + len(r.CallID) + len(r.Call.Failure.Message)
	for _, f := range r.Request.Body {
		n += len(f.Name) + len(f.Value)
	}
	for _, h := range r.Request.Headers {
		n += len(h.Name) + len(h.Value)
	}
	return n
}
