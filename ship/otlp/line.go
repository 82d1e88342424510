package otlp

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// AppendLine appends a payload as one OTLP/JSON ExportTraceServiceRequest and a
// newline to dst and returns it. The line has no other newline. Ids are lower hex and
// 64-bit integers strings, as OTLP 1.x wants; protobuf's own JSON would give
// base64 ids and random white space. Members with their default value are left
// out. What tailer never sets (links, events, trace state) is not written, nor what is
// behind damage.
func AppendLine(dst []byte, p Payload) []byte {
	dst = append(dst, `{"resourceSpans":[`...)
	dst = appendEach(dst, p, resourceSpansField, appendGroup)
	return append(dst, "]}\n"...)
}

func appendGroup(dst, group []byte) []byte {
	dst = append(dst, '{')
	if attributes := last(group, resourceField); len(attributes) > 0 {
		dst = append(dst, `"resource":{"attributes":[`...)
		dst = append(appendEach(dst, attributes, resourceAttributesField, appendPair), `]},`...)
	}
	dst = append(dst, `"scopeSpans":[`...)
	return append(appendEach(dst, group, scopeSpansField, appendScope), ']', '}')
}

func appendScope(dst, scope []byte) []byte {
	about := last(scope, scopeField)
	dst = append(dst, `{"scope":{"name":`...)
	dst = appendString(dst, last(about, scopeNameField))
	if version := last(about, scopeVersionField); len(version) > 0 {
		dst = append(dst, `,"version":`...)
		dst = appendString(dst, version)
	}
	dst = append(dst, `},"spans":[`...)
	return append(appendEach(dst, scope, spansField, appendSpan), ']', '}')
}

func appendSpan(dst, span []byte) []byte {
	var traceID, spanID, parent, name, status []byte
	var kind, start, end uint64
	for f := scan(span); f.next(); {
		switch f.number {
		case traceIDField:
			traceID = f.bytes
		case spanIDField:
			spanID = f.bytes
		case parentField:
			parent = f.bytes
		case nameField:
			name = f.bytes
		case kindField:
			kind = f.value
		case startField:
			start = f.fixed()
		case endField:
			end = f.fixed()
		case statusField:
			status = f.bytes
		}
	}
	dst = append(dst, `{"traceId":"`...)
	dst = hex.AppendEncode(dst, traceID)
	dst = append(dst, `","spanId":"`...)
	dst = hex.AppendEncode(dst, spanID)
	if len(parent) > 0 {
		dst = append(dst, `","parentSpanId":"`...)
		dst = hex.AppendEncode(dst, parent)
	}
	dst = append(dst, `","name":`...)
	dst = appendString(dst, name)
	dst = append(dst, `,"kind":`...)
	dst = strconv.AppendInt(dst, int64(int32(kind)), 10) // as protobuf reads it
	dst = append(dst, `,"startTimeUnixNano":"`...)
	dst = strconv.AppendUint(dst, start, 10)
	dst = append(dst, `","endTimeUnixNano":"`...)
	dst = strconv.AppendUint(dst, end, 10)
	dst = append(dst, `","attributes":[`...)
	dst = append(appendEach(dst, span, attributesField, appendPair), ']')
	return append(appendStatus(dst, status), '}')
}

func appendStatus(dst, status []byte) []byte {
	var code uint64
	var message []byte
	for f := scan(status); f.next(); {
		switch f.number {
		case codeField:
			code = f.value
		case messageField:
			message = f.bytes
		}
	}
	if code == 0 {
		return dst
	}
	dst = append(dst, `,"status":{"code":`...)
	dst = strconv.AppendInt(dst, int64(int32(code)), 10) // as protobuf reads it
	if len(message) > 0 {
		dst = append(dst, `,"message":`...)
		dst = appendString(dst, message)
	}
	return append(dst, '}')
}

// appendEach appends every field of that number, a message, with commas between them.
func appendEach(dst, message []byte, number protowire.Number, appendOne func(dst, one []byte) []byte) []byte {
	first := true
	for f := scan(message); f.next(); {
		if !f.is(number) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = appendOne(dst, f.bytes)
	}
	return dst
}

// last returns the last field of that number, which is text, bytes or a message.
func last(message []byte, number protowire.Number) (value []byte) {
	for f := scan(message); f.next(); {
		if f.is(number) {
			value = f.bytes
		}
	}
	return value
}

func appendPair(dst, pair []byte) []byte {
	var key, value []byte
	for f := scan(pair); f.next(); {
		switch {
		case f.is(keyField):
			key = f.bytes
		case f.is(valueField):
			value = f.bytes
		}
	}
	dst = append(dst, `{"key":`...)
	dst = appendString(dst, key)
	dst = append(dst, `,"value":`...)
	return append(appendValue(dst, value), '}')
}

func appendValue(dst, value []byte) []byte {
	v := scan(value)
	for v.next() { // protobuf takes the last of a oneof
	}
	switch v.number {
	case stringField:
		dst = append(dst, `{"stringValue":`...)
		dst = appendString(dst, v.bytes)
	case boolField:
		dst = append(dst, `{"boolValue":`...)
		dst = strconv.AppendBool(dst, v.value != 0)
	case intField:
		dst = append(dst, `{"intValue":"`...)
		dst = strconv.AppendInt(dst, int64(v.value), 10) // two's complement
		dst = append(dst, '"')
	case doubleField:
		dst = append(dst, `{"doubleValue":`...)
		dst = appendDouble(dst, math.Float64frombits(v.fixed()))
	case bytesField:
		dst = append(dst, `{"bytesValue":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, v.bytes)
		dst = append(dst, '"')
	case arrayField:
		dst = append(dst, `{"arrayValue":{"values":[`...)
		dst = append(appendEach(dst, v.bytes, valuesField, appendValue), ']', '}')
	case kvlistField:
		dst = append(dst, `{"kvlistValue":{"values":[`...)
		dst = append(appendEach(dst, v.bytes, valuesField, appendPair), ']', '}')
	default:
		dst = append(dst, '{')
	}
	return append(dst, '}')
}

// appendDouble writes a double as protobuf's JSON does: what JSON has no number
// for is a string.
func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	text, err := json.Marshal(f)
	if err != nil { // finite numbers always have a JSON form
		return append(dst, '0')
	}
	return append(dst, text...)
}

// appendString writes a JSON string. Spans hold prompts as JSON in a string, so
// quotes and backslashes are the common case; json.Marshal would scan the text
// several times and escape <, > and &. U+2028 and U+2029 are escaped, because
// some readers take them for the end of a line.
func appendString(dst, s []byte) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		if i += plainEnd(s[i:]); i == len(s) {
			break
		}
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			if c >= ' ' && c != '"' && c != '\\' {
				continue
			}
			dst = append(dst, s[from:i-1]...)
			from = i
			switch c {
			case '"', '\\':
				dst = append(dst, '\\', c)
			case '\n':
				dst = append(dst, '\\', 'n')
			case '\r':
				dst = append(dst, '\\', 'r')
			case '\t':
				dst = append(dst, '\\', 't')
			default:
				dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xf])
			}
			continue
		}
		r, size := utf8.DecodeRune(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[from:i]...)
			dst = append(dst, "\uFFFD"...)
			from = i + size
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, s[from:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, digits[r&0xf])
			from = i + size
		}
		i += size
	}
	return append(append(dst, s[from:]...), '"')
}
