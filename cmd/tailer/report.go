package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"tailer"
	"tailer/internal/enrich"
	"tailer/internal/pair"
	"tailer/internal/pipeline"
	"tailer/internal/source"
	"tailer/parse"
	"tailer/ship/langfuse"
)

// report is what a run tells at its end, also as one line of JSON.
type report struct {
	Inputs       int                    `json:"inputs"`
	Damaged      int                    `json:"inputs_damaged"`
	Unread       int                    `json:"objects_unread,omitempty"`
	Bytes        int64                  `json:"bytes"`
	Lines        int64                  `json:"lines"`
	LinesCut     int64                  `json:"lines_cut"`
	Records      map[string]int64       `json:"records"`
	Torn         int64                  `json:"records_torn"`
	Unreadable   int64                  `json:"records_damaged"`
	Repaired     int64                  `json:"redactions_repaired"`
	Requests     int64                  `json:"requests"`
	OutOfRange   int64                  `json:"requests_out_of_range"`
	Dropped      map[string]int64       `json:"requests_dropped,omitempty"`
	Incomplete   int64                  `json:"requests_incomplete"`
	Unidentified int64                  `json:"refusals_unidentified"`
	Attempts     int64                  `json:"attempts_failed"`
	Unclaimed    int64                  `json:"request_sides_unclaimed"`
	Unmatched    int64                  `json:"errors_unmatched"`
	Delivered    int64                  `json:"delivered"`
	DeadLettered int64                  `json:"dead_lettered"`
	Pending      int64                  `json:"pending"`
	Duplicates   int64                  `json:"duplicates_avoided"`
	Changed      int64                  `json:"duplicates_changed"`
	Beside       *langfuse.BesideCounts `json:"beside_callback,omitempty"`
	Secrets      int64                  `json:"secrets_redacted"`
	Users        map[string]int64       `json:"users_by_source"`
	Sessions     map[string]int64       `json:"sessions_by_source"`
	Seconds      float64                `json:"seconds"`
	Notes        []string               `json:"notes,omitempty"`

	envelopes   []string
	dates       parse.DateSource
	deadLetters string
}

func newReport() report {
	return report{Records: map[string]int64{}, Users: map[string]int64{}, Sessions: map[string]int64{}}
}

// observe counts a record by its kind.
func (r *report) observe(rec *tailer.Record) { r.Records[rec.Kind.String()]++ }

// addInput adds what was met in one input, and what its owner should know.
func (r *report) addInput(in source.Input, lines *source.Reader, parsed parse.Counts, clock *parse.Clock, run pipeline.Stats) {
	counts := lines.Counts()
	r.Inputs++
	r.Bytes += lines.Read()
	r.Lines += counts.Lines
	r.LinesCut += counts.Cut + parsed.Cut
	r.Torn += parsed.Torn
	r.Unreadable += parsed.Damaged
	r.Repaired += parsed.Repaired
	r.addStats(run)
	r.dates = clock.Source()
	if envelope := lines.Envelope(); envelope != "none" && !slices.Contains(r.envelopes, envelope) {
		r.envelopes = append(r.envelopes, envelope)
	}
	r.addNotes(in.Path, counts, parsed, clock)
}

// addStats adds what became of exchanges.
func (r *report) addStats(run pipeline.Stats) {
	r.OutOfRange += run.OutOfRange
	r.Incomplete += run.Incomplete
	r.Requests += run.Delivered
}

// maxNotes is how many notes are kept: a bucket may hold a million objects.
const maxNotes = 100

