package parse_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"tailer"
)

// FuzzTogether: lines that are handed out together make the same records as one by one,
// wherever a run of them begins and ends, and whatever the document that they stand in
// is interrupted by.
func FuzzTogether(f *testing.F) {
	payloads := captured(f, "1.109.1", "json-standard-payload")
	doc := document(f, payloads)
	for _, most := range []uint16{0, 1, 7, 4096} {
		f.Add(payloads[:min(len(payloads), 20_000)], most)
		f.Add([]byte(doc+"\n"+doc), most)
		f.Add([]byte(doc[:len(doc)/2]+"\n"+doc), most)
		f.Add(bytes.ReplaceAll([]byte(doc), []byte("\n"), []byte("\r\n")), most)
	}
	text := captured(f, "1.98.1", "text-detailed")
	f.Add(text[:min(len(text), 20_000)], uint16(100))
	const failed = "12:00:00 - LiteLLM Proxy:ERROR: a.py:1 - litellm.proxy.proxy_server._handle_llm_api_exception(): Exception occured - 400: no"
	f.Add([]byte(failed+"\r\n    a\r\n    b\r\n12:00:01 - LiteLLM:DEBUG: a.py:1 - x\r\n"), uint16(9))
	f.Add([]byte("{\n    x\n    \"id\": \"\n}"), uint16(3))
	f.Fuzz(func(t *testing.T, text []byte, most uint16) {
		single, joined := newParser(), newParser()
		var one, two []tailer.Record
		var held *tailer.Line
		hand := func() {
			if held != nil {
				two = append(two, slices.Clone(joined.Feed(held))...)
			}
			held = nil
		}
		at := int64(0)
		for line := range bytes.Lines(text) {
			bare := bytes.TrimSuffix(line, []byte("\n"))
			l := tailer.Line{Bytes: bytes.TrimSuffix(bare, []byte("\r")), Pos: tailer.Position{Offset: at, End: at + int64(len(bare)) + 1}}
			at = l.Pos.End
			one = append(one, slices.Clone(single.Feed(&l))...)
			indented := bytes.HasPrefix(bare, []byte(tailer.Indentation))
			switch {
			case held != nil && indented && held.More < int(most):
				held.Bytes = bytes.Join([][]byte{held.Bytes, l.Bytes}, []byte("\n"))
				if bytes.HasSuffix(text[:l.Pos.Offset], []byte("\r\n")) { // only the last line is without
					held.Bytes = slices.Concat(held.Bytes[:len(held.Bytes)-len(l.Bytes)-1], []byte("\r\n"), l.Bytes)
				}
				held.More, held.Pos.End = held.More+1, l.Pos.End
			case indented:
				hand()
				l.Bytes = bytes.Clone(l.Bytes)
				held = &l
			default:
				hand()
				two = append(two, slices.Clone(joined.Feed(&l))...)
			}
		}
		hand()
		one, two = append(one, single.Flush()...), append(two, joined.Flush()...)
		if !reflect.DeepEqual(one, two) && len(one)+len(two) > 0 {
			t.Fatalf("one by one %+v, together %+v", one, two)
		}
		if single.Counts() != joined.Counts() {
			t.Fatalf("counts %+v, together %+v", single.Counts(), joined.Counts())
		}
	})
}
