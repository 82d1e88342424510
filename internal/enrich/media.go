package enrich

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"tailer/internal/rawjson"
)

// This file replaces base64 media by a marker that says what was there:
//
//	[media image/png 688 bytes sha256:<64 hex digits of the decoded bytes>]
//	[media image/png truncated]
//
// The second form is for media that the log does not hold whole. LiteLLM cuts
// them as `[base64_data truncated: 220.4KB]` (1.98 on, in logged payloads; 1.103
// on, in every record) and long records as `... (litellm_truncated skipped 10550
// chars. …) ...` (1.103 on), both seen in captured logs.

// plainMedia is the type where nothing tells it.
const plainMedia = "application/octet-stream"

// matchMedia matches `data:TYPE;base64,DATA`, with parameters between or not.
func matchMedia(p *pass, s []byte, i int) (int, int, string, bool) {
	head := s[i+len("data:") : min(len(s), i+256)]
	comma := bytes.IndexByte(head, ',')
	if comma < 0 || comma < len(";base64") || !bytes.EqualFold(head[comma-len(";base64"):comma], []byte(";base64")) {
		return 0, 0, "", false
	}
	kind, _, _ := bytes.Cut(head[:comma], []byte(";"))
	from := i + len("data:") + comma + 1
	data, end, whole := base64At(s, from)
	if end == from {
		return 0, 0, "", false // "data:image/png;base64," in prose
	}
	fallback := "text/plain" // RFC 2397
	if len(kind) > 0 {
		fallback = plainMedia
	}
	return i, end, p.marker(mediaType(string(kind), fallback), data, whole), true
}

// base64At returns the base64 that begins at s[i] and the index after it and
// after what LiteLLM put where it cut; whole is false if it was cut.
func base64At(s []byte, i int) (data []byte, end int, whole bool) {
	end = base64Byte.run(s, i)
	for end < len(s) && s[end] == '=' && end > i {
		end++
	}
	data, whole = s[i:end], true
	for tail := base64Byte.run(s, end); tail > end && s[end-1] == '='; tail = base64Byte.run(s, end) {
		whole = false // padding and then more: two pieces, or a damaged one
		for end = tail; end < len(s) && s[end] == '='; {
			end++
		}
	}
	if end > i && end < len(s) && (s[end] == '\r' || s[end] == '\n' || s[end] == '%') {
		if rest, ok := unwrapped(s[i:]); ok {
			data, end = rest, len(s)
		}
	}
	if n := cutMark(s[end:]); n > 0 {
		end += n
		for tail := base64Byte.run(s, end); tail > end; tail = base64Byte.run(s, end) {
			end = tail
		}
		for end < len(s) && s[end] == '=' {
			end++
		}
		return nil, end, false
	}
	return data, end, whole
}

// unwrapped returns s without its line breaks and percent-encoding if it is
// nothing but base64 in lines, or base64 with +, / and = percent-encoded.
func unwrapped(s []byte) ([]byte, bool) {
	var out []byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case base64Byte[c] || c == '=':
			out = append(out, c)
		case c == '\r' || c == '\n':
		case c == '%' && i+2 < len(s) && hexByte[s[i+1]] && hexByte[s[i+2]]:
			high, _ := rawjson.Unhex(s[i+1])
			low, _ := rawjson.Unhex(s[i+2])
			c = high<<4 | low
			if !base64Byte[c] && c != '=' {
				return nil, false
			}
			out = append(out, c)
			i += 2
		default:
			return nil, false
		}
	}
	return out, true
}

// cutMark returns the length of the mark that says that base64 was cut here.
func cutMark(s []byte) int {
	for _, m := range []struct{ open, close string }{
		{"[base64_data truncated", "]"},
		{"[TRUNCATED", "]"},
		{"...(truncated", ")"},
		{"... (truncated", ")"},
		{"...[truncated", "]"},
		{"... [truncated", "]"},
		{"... (litellm_truncated", ") ..."},
		{"...(litellm_truncated", ")"},
		{"(litellm_truncated", ")"},
	} {
		if !bytes.HasPrefix(s, []byte(m.open)) {
			continue
		}
		end := bytes.Index(s[:min(len(s), 600)], []byte(m.close))
		if end < 0 {
			return len(m.open)
		}
		return end + len(m.close)
	}
	if len(s) == len("...") && (string(s) == "..." || string(s) == "…") {
		return len(s)
	}
	return 0
}

// marker returns what stands in place of media.
func (p *pass) marker(kind string, data []byte, whole bool) string {
	if whole {
		if raw, ok := decodeBase64(data); ok {
			p.count.Media++
			return fmt.Sprintf("[media %s %d bytes sha256:%x]", kind, len(raw), sha256.Sum256(raw))
		}
	}
	p.count.MediaTruncated++
	return "[media " + kind + " truncated]"
}

