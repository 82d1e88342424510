package parse_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

const stamp = "2026-11-23T09:16:01.235580"

// jsonRecord writes a record as LiteLLM's formatter does, with more members at
// its end.
func jsonRecord(message, more string) string {
	quoted, _ := json.Marshal(message)
	text := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(quoted))
	return `{"message": ` + text + `, "level": "DEBUG", "timestamp": "` + stamp + `"` + more + `}`
}

// found is the shortest message that makes a record; its user tells it apart.
func found(user string) string { return `found user "` + user + `" in header "X-OpenWebUI-User-Email"` }

// users returns the users of found-user records, and "?" for others.
func users(got parsed) string {
	var names []string
	for _, r := range got.records {
		if r.Request.FoundUser == "" {
			names = append(names, "?"+r.Kind.String())
			continue
		}
		names = append(names, r.Request.FoundUser)
	}
	return strings.Join(names, " ")
}

func TestJSONRecords(t *testing.T) {
	one, two := jsonRecord(found("one"), ""), jsonRecord(found("two"), "")
	for _, test := range []struct {
		name, text string
		users      string
		torn       int64
	}{
		{"one", one, "one", 0},
		{"members after the stamp", jsonRecord(found("one"), `, "component": "LiteLLM", "logger": "utils.py:1"`), "one", 0},
		{"nested members", jsonRecord(found("one"), `, "headers": {"a": ["]}", {"b": "}"}]}, "n": -1.5e3, "t": true`), "one", 0},
		{"stack trace", jsonRecord(found("one"), `, "stacktrace": "Traceback:\n  File \"x.py\"\n}"`), "one", 0},
		{"two on one line", one + two, "one two", 0},
		{"three on one line", one + two + jsonRecord(found("three"), ""), "one two three", 0},
		{"after a print", "some print " + one, "one", 0},
		{"after a print that looks torn", `{"message": "torn ` + one, "one", 1},
		{"after a coloured print", "\x1b[92mlitellm.acompletion(x=1)\x1b[0m" + one, "one", 0},
		{"between lines", "x\n" + one + "\ny\n" + two + "\nz", "one two", 0},
		{"torn, then whole", one[:60] + "\n" + two, "two", 1},
		{"torn in its stamp", one[:len(one)-8] + "\n" + two, "two", 1},
		{"torn before its brace", one[:len(one)-1] + "\n" + two, "two", 1},
		{"only the tail", one[40:] + "\n" + two, "two", 0},
		{"no level", `{"message": "found user \"x\" in header \"y\"", "timestamp": "` + stamp + `"}`, "", 1},
		{"unknown level", strings.Replace(one, "DEBUG", "SEVERE", 1), "", 1},
		{"no stamp", `{"message": "found user \"x\" in header \"y\"", "level": "INFO"}`, "", 1},
		{"short stamp", strings.Replace(one, stamp, "2026-11-23", 1), "", 1},
		{"members in another order", `{"level": "INFO", "message": "found user \"x\" in header \"y\"", "timestamp": "` + stamp + `"}`, "", 0},
		{"no blanks", strings.ReplaceAll(one, `": "`, `":"`), "", 0},
		{"array around it", "[" + one + "]", "", 0},
		{"in another program's JSON", `{"log": ` + one + `}`, "", 0},
		{"blank before", " " + one, "one", 0}, // as after a print
		{"invalid UTF-8 in the message", strings.Replace(one, "one", "o\xff\xfene", 1), "o\xff\xfene", 0},
		{"NUL in the message", strings.Replace(one, "one", "o\x00ne", 1), "o\x00ne", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(test.text)
			if users(got) != test.users {
				t.Errorf("users %q, want %q", users(got), test.users)
			}
			if got.counts.Torn != test.torn {
				t.Errorf("torn %d, want %d", got.counts.Torn, test.torn)
			}
			for _, r := range got.records {
				if want := time.Date(2026, 11, 23, 9, 16, 1, 235_580_000, time.UTC); !r.Time.Equal(want) || r.Coarse {
					t.Errorf("time %v, coarse %v", r.Time, r.Coarse)
				}
			}
		})
	}
}

