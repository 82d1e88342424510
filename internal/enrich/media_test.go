package enrich

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// mediaMarker is the marker as the contract spells it.
func mediaMarker(kind, raw string) string {
	return fmt.Sprintf("[media %s %d bytes sha256:%x]", kind, len(raw), sha256.Sum256([]byte(raw)))
}

func TestMediaInText(t *testing.T) {
	t.Parallel()
	r := mustRedactor(t)
	raw := "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00\xfe\xffmade up", 40)
	png := mediaMarker("image/png", raw)
	code := b64(raw)
	lines := code[:76] + "\r\n" + code[76:152] + "\r\n" + code[152:]
	for _, row := range []struct{ name, in, want string }{
		{"whole", "data:image/png;base64," + code, png},
		{"in markdown", "see ![x](data:image/png;base64," + code + ") there", "see ![x](" + png + ") there"},
		{"two", "data:image/png;base64," + code + " data:image/png;base64," + code, png + " " + png},
		{"upper case", "DATA:image/png;BASE64," + code, png},
		{"parameters", "data:audio/ogg;codecs=opus;base64," + b64("sound"), mediaMarker("audio/ogg", "sound")},
		{"no type", "data:;base64," + b64("text"), mediaMarker("text/plain", "text")},
		{"odd type", "data:<script>;base64," + b64("text"), mediaMarker("application/octet-stream", "text")},
		{"small", "data:text/plain;base64,SGVsbG8=", mediaMarker("text/plain", "Hello")},
		{"without padding", "data:text/plain;base64,SGVsbG8", mediaMarker("text/plain", "Hello")},
		{"other alphabet", "data:image/png;base64," + base64.RawURLEncoding.EncodeToString([]byte(raw)), png},
		{"in lines", "data:image/png;base64," + lines, png},
		{"percent-encoded padding", "data:text/plain;base64,SGVsbG8%3D", mediaMarker("text/plain", "Hello")},
		{"text after a line break", "data:text/plain;base64,SGVsbG8=\nand more", mediaMarker("text/plain", "Hello") + "\nand more"},
		{"cut by LiteLLM 1.98", "data:image/png;base64,[base64_data truncated: 220.4KB] x", "[media image/png truncated] x"},
		{"cut after some", "data:image/png;base64," + code[:60] + "[base64_data truncated: 1.25MB]", "[media image/png truncated]"},
		{"cut with dots", "data:image/png;base64," + code[:60] + "...(truncated)", "[media image/png truncated]"},
		{"cut with dots only", "data:image/png;base64," + code[:60] + "...", "[media image/png truncated]"},
		{"cut in the middle of a record", "data:image/png;base64," + code[:60] + "... (litellm_truncated skipped 10550 chars. Truncation is a safeguard) ..." + code[200:] + " end",
			"[media image/png truncated] end"},
		{"mark cut too", "data:image/png;base64," + code[:60] + "... (litellm_truncated skipped", "[media image/png truncated] skipped"},
		{"not decodable", "data:image/png;base64,AAAAA", "[media image/png truncated]"},
		{"padding inside", "data:image/png;base64,AAAA=AAA", "[media image/png truncated]"},
		{"too much padding", "data:image/png;base64,AAAA=", "[media image/png truncated]"},
		{"scrubbed", "data:image/png;base64,AAAAREDACTEDAAAA", "[media image/png truncated]"},
	} {
		got := r.Text(row.in)
		if got != row.want {
			t.Errorf("%s: Text(%.80q)\n got %q\nwant %q", row.name, row.in, got, row.want)
		}
		if again := r.Text(got); again != got {
			t.Errorf("%s: second time %q", row.name, again)
		}
	}
}