// decodeBase64 takes both alphabets, with or without padding. LiteLLM's scrubber
// (1.84 on) writes REDACTED over parts of a record: such data is not whole.
func decodeBase64(data []byte) ([]byte, bool) {
	if bytes.Contains(data, []byte("REDACTED")) {
		return nil, false
	}
	if n := len(data); n%4 != 0 && bytes.HasSuffix(data, []byte("=")) {
		return nil, false
	}
	data = bytes.TrimRight(data, "=")
	code := base64.RawStdEncoding
	if bytes.IndexByte(data, '-') >= 0 || bytes.IndexByte(data, '_') >= 0 {
		code = base64.RawURLEncoding
	}
	raw := make([]byte, code.DecodedLen(len(data)))
	n, err := code.Decode(raw, data)
	return raw[:n], err == nil
}

// mediaHints are the members beside `data` that say what it is.
type mediaHints struct {
	kind    string // media_type, mime_type or mimeType
	format  string // format of input_audio: "wav", "mp3"
	variant string // type
}

func (w *walker) hints(in *frame) *mediaHints {
	if in.media != nil {
		return in.media
	}
	in.media = &mediaHints{} // looked up once: an object may have many members called data
	for name, value := range rawjson.Members(w.raw[in.start:]) {
		switch name {
		case "media_type", "mime_type", "mimeType", "mime":
			in.media.kind = rawjson.Scalar(value)
		case "format":
			in.media.format = rawjson.Scalar(value)
		case "type":
			in.media.variant = rawjson.Scalar(value)
		}
	}
	return in.media
}

// media returns the marker for a member that holds base64 without a data URL.
func (w *walker) media(name string, in *frame, text []byte) (string, bool) {
	if len(text) < 8 || bytes.HasPrefix(text, []byte("data:")) || bytes.HasPrefix(text, []byte("[media ")) {
		return "", false
	}
	kind, ok := w.mediaField(name, in, text)
	if !ok {
		kind = sniff(text)
		if kind == "" || len(text) < 128 || base64Byte.run(text, 0) < len(bytes.TrimRight(text, "=")) {
			return "", false
		}
	}
	data, end, whole := base64At(text, 0)
	if end < len(text) {
		whole = false // what follows is no base64: the field is damaged
	}
	return w.p.marker(kind, data, whole), true
}

// mediaField says whether a member holds base64 by its name and surroundings:
// OpenAI's input_audio.data, audio.data, file_data, b64_json, partial_image_b64
// and image_generation_call's result; Anthropic's source.data; Gemini's
// inline_data.data.
func (w *walker) mediaField(name string, in *frame, text []byte) (kind string, ok bool) {
	fallback := plainMedia
	switch name {
	case "b64_json", "partial_image_b64":
		fallback = "image/png"
	case "file_data":
		if base64Byte.run(text, 0) < min(len(text), 64) && cutMark(text) == 0 {
			return "", false // plain text, as some clients send
		}
	case "result":
		if w.hints(in).variant != "image_generation_call" {
			return "", false
		}
		fallback = "image/png"
	case "data":
		h := w.hints(in)
		if h.variant == "text" || h.variant == "url" || strings.HasPrefix(h.kind, "text/") && h.variant != "base64" {
			return "", false // Anthropic's plain text document
		}
		switch {
		case h.kind != "":
			return mediaType(h.kind, plainMedia), true
		case in.name == "input_audio" && h.format != "":
			return mediaType("audio/"+h.format, "audio/wav"), true
		case in.name == "input_audio" || in.name == "audio":
			fallback = "audio/wav"
		case in.name != "source" && in.name != "inline_data" && in.name != "inlineData":
			return "", false
		}
	default:
		return "", false
	}
	if found := sniff(text); found != "" {
		return found, true
	}
	return fallback, true
}

// sniff tells media by the first bytes of their base64.
func sniff(text []byte) string {
	for _, m := range []struct{ code, kind string }{
		{"iVBORw0KGg", "image/png"}, {"/9j/", "image/jpeg"}, {"R0lGOD", "image/gif"}, {"JVBERi0", "application/pdf"},
		{"UklGR", "audio/wav"}, {"SUQz", "audio/mpeg"}, {"T2dnU", "audio/ogg"}, {"ZkxhQ", "audio/flac"},
		{"UEsDBB", "application/zip"}, {"AAAAIGZ0eX", "video/mp4"}, {"AAAAHGZ0eX", "video/mp4"},
	} {
		if bytes.HasPrefix(text, []byte(m.code)) {
			if m.code == "UklGR" && bytes.HasPrefix(text[min(len(text), 10):], []byte("XRUJQ")) { // RIFF….WEBP
				return "image/webp"
			}
			return m.kind
		}
	}
	return ""
}

// mediaType returns kind if it has the form of a media type, else fallback.
func mediaType(kind, fallback string) string {
	major, minor, ok := strings.Cut(kind, "/")
	if !ok || len(kind) > 100 || !mediaWord(major) || !mediaWord(minor) {
		return fallback
	}
	return kind
}

func mediaWord(word string) bool {
	for i := range len(word) {
		if c := word[i]; !wordByte[c] && c != '.' && c != '+' {
			return false
		}
	}
	return word != ""
}