// TestEscapes reads every form in which JSON can write a text.
func TestEscapes(t *testing.T) {
	for _, test := range []struct{ name, escaped, user string }{
		{"quote", `a\\\"b`, `a\"b`},
		{"slashes", `a\/b\\c`, `a/b\c`},
		{"controls", `a\tb\rc\bd\fe`, "a\tb\rc\bd\fe"},
		{"unicode", `\u6771\u4eac`, "東京"},
		{"upper-case digits", `\u00E9`, "é"},
		{"raw unicode", `東京`, "東京"},
		{"surrogate pair", `\ud83e\udd56`, "🥖"},
		{"lone high surrogate", `a\ud83eb`, "a\ufffdb"},
		{"lone low surrogate", `a\udd56b`, "a\ufffdb"},
		{"two high surrogates", `\ud83e\ud83e\udd56`, "\ufffd🥖"},
		{"escaped backslash before u", `\\u0041`, `\u0041`},
		{"colour", `\u001b[32ma\u001b[0m`, "\x1b[32ma\x1b[0m"},
		{"unknown escape", `a\qb`, `a\qb`},
		{"short unicode", `a\u12"`, ""}, // ends the string: no record
	} {
		t.Run(test.name, func(t *testing.T) {
			text := `{"message": "found user \"` + test.escaped + `\" in header \"h\"", "level": "INFO", "timestamp": "` + stamp + `"}`
			if got := users(feed(text)); got != test.user {
				t.Errorf("user %q, want %q", got, test.user)
			}
		})
	}
}

// TestLiftedKeys has members at the top level that a client set. Only the first
// message, level and timestamp count: the formatter writes them first.
func TestLiftedKeys(t *testing.T) {
	for _, more := range []string{
		`, "timestamp": "1999-01-01T00:00:00.000000"`,
		`, "level": "ERROR", "message": "found user \"forged\" in header \"x\""`,
		`, "logger": "shadow.py:1", "component": "Shadow"`,
		`, "litellm_call_id": "forged", "headers": {"x-openwebui-user-email": "forged"}`,
		`, "stamp": "` + stamp + `", "x": "}{\"message\": \"forged\""`,
	} {
		got := feed(jsonRecord(found("one"), more))
		if users(got) != "one" {
			t.Fatalf("%s: users %q", more, users(got))
		}
		r := got.records[0]
		if r.Time.Year() != 2026 || r.CallID != "" || len(r.Request.Headers) != 0 || r.Request.FoundHeader != "x-openwebui-user-email" {
			t.Errorf("%s: %+v", more, r)
		}
	}
}

// TestLiftedInCapture finds a record of a capture whose logger a client's header
// replaced, and reads it like any other.
func TestLiftedInCapture(t *testing.T) {
	log := captured(t, "1.109.1", "json-detailed")
	line := lineWith(t, log, `{"message": "Request Headers: `, `shadow.py`)
	got := feed(line)
	if kinds(got.records) != "headers" || len(got.records[0].Request.Headers) < 5 {
		t.Fatalf("records %q", kinds(got.records))
	}
}

// TestEveryStampedRecordIsCounted holds the counters against the lines of whole
// captures: each line that is a record of the formatter is counted as one.
func TestEveryStampedRecordIsCounted(t *testing.T) {
	for _, name := range [][2]string{{"1.109.1", "json-detailed"}, {"1.84.10", "docker-json"}, {"1.109.1", "json-standard-payload"}} {
		t.Run(strings.Join(name[:], "/"), func(t *testing.T) {
			log := captured(t, name[0], name[1])
			want := int64(0)
			for line := range strings.Lines(string(log)) {
				var record struct {
					Message, Level, Timestamp *string
				}
				if json.Unmarshal([]byte(line), &record) == nil && record.Message != nil && record.Level != nil && record.Timestamp != nil {
					want++
				}
			}
			got := feed(string(log))
			if got.counts.JSON < want || want == 0 { // glued ones are more
				t.Errorf("%d records, want %d", got.counts.JSON, want)
			}
			if got.counts.Damaged != 0 {
				t.Errorf("%d records damaged", got.counts.Damaged)
			}
		})
	}
}

// TestBadCosts refuses costs that are no amounts.
func TestBadCosts(t *testing.T) {
	for _, cost := range []string{"nan", "inf", "-inf", "Infinity", "-1", "", "None", "1e999", "0x10", "12 USD"} {
		t.Run(cost, func(t *testing.T) {
			if got := feed(jsonRecord("response_cost: "+cost, "")); len(got.records) != 0 {
				t.Errorf("records %q with cost %v", kinds(got.records), fmt.Sprint(*got.records[0].Call.CostTotal))
			}
		})
	}
}
