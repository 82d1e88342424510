package source

import "encoding/json"

// journalJSON is `journalctl -o json`: one object an entry, of which all values
// are strings (systemd.journal-fields(7), systemd 252):
//
//	{"MESSAGE":"text","__REALTIME_TIMESTAMP":"1795425189058163","_PID":"7",…}
//
// A MESSAGE with bytes that don't print, such as ANSI colours, is an array of
// numbers. One longer than 4096 bytes is null unless journalctl ran with --all.
// journald splits what a service prints every 48 KiB (LineMax=) and marks the
// pieces with _LINE_BREAK=line-max.
type journalJSON struct{}

func (journalJSON) name() string { return "journald json" }

func (journalJSON) strip(line []byte) (piece, bool) {
	fields, ok := parseObject(line)
	if !ok {
		return piece{}, false
	}
	stamp, ok := microseconds(fields.Text("__REALTIME_TIMESTAMP"))
	if !ok {
		return piece{}, false
	}
	text, ok := journalText(fields.Get("MESSAGE"))
	if !ok {
		return piece{lost: true}, true
	}
	p := wholeText(text, stamp)
	p.key = fields.Text("_STREAM_ID")
	p.partial = fields.Text("_LINE_BREAK") == lineMax
	return p, true
}

// lineMax is journald's mark of a piece after which the line goes on.
const lineMax = "line-max"

// journalText decodes a field's value: a string, an array of bytes, or an array
// of such when an entry has the field more than once; then the first one counts.
// ok is false for null.
func journalText(v json.RawMessage) (text string, ok bool) {
	if isString(v) {
		return text, json.Unmarshal(v, &text) == nil
	}
	var numbers []uint8
	if len(v) > 0 && v[0] == '[' && json.Unmarshal(v, &numbers) == nil {
		return string(numbers), true
	}
	var several []json.RawMessage
	if json.Unmarshal(v, &several) != nil || len(several) == 0 {
		return "", false
	}
	if isString(several[0]) {
		return text, json.Unmarshal(several[0], &text) == nil
	}
	if json.Unmarshal(several[0], &numbers) != nil || numbers == nil {
		return "", false
	}
	return string(numbers), true
}
