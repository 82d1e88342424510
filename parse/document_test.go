package parse_test

import (
	"strings"
	"testing"

	"tailer"
)

// TestDocuments reads payloads that LiteLLM prints bare: json.dumps with an
// indent of 4, whose last brace may have no newline of its own.
func TestDocuments(t *testing.T) {
	doc := document(t, captured(t, "1.109.1", "json-standard-payload"))
	lines := strings.Split(doc, "\n")
	half := strings.Join(lines[:len(lines)/2], "\n")
	rest := strings.Join(lines[len(lines)/2:], "\n")
	one := jsonRecord(found("one"), "")
	text := "09:16:01 - LiteLLM:INFO: litellm_pre_call_utils.py:1 - " + found("two")
	coloured := "\x1b[92m09:16:01 - LiteLLM:INFO\x1b[0m: litellm_pre_call_utils.py:1 - " + found("two")
	for _, test := range []struct {
		name, text string
		kinds      string
		torn       int64
	}{
		{"alone", doc, "payload", 0},
		{"twice", doc + "\n" + doc, "payload payload", 0},
		{"glued to another", doc + doc, "payload payload", 0},
		{"a JSON record after the brace", doc + one, "payload found-user", 0},
		{"a text record after the brace", doc + text, "payload found-user", 0},
		{"a coloured record after the brace", doc + coloured, "payload found-user", 0},
		{"an access line after the brace", doc + "INFO:     127.0.0.1:37866 - \"POST /v1/chat/completions HTTP/1.1\" 200 OK", "payload access", 0},
		{"debris after the brace", doc + " and more\n" + one, "payload found-user", 0},
		{"after debris", "some print\n" + doc, "payload", 0},
		{"after a print without a newline", "some print()" + doc, "payload", 0},
		{"a JSON record in its middle", half + "\n" + one + "\n" + rest, "found-user payload", 0},
		{"a text record in its middle", half + "\n" + coloured + "\n" + rest, "payload found-user", 0},
		{"foreign lines in its middle", half + "\nsome print\nanother\n" + rest, "payload", 0},
		{"blank lines in its middle", half + "\n\n\n" + rest, "payload", 0},
		{"torn by another", half + "\n" + doc, "payload", 1},
		{"torn by the end", half, "", 1},
		{"without its first line", strings.Join(lines[1:], "\n"), "", 0},
		{"without its second line", lines[0] + "\n" + strings.Join(lines[2:], "\n"), "", 0},
		{"another document", "{\n    \"name\": \"x\"\n}", "", 0},
		{"an id and no more", "{\n    \"id\": \"x\"\n}", "", 0},
		{"indented by 2", strings.ReplaceAll(doc, "    ", "  "), "", 0},
		{"on one line", strings.ReplaceAll(doc, "\n", ""), "", 0},
		{"inside a print", "print: " + doc, "", 0},
		{"quoted", `"` + doc, "", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := feed(test.text)
			if kinds(got.records) != test.kinds {
				t.Errorf("records %q, want %q", kinds(got.records), test.kinds)
			}
			if got.counts.Torn != test.torn {
				t.Errorf("torn %d, want %d", got.counts.Torn, test.torn)
			}
			for _, r := range got.records {
				if r.Kind == tailer.KindPayload && (r.CallID == "" || r.Call.Start.IsZero() || r.Call.Response == nil || r.Request.Body == nil) {
					t.Errorf("payload lacks something: %+v", r)
				}
			}
		})
	}
}

// TestDocumentsOfTwoStreams keeps a container's pipes apart: records on stderr
// do not end a document on stdout.
func TestDocumentsOfTwoStreams(t *testing.T) {
	doc := document(t, captured(t, "1.77.7", "json-standard-payload"))
	var lines []tailer.Line
	for i, line := range strings.Split(doc, "\n") {
		lines = append(lines, tailer.Line{Bytes: []byte(line), Stream: tailer.StreamStdout})
		if i%3 == 0 {
			lines = append(lines,
				tailer.Line{Bytes: []byte("{"), Stream: tailer.StreamStderr},
				tailer.Line{Bytes: []byte(jsonRecord(found("one"), "")), Stream: tailer.StreamStderr},
				tailer.Line{Bytes: []byte("}"), Stream: tailer.StreamStderr})
		}
	}
	got := feedLines(lines)
	if n := strings.Count(kinds(got.records), "payload"); n != 1 || got.counts.Torn != 0 {
		t.Errorf("%d payloads, %d torn", n, got.counts.Torn)
	}
}

