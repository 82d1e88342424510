package otlp

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"tailer"
)

const (
	traceIDBytes = 16
	spanIDBytes  = 8
)

// TraceID turns any text into a trace id of 16 bytes by the rule of LiteLLM
// 1.104 and later (Langfuse SDK 4): the text itself, without dashes and in lower
// case, if that is 32 hex digits and not zero; else the first bytes of its
// SHA-256.
func TraceID(text string) []byte {
	bare := strings.ToLower(strings.ReplaceAll(text, "-", ""))
	if len(bare) == 2*traceIDBytes && strings.Trim(bare, "0") != "" {
		if id, err := hex.DecodeString(bare); err == nil {
			return id
		}
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:traceIDBytes]
}

// SpanID is the id of the span that plays role ("root", "attempt/1", …) for the
// request that seed names: 8 bytes.
func SpanID(seed, role string) []byte {
	sum := sha256.Sum256([]byte(seed + "/" + role))
	return sum[:spanIDBytes]
}

// traceSeed is the text that the trace id is made of.
func traceSeed(x *tailer.Exchange) string {
	if x.Attribution.TraceSeed != "" {
		return x.Attribution.TraceSeed
	}
	if x.CallID == "" && x.Seed == "" {
		return spanSeed(x)
	}
	return callOrSeed(x)
}

// spanSeed is the text that span ids are made of. A call id that the client
// chose may come again with another request; the start tells them apart.
func spanSeed(x *tailer.Exchange) string {
	seed := callOrSeed(x)
	if seed != "" && (x.CallID == "" || !x.ClientCallID) {
		return seed
	}
	return seed + "@" + strconv.FormatUint(nanoseconds(x.Start), 10)
}

func callOrSeed(x *tailer.Exchange) string {
	if x.CallID != "" {
		return x.CallID
	}
	return x.Seed
}

// nanoseconds since 1970 in UTC. Times that do not fit (before 1970, after 2262)
// become 0, so that no overflow makes a date up.
func nanoseconds(t time.Time) uint64 {
	const year2262 = 2262
	if t.Year() < 1970 || t.Year() >= year2262 {
		return 0
	}
	return uint64(t.UnixNano()) // not negative: checked above
}
