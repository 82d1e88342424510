package enrich

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"tailer/internal/rawjson"
)

// ParseContent reads a content setting: auto (or ""), on, off, or truncate:N with N
// of 1 or more characters. It returns values for Config.Content and
// Config.ContentLimit; the error is ErrMode.
func ParseContent(setting string) (content string, limit int, err error) {
	switch setting {
	case "", "auto":
		return ContentAuto, 0, nil
	case ContentOn, ContentOff:
		return setting, 0, nil
	}
	if number, ok := strings.CutPrefix(setting, "truncate:"); ok {
		if n, err := strconv.Atoi(number); err == nil && n > 0 {
			return ContentAuto, n, nil
		}
	}
	return "", 0, fmt.Errorf("content %q is none of auto, on, off, truncate:N: %w", setting, ErrMode)
}

// structural are members of requests and answers that a reader needs whole: they
// say what the content is, and are none.
var structural = map[string]bool{
	"id": true, "object": true, "model": true, "type": true, "role": true, "name": true, "status": true, "finish_reason": true,
	"stop_reason": true, "tool_call_id": true, "call_id": true, "created": true, "system_fingerprint": true, "service_tier": true,
	"index": true, "format": true, "mime_type": true, "media_type": true, "detail": true,
}

// truncated returns JSON in which every text of more than limit characters is cut
// to its first limit ones, with a note of how long it was. Names of members and
// structural members stay. What is not JSON is returned as it is.
func truncated(raw json.RawMessage, limit int) json.RawMessage {
	var out []byte // nil until something changes
	done, name := 0, ""
	for i := 0; i < len(raw); {
		if raw[i] != '"' {
			i++
			continue
		}
		end, ok := rawjson.StringEnd(raw, i)
		if !ok {
			return raw
		}
		if after := rawjson.SkipSpace(raw, end); after < len(raw) && raw[after] == ':' {
			name, i = string(raw[i+1:end-1]), after+1
			continue
		}
		if cut, ok := cutString(raw[i:end], limit); ok && !structural[name] {
			out = append(append(out, raw[done:i]...), cut...)
			done = end
		}
		i = end
	}
	if out == nil {
		return raw
	}
	return append(out, raw[done:]...)
}

// cutString returns a JSON string shortened; ok is false if it is short enough.
func cutString(quoted []byte, limit int) ([]byte, bool) {
	if len(quoted)-2 <= limit { // bytes, of which a character has one or more
		return nil, false
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return nil, false
	}
	n := utf8.RuneCountInString(text)
	if n <= limit {
		return nil, false
	}
	return rawjson.AppendQuoted(nil, fmt.Appendf(nil, "%s… [%d of %d characters]", cutRunes(text, limit), limit, n)), true
}
