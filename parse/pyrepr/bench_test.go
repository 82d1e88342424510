package pyrepr

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// madeUp is a record of the shape and size of LiteLLM's, about 30 kB.
func madeUp() []byte {
	var b strings.Builder
	b.WriteString("{'litellm_call_id': 'c-1', 'litellm_params': {")
	for i := range 400 {
		fmt.Fprintf(&b, "'input_cost_per_token_above_%dk_tokens': None, 'supports_feature_%d': True, ", i, i)
	}
	b.WriteString("'last': 1.5e-07}, 'messages': [")
	for i := range 10 {
		fmt.Fprintf(&b, `{'role': 'user', 'content': "it's message %d, %s"}, `, i, strings.Repeat("a word or two ", 30))
	}
	b.WriteString("{}], 'response': ModelResponse(id='r', created=1, choices=[Choices(index=0)])}")
	return []byte(b.String())
}

// benchRecords returns the made-up record and, if TAILER_BENCH_REPR names a file
// of one JSON string per line, its records.
func benchRecords(b *testing.B) map[string][][]byte {
	b.Helper()
	sets := map[string][][]byte{"made-up": {madeUp()}}
	path := os.Getenv("TAILER_BENCH_REPR")
	if path == "" {
		return sets
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var text string
		if err := json.Unmarshal(lines.Bytes(), &text); err != nil {
			b.Fatal(err)
		}
		if open := strings.IndexByte(text, '{'); open >= 0 {
			sets["file"] = append(sets["file"], []byte(text[open:]))
		}
	}
	if err := lines.Err(); err != nil {
		b.Fatal(err)
	}
	return sets
}

func benchmark(b *testing.B, read func(b *testing.B, r *Reader)) {
	b.Helper()
	for name, records := range benchRecords(b) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(bytes.Join(records, nil))))
			b.ReportAllocs()
			var r Reader
			for b.Loop() {
				for _, rec := range records {
					r.Reset(rec)
					read(b, &r)
					if r.Err() != nil {
						b.Fatal(r.Err())
					}
				}
			}
		})
	}
}

func BenchmarkSkip(b *testing.B) {
	benchmark(b, func(b *testing.B, r *Reader) {
		b.Helper()
		if r.Skip() == nil {
			b.Fatal("nothing skipped")
		}
	})
}

func BenchmarkWalk(b *testing.B) {
	benchmark(b, func(b *testing.B, r *Reader) {
		b.Helper()
		n := 0
		for top := r.Dict(); top.Next(); n++ {
			if string(top.Key()) == "litellm_params" {
				for p := r.Dict(); p.Next(); n++ {
				}
			}
		}
		if n == 0 {
			b.Fatal("no members")
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	var buf []byte
	benchmark(b, func(b *testing.B, r *Reader) {
		b.Helper()
		if buf = r.AppendJSON(buf[:0]); len(buf) < 100 {
			b.Fatal("no JSON")
		}
	})
}
