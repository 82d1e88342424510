package parse

import (
	"bytes"

	"tailer/internal/rawjson"
)

// jsonStart begins every record of LiteLLM's JSON formatter: json.dumps writes
// `message` first in every version (_logging.py, 1.55 to 1.109).
const jsonStart = `{"message": "`

// jsonRecord is one record of the JSON formatter. Only message, level and
// timestamp are trusted: since 1.84 the formatter lifts keys of any dict in the
// message to the top level, where a client's header or body can set them.
type jsonRecord struct {
	message []byte // still JSON-escaped, without quotes
	stamp   []byte // zone-less local ISO time
	size    int    // bytes up to and with the closing brace
}

// splitJSON reads the record at the start of b. Its message ends at the first
// unescaped quote, which must be followed by the level and the stamp.
func splitJSON(b []byte) (r jsonRecord, ok bool) {
	end := quoteEnd(b, len(jsonStart))
	if end < 0 {
		return r, false
	}
	r.message = b[len(jsonStart):end]
	rest := b[end+1:]
	const level, stamp = `, "level": "`, `, "timestamp": "`
	if !hasPrefix(rest, level) {
		return r, false
	}
	close := quoteEnd(rest, len(level))
	if close < 0 || !isLevel(rest[len(level):close]) || !hasPrefix(rest[close+1:], stamp) {
		return r, false
	}
	from := close + 1 + len(stamp)
	to := quoteEnd(rest, from)
	if to < 0 || to-from < 19 {
		return r, false
	}
	r.stamp = rest[from:to]
	size, ok := objectEnd(rest, to+1)
	r.size = end + 1 + size
	return r, ok
}

// objectEnd returns the index after the brace that closes the object in which i
// stands between two members.
func objectEnd(b []byte, i int) (int, bool) {
	depth := 1
	for i < len(b) {
		switch b[i] {
		case '"':
			end := quoteEnd(b, i+1)
			if end < 0 {
				return 0, false
			}
			i = end
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, b[i] == '}'
			}
		}
		i++
	}
	return 0, false
}

// quoteEnd returns the index of the first unescaped quote at or after i, -1 if
// there is none.
func quoteEnd(b []byte, i int) int {
	for {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		back := i
		for back > 0 && b[back-1] == '\\' {
			back--
		}
		if (i-back)%2 == 0 {
			return i
		}
		i++
	}
}

// unescape appends the text of a JSON string's inside to dst. Lone surrogates
// become U+FFFD; an unknown escape stays as it is.
func unescape(dst, s []byte) []byte {
	for {
		n := bytes.IndexByte(s, '\\')
		if n < 0 || n == len(s)-1 {
			return append(dst, s...)
		}
		dst = append(dst, s[:n]...)
		var ok bool
		if dst, s, ok = rawjson.AppendEscape(dst, s[n:]); !ok {
			dst, s = append(dst, s[:2]...), s[2:]
		}
	}
}