// addNotes tells in plain words why an input gave less than was hoped for.
func (r *report) addNotes(path string, counts source.Counts, parsed parse.Counts, clock *parse.Clock) {
	note := func(format string, args ...any) {
		switch len(r.Notes) {
		case maxNotes:
			r.Notes = append(r.Notes, "there is more to say, of more inputs")
		case maxNotes + 1:
		default:
			r.Notes = append(r.Notes, path+": "+fmt.Sprintf(format, args...))
		}
	}
	records := parsed.JSON + parsed.Text + parsed.Document
	switch {
	case counts.Lines == 0:
		note("empty")
	case counts.Binary():
		note("this does not look like a log")
	case records == 0 && parsed.Access > 0:
		note("only access lines: LiteLLM writes its records to stderr; pipe both: docker logs -f litellm 2>&1 | tailer -")
	case records == 0:
		note("no LiteLLM record among %s", plural(counts.Lines, "line"))
	case r.Records["call"]+r.Records["payload"] == 0:
		note("no record states a whole request, so answers are known only where a single request can be meant; to have all, run LiteLLM with LITELLM_PRINT_STANDARD_LOGGING_PAYLOAD=true, or with --detailed_debug and its langfuse callback")
	}
	if counts.Withheld > 0 {
		note("journalctl left out %s: export with --all", plural(counts.Withheld, "long line"))
	}
	if counts.Reversed() {
		note("newest lines come first: export the log oldest first")
	}
	if skew := clock.Skew(); skew != 0 {
		note("times inside its records are %v off its stamps: is --timezone the zone of the proxy's clock?", skew.Abs())
	}
	if parsed.Text > 0 && clock.Source().IsGuess() {
		note("its records state no date: the days are counted from the %s; say --date if they are wrong", strings.TrimSuffix(string(clock.Source()), " (a guess)"))
	}
}

func (r *report) addPairs(c pair.Counts) {
	r.Attempts += c.Attempts
	r.Unclaimed += c.Unclaimed
	r.Unmatched += c.Unmatched
	r.Unidentified += c.Unidentified
}

func (r *report) addDelivery(d *delivery) {
	stats := d.Stats()
	r.Delivered, r.DeadLettered, r.Pending = stats.Delivered, stats.DeadLettered, stats.Pending
	r.Duplicates, r.Changed = stats.Duplicates, stats.Changed
	r.Beside = d.beside()
	for _, sink := range d.Sinks() {
		if len(d.sinks) == 1 { // what a sink had before it was asked is no delivery of ours
			r.Delivered, r.Duplicates = r.Delivered-sink.Had, r.Duplicates+sink.Had
		}
	}
	r.deadLetters = d.letters.Path()
}

func (r *report) finish(c enrich.Counts, took time.Duration) {
	r.Secrets, r.Seconds = c.Secrets, took.Seconds()
	r.Dropped = c.Dropped
	maps.Copy(r.Users, c.Users)
	maps.Copy(r.Sessions, c.Sessions)
}

// partly reports whether something was rejected or could not be read.
func (r *report) partly() bool { return r.DeadLettered > 0 || r.Damaged > 0 || r.Unread > 0 }

// print writes the JSON line, or for people a few lines on stderr.
func (r *report) print(o *options) {
	if o.json {
		out := io.Writer(os.Stdout)
		if slices.Contains(o.to, "-") {
			out = os.Stderr
		}
		_ = json.NewEncoder(out).Encode(r)
		return
	}
	for _, note := range r.Notes {
		o.logger.Warn(note)
	}
	if o.dryRun {
		return
	}
	where := strings.ReplaceAll(strings.Join(o.to, ", "), toLangfuse, "Langfuse")
	_, _ = fmt.Fprintf(os.Stderr, "%s delivered to %s", plural(r.Delivered, "trace"), where)
	if r.Duplicates > 0 {
		_, _ = fmt.Fprintf(os.Stderr, "; %s avoided", plural(r.Duplicates, "duplicate"))
	}
	if nobody := r.Users["none"]; r.Requests > 0 {
		_, _ = fmt.Fprintf(os.Stderr, "; %d of %d with a user", r.Requests-nobody, r.Requests)
	}
	_, _ = fmt.Fprintln(os.Stderr)
	if len(r.Dropped) > 0 {
		_, _ = fmt.Fprintf(os.Stderr, "not traced by rule: %s\n", list(r.Dropped))
	}
	if o.defaulted {
		_, _ = fmt.Fprintln(os.Stderr, "No Langfuse is configured (LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY): the traces are in "+defaultOutput)
	}
	if r.DeadLettered > 0 {
		_, _ = fmt.Fprintf(os.Stderr, "%s rejected: see %s\n", plural(r.DeadLettered, "trace"), r.deadLetters)
	}
	if r.Unread > 0 {
		_, _ = fmt.Fprintf(os.Stderr, "%s could not be read; run it again to try them again\n", plural(int64(r.Unread), "object"))
	}
	if r.Pending > 0 {
		_, _ = fmt.Fprintf(os.Stderr, "%s not delivered\n", plural(r.Pending, "trace"))
	}
}
