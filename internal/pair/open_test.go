package pair_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tailer"
	"tailer/internal/pair"
)

// manyOpen returns the records of calls under way, and then those of as many errors that
// do not say whose they are.
func manyOpen(calls int, failed bool, words string) (records []tailer.Record) {
	records = append(records, landed(chat, 200, 0))
	for i := range calls {
		a := asking{user: fmt.Sprintf("u%d@example.org", i), prompt: fmt.Sprintf("%d", i)}
		records = append(records, a.front(i/10)...)
		if records = append(records, a.began(fmt.Sprint("call-", i), i/10)); failed {
			records = append(records, a.failed(fmt.Sprint("call-", i), fmt.Sprintf("litellm.RateLimitError: no. %d is too many", i), i/10, i/10))
		}
	}
	for i := range calls {
		records = append(records, told(tailer.KindFailure, "", fmt.Sprintf(words, i), calls/10+i/10))
	}
	return records
}

// BenchmarkManyOpen is the time of a call while thousands are under way, and of an error
// that may be of any of them.
func BenchmarkManyOpen(b *testing.B) {
	for _, calls := range []int{2000, 8000} {
		for name, records := range map[string][]tailer.Record{
			"open":        manyOpen(calls, false, "litellm.APIError: no. %d"),
			"open, group": manyOpen(calls, false, "litellm.APIError: no. %d. Received Model Group=gpt-4o"),
			"failed":      manyOpen(calls, true, "litellm.RateLimitError: no. %d is too many"),
			"other words": manyOpen(calls, true, "litellm.APIError: no. %d"),
		} {
			b.Run(fmt.Sprint(name, "/", calls), func(b *testing.B) {
				for b.Loop() {
					run(pair.New(pair.Config{}), records...)
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(calls), "µs/call")
			})
		}
	}
}

// letters spells a number: words are compared but for digits.
func letters(i int) string {
	return strings.Map(func(c rune) rune { return c - '0' + 'a' }, fmt.Sprintf("%04d", i))
}

// TestManyFailed: of many calls that failed each gets the error in its own words, whatever
// order they come in.
func TestManyFailed(t *testing.T) {
	const calls = 300
	var records, errors []tailer.Record
	for i := range calls {
		a := asking{user: letters(i), prompt: letters(i)}
		records = append(append(records, a.front(i)...), a.began(letters(i), i), a.failed(letters(i), "no: "+letters(i), i, i))
		errors = append(errors, told(tailer.KindFailure, "", "no: "+letters(i)+", "+letters(calls-i), 2*calls-i))
	}
	slices.Reverse(errors)
	all := run(pair.New(pair.Config{}), append(records, errors...)...)
	for _, x := range all {
		if !strings.Contains(x.StatusMessage, x.CallID+", ") || x.Request.Headers[0].Value != x.CallID {
			t.Errorf("%s of %s was told %q", x.CallID, x.Request.Headers[0].Value, x.StatusMessage)
		}
	}
	if len(all) != calls {
		t.Errorf("%d requests came out, want %d", len(all), calls)
	}
}

// TestLongerWords: an error is that of the call that failed with most of its words.
func TestLongerWords(t *testing.T) {
	ana, bob := asking{user: "ana@example.org", prompt: "ana's"}, asking{user: "bob@example.org", prompt: "bob's"}
	records := slices.Concat(ana.front(0), []tailer.Record{ana.began("a", 1)}, bob.front(2), []tailer.Record{
		bob.began("b", 3), ana.failed("a", "no", 1, 10), bob.failed("b", "no, not now", 3, 11),
		told(tailer.KindFailure, "", "no, not now. Try later", 20), told(tailer.KindFailure, "", "no", 21),
	})
	for _, x := range run(pair.New(pair.Config{}), records...) {
		if want := map[string]string{"a": "no", "b": "no, not now. Try later"}[x.CallID]; x.StatusMessage != want && x.StatusMessage != x.ErrorClass+": "+want {
			t.Errorf("%s was told %q", x.CallID, x.StatusMessage)
		}
	}
}
