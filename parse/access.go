package parse

import (
	"bytes"
	"strconv"

	"tailer"
)

// accessText reports whether b is an access line of uvicorn's text formatter,
// `INFO:     127.0.0.1:37866 - "POST /v1/chat/completions HTTP/1.1" 200 OK`, and
// whether its method is POST.
func accessText(b []byte) (post, ok bool) {
	const level = "INFO:     "
	if !hasPrefix(b, level) {
		return false, false
	}
	rest := b[len(level):]
	request := bytes.Index(rest[:min(len(rest), 80)], []byte(` - "`))
	if request <= 0 || bytes.IndexByte(rest[:request], ' ') >= 0 {
		return false, false
	}
	return hasPrefix(rest[request+4:], "POST /"), true
}

// isAccess reports whether a message is an access line of a POST.
func isAccess(msg []byte) bool {
	client := bytes.IndexByte(msg[:min(len(msg), 80)], ' ')
	return client > 0 && hasPrefix(msg[client:], ` - "POST /`)
}

// readAccess reads method, path and status of an access line in either form.
func readAccess(text []byte, r *tailer.Record) bool {
	start := bytes.Index(text, []byte(` - "`))
	if start < 0 {
		return false
	}
	text = text[start+4:]
	end := bytes.LastIndex(text, []byte(` HTTP/`))
	if end < 0 {
		return false
	}
	method, path, ok := bytes.Cut(text[:end], []byte(" "))
	if !ok || bytes.IndexByte(path, ' ') >= 0 {
		return false
	}
	_, tail, ok := bytes.Cut(text[end:], []byte(`" `))
	if !ok || len(tail) < 3 {
		return false
	}
	status, err := strconv.Atoi(string(tail[:3]))
	if err != nil || status < 100 || status > 599 {
		return false
	}
	r.Request.Method, r.Status = string(method), status
	r.Request.Route = string(path)
	return true
}
