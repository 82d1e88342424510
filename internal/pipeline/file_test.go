package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"tailer"
)

var errDamaged = errors.New("damaged")

// TestFile reads logs to their end.
func TestFile(t *testing.T) {
	for _, test := range []struct {
		name         string
		text         string
		end          error
		more         bool
		since, until time.Time
		want         string
		drains       int
		err          error
		outOfRange   int64
		incomplete   int64
	}{
		{name: "empty", drains: 1},
		{name: "one", text: "2", want: "2", drains: 1},
		{name: "what is open comes at the end", text: "123456", want: "246135", drains: 1, incomplete: 3},
		{name: "the log goes on in another file", text: "123456", more: true, want: "246"},
		{name: "damage ends the input, not what was read", text: "1234", end: errDamaged, want: "2413", drains: 1, err: errDamaged, incomplete: 2},
		{name: "damage before the last file", text: "1234", end: errDamaged, more: true, want: "24", err: errDamaged},
		{name: "since", text: "2468", since: start.Add(4 * time.Second), want: "468", drains: 1, outOfRange: 1},
		{name: "until", text: "2468", until: start.Add(6 * time.Second), want: "24", drains: 1, outOfRange: 2},
		{name: "both", text: "2468", since: start.Add(4 * time.Second), until: start.Add(8 * time.Second), want: "46", drains: 1, outOfRange: 2},
		{name: "outside altogether", text: "123", since: start.Add(time.Hour), drains: 1, outOfRange: 3},
	} {
		for _, threads := range []int{1, 2} {
			t.Run(test.name+" on "+strconv.Itoa(threads), func(t *testing.T) {
				s := newStages(test.text)
				s.Threads = threads
				s.lines.end, s.Since, s.Until = test.end, test.since, test.until
				err := s.File(t.Context(), test.more)
				if !errors.Is(err, test.err) {
					t.Errorf("error %v, want %v", err, test.err)
				}
				if s.deliver.got != test.want || s.pairs.drains != test.drains {
					t.Errorf("delivered %q with %d drains, want %q with %d", s.deliver.got, s.pairs.drains, test.want, test.drains)
				}
				if s.deliver.flushes == 0 {
					t.Error("delivery was not flushed")
				}
				st := s.Stats
				if st.Delivered != int64(len(test.want)) || st.OutOfRange != test.outOfRange || st.Incomplete != test.incomplete || st.Interrupted {
					t.Errorf("stats %+v", st)
				}
				for i, user := range s.deliver.users {
					if user != "user of "+test.want[i:i+1] {
						t.Errorf("delivery %d is not enriched: %q", i, user)
					}
				}
			})
		}
	}
}

// TestFileTells calls Observe for each record and Progress in the end, after what
// the lines completed was delivered.
func TestFileTells(t *testing.T) {
	s := newStages("1x2")
	var seen string
	var ends []int64
	s.Observe = func(r *tailer.Record) { seen += r.CallID }
	s.Progress = func(at tailer.Position) { ends = append(ends, at.End) }
	if err := s.File(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if seen != "12" || !slices.Equal(ends, []int64{3}) {
		t.Errorf("records %q, ends %v", seen, ends)
	}
}

// TestFileInterrupted stops between two lines. Nothing that is open is handed
// out: the file is read again. What was handed out is flushed.
func TestFileInterrupted(t *testing.T) {
	s := newStages("123456")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.Observe = func(r *tailer.Record) {
		if r.CallID == "3" {
			cancel()
		}
	}
	err := s.File(ctx, false)
	if !errors.Is(err, context.Canceled) || !s.Stats.Interrupted {
		t.Errorf("error %v, interrupted %v", err, s.Stats.Interrupted)
	}
	if s.deliver.got != "2" || s.pairs.drains != 0 || s.deliver.flushes != 1 || s.deliver.ended {
		t.Errorf("delivered %q, %d drains, %d flushes, by an ended context: %v", s.deliver.got, s.pairs.drains, s.deliver.flushes, s.deliver.ended)
	}
}

// TestDeliveryFails stops at once: what cannot be delivered must not be passed.
func TestDeliveryFails(t *testing.T) {
	errRefused := errors.New("refused")
	for _, pipe := range []bool{false, true} {
		s := newStages("246")
		s.deliver.fail = errRefused
		var read int64
		s.Progress = func(at tailer.Position) { read = at.End }
		var err error
		if pipe {
			err = s.Pipe(t.Context())
		} else {
			err = s.File(t.Context(), false)
		}
		if !errors.Is(err, errRefused) {
			t.Errorf("pipe %v: error %v", pipe, err)
		}
		if !pipe && read > 2 {
			t.Errorf("read on to %d", read)
		}
	}
}