func TestMediaInFields(t *testing.T) {
	t.Parallel()
	r := mustRedactor(t)
	raw := "\x89PNG\r\n\x1a\n" + strings.Repeat("made up picture ", 20)
	code, marker := b64(raw), mediaMarker("image/png", raw)
	sound := b64(strings.Repeat("sound", 10))
	audio := func(kind string) string { return mediaMarker(kind, strings.Repeat("sound", 10)) }
	for _, row := range []struct{ name, in, want string }{
		{"input_audio", `{"input_audio":{"data":"` + sound + `","format":"mp3"}}`, `{"input_audio":{"data":"` + audio("audio/mp3") + `","format":"mp3"}}`},
		{"input_audio without format", `{"input_audio":{"data":"` + sound + `"}}`, `{"input_audio":{"data":"` + audio("audio/wav") + `"}}`},
		{"answer's audio", `{"audio":{"id":"a","data":"` + sound + `"}}`, `{"audio":{"id":"a","data":"` + audio("audio/wav") + `"}}`},
		{
			"Anthropic", `{"source":{"type":"base64","media_type":"image/webp","data":"` + sound + `"}}`,
			`{"source":{"type":"base64","media_type":"image/webp","data":"` + audio("image/webp") + `"}}`,
		},
		{
			"Anthropic, type after data", `{"source":{"data":"` + sound + `","media_type":"application/pdf","type":"base64"}}`,
			`{"source":{"data":"` + audio("application/pdf") + `","media_type":"application/pdf","type":"base64"}}`,
		},
		{
			"Anthropic's text is text", `{"source":{"type":"text","media_type":"text/plain","data":"Plain old text"}}`,
			`{"source":{"type":"text","media_type":"text/plain","data":"Plain old text"}}`,
		},
		{"Gemini", `{"inline_data":{"mime_type":"audio/mp3","data":"` + sound + `"}}`, `{"inline_data":{"mime_type":"audio/mp3","data":"` + audio("audio/mp3") + `"}}`},
		{"Gemini, camel case", `{"inlineData":{"mimeType":"audio/mp3","data":"` + sound + `"}}`, `{"inlineData":{"mimeType":"audio/mp3","data":"` + audio("audio/mp3") + `"}}`},
		{"image", `{"data":[{"b64_json":"` + code + `"}]}`, `{"data":[{"b64_json":"` + marker + `"}]}`},
		{"image of no known kind", `{"b64_json":"` + sound + `"}`, `{"b64_json":"` + audio("image/png") + `"}`},
		{"image call", `{"type":"image_generation_call","result":"` + sound + `"}`, `{"type":"image_generation_call","result":"` + audio("image/png") + `"}`},
		{"another call's result", `{"type":"web_search","result":"plain text here"}`, `{"type":"web_search","result":"plain text here"}`},
		{"file", `{"file":{"file_data":"` + code + `"}}`, `{"file":{"file_data":"` + marker + `"}}`},
		{"file as data URL", `{"file":{"file_data":"data:image/png;base64,` + code + `"}}`, `{"file":{"file_data":"` + marker + `"}}`},
		{"Ollama's images", `{"images":["` + code + `"]}`, `{"images":["` + marker + `"]}`},
		{"escaped slashes", `{"b64_json":"` + strings.ReplaceAll(code, "/", `\/`) + `"}`, `{"b64_json":"` + marker + `"}`},
		{"cut", `{"source":{"media_type":"image/png","data":"[base64_data truncated: 3KB]"}}`, `{"source":{"media_type":"image/png","data":"[media image/png truncated]"}}`},
		{"damaged", `{"b64_json":"` + code[:40] + ` oops"}`, `{"b64_json":"[media image/png truncated]"}`},
		{"hostile type", `{"source":{"type":"base64","media_type":"a/b\" sha256:","data":"` + sound + `"}}`, `{"source":{"type":"base64","media_type":"a/b\" sha256:","data":"` + audio("application/octet-stream") + `"}}`},
		{"data of another kind", `{"data":"some ordinary words","x":{"data":"YWJjZGVmZ2hpag=="}}`, `{"data":"some ordinary words","x":{"data":"YWJjZGVmZ2hpag=="}}`},
		{"embedding stays", `{"data":[{"embedding":"` + sound + `"}]}`, `{"data":[{"embedding":"` + sound + `"}]}`},
		{"marker stays", `{"b64_json":"` + marker + `"}`, `{"b64_json":"` + marker + `"}`},
		{"empty", `{"b64_json":"","source":{"data":"","media_type":"image/png"}}`, `{"b64_json":"","source":{"data":"","media_type":"image/png"}}`},
	} {
		if got := string(r.JSON(json.RawMessage(row.in))); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}