// TestPayloadForms reads the same standard payload in the ways of several
// versions: printed bare, or as a text record's message.
func TestPayloadForms(t *testing.T) {
	for _, test := range []struct {
		version, variant string
		callID           bool // the payload states one
		failures         bool // payloads of failures are printed too
	}{
		{"1.61.20", "text-standard-payload-debug", false, true},
		{"1.77.7", "json-standard-payload", false, true},
		{"1.98.1", "json-standard-payload", true, false},
		{"1.109.1", "json-standard-payload", true, false},
		{"1.109.1", "text-standard-payload-nocb", true, false},
	} {
		t.Run(test.version+"/"+test.variant, func(t *testing.T) {
			got := feed(string(captured(t, test.version, test.variant)))
			payloads, withID, failures := 0, 0, 0
			for _, r := range got.records {
				if r.Kind != tailer.KindPayload {
					continue
				}
				payloads++
				if r.CallID != "" {
					withID++
				}
				if r.Call.Outcome == tailer.OutcomeFailure {
					failures++
					if r.Call.CostTotal != nil || r.Call.Failure.Class+r.Call.Failure.Message == "" {
						t.Errorf("failure of %s: cost %v, failure %+v", r.CallID, r.Call.CostTotal, r.Call.Failure)
					}
				}
				if r.Call.Start.IsZero() || r.Call.End.Before(r.Call.Start) || r.Call.CallType == "" {
					t.Errorf("payload %s: start %v, end %v, type %q", r.Call.ResponseID, r.Call.Start, r.Call.End, r.Call.CallType)
				}
			}
			if payloads < 70 || got.counts.Torn > 0 {
				t.Errorf("%d payloads, %d torn", payloads, got.counts.Torn)
			}
			if test.callID && withID != payloads {
				t.Errorf("%d of %d payloads have a call id", withID, payloads)
			}
			if (failures > 0) != test.failures {
				t.Errorf("%d failures", failures)
			}
		})
	}
}

// TestPayloadLook refuses documents that only look like a payload.
func TestPayloadLook(t *testing.T) {
	doc := document(t, captured(t, "1.109.1", "json-standard-payload"))
	without := func(member string) string {
		var kept []string
		for line := range strings.Lines(doc) {
			if !strings.HasPrefix(line, `    "`+member+`": `) {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	for _, test := range []struct{ name, text string }{
		{"few members", "{\n    \"id\": \"x\",\n    \"call_type\": \"acompletion\",\n    \"status\": \"success\",\n    \"startTime\": 1795425361.5\n}"},
		{"no status", without("status")},
		{"no start", without("startTime")},
		{"no call type", without("call_type")},
		{"another status", strings.Replace(doc, `"status": "success"`, `"status": "great"`, 1)},
		{"start is a text", strings.Replace(doc, `"startTime": `, `"startTime": "x", "was": `, 1)},
		{"no JSON", strings.Replace(doc, `"status"`, `status`, 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.text == doc {
				t.Fatal("the document was not changed")
			}
			if got := feed(test.text); len(got.records) != 0 {
				t.Errorf("records %q", kinds(got.records))
			}
		})
	}
	if got := feed(without("response_cost")); kinds(got.records) != "payload" || got.records[0].Call.CostTotal != nil {
		t.Errorf("without a cost: %q", kinds(got.records))
	}
}

// TestDocumentTime: a document has no stamp, and is as old as the record before it,
// which may go on behind it.
func TestDocumentTime(t *testing.T) {
	doc := document(t, captured(t, "1.109.1", "json-standard-payload"))
	const head = " - LiteLLM:INFO: litellm_pre_call_utils.py:1 - "
	got := feed("09:16:01" + head + found("one") + "\n09:16:05" + head + found("two") + "\n" + doc)
	var second int
	for _, r := range got.records {
		if r.Kind == tailer.KindPayload {
			second = r.Time.Second()
		}
	}
	if second != 5 {
		t.Errorf("the document is of second %d, want 5: %s", second, kinds(got.records))
	}
}
