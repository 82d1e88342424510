package enrich

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"tailer"
)

// prose is 20 kB of text and code without a secret.
func prose() string {
	const piece = "The quick brown fox-like animal jumped over the lazy dog; see https://example.com/a?b=c&d=1 for more.\n" +
		"def risk_free(rate: float = 0.05, *, max_tokens: int = 1024) -> dict[str, Any]:\n    return {\"key\": rate}\n" +
		"Die Bearbeitung dauert 3-5 Tage. 東京の天気は晴れです。 Basic steps, then advanced ones.\n"
	return strings.Repeat(piece, 20_000/len(piece)+1)[:20_000]
}

func BenchmarkTextClean(b *testing.B) {
	r, text := mustRedactor(b, "sk-lf-made-up-secret-key-0001", "pk-lf-made-up-public-key-01"), prose()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if r.Text(text) != text {
			b.Fatal("changed")
		}
	}
}

func BenchmarkJSONClean(b *testing.B) {
	r := mustRedactor(b, "sk-lf-made-up-secret-key-0001", "pk-lf-made-up-public-key-01")
	raw, err := json.Marshal([]map[string]string{{"role": "user", "content": prose()}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if !bytes.Equal(r.JSON(raw), raw) {
			b.Fatal("changed")
		}
	}
}

func BenchmarkJSONMedia(b *testing.B) {
	r := mustRedactor(b)
	raw, err := json.Marshal([]string{"data:image/png;base64," + b64(strings.Repeat("pixels", 50_000))})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		r.JSON(raw)
	}
}

func BenchmarkEnrich(b *testing.B) {
	e, err := New(Config{KnownSecrets: []string{"sk-lf-made-up-secret-key-0001"}})
	if err != nil {
		b.Fatal(err)
	}
	raw, err := json.Marshal([]map[string]string{{"role": "user", "content": prose()}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		x := tailer.Exchange{Request: tailer.Request{
			Headers: []tailer.Header{
				{Name: "authorization", Value: "Bearer sk-made-up-0123456789"}, {Name: "user-agent", Value: "bench/1"},
				{Name: "x-openwebui-user-email", Value: "eva@example.org"}, {Name: "x-openwebui-chat-id", Value: "c-1"},
			},
			Body: tailer.Fields{{Name: "model", Value: json.RawMessage(`"gpt"`)}, {Name: "messages", Value: raw}},
		}}
		e.Enrich(&x)
	}
}
