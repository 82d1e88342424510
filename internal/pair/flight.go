package pair

import (
	"slices"
	"strings"
	"time"

	"tailer"
)

// flight is a request between its first record and its last. While it is the
// only one, every record without an id is its own.
type flight struct {
	at       time.Time
	kind     tailer.Kind // of its first record
	streamed bool
	crowded  bool // another request was in flight at the same time
	shared   bool // an answer came that may have been its own or another's
	call     *call
	front    *front

	status   int // sent to the client; 0 while unknown
	route    string
	method   string
	access   []byte  // its access line, as written
	types    typeSet // see callTypes
	typeKey  typeKey
	landed   time.Time // when the access line was written
	hidden   bool      // its access line may stand in the middle of a text
	told     bool      // handed out as what it was refused for
	doubted  bool      // a stream broke off that may have been its own or another's
	refused  bool      // its answer may have been refused: an error came after it
	failing  bool      // the client was told an error, without its being known which call's
	routed   bool      // handed to the router; told in logs without bodies only
	unsure   bool      // an attempt failed that may have been its own or another's
	failures []try     // attempts that failed, in logs without bodies
	passage  *passage  // in logs without bodies
	over     bool      // answered: only its access line can still come
	ended    time.Time // when it was answered; of a stream, when its last piece came
	last     time.Time // of its newest record
	likely   time.Time // when it may have ended, see rank
	answer   answer
	asks     uint64 // hash of its messages; 0 while not known
	among    *flights
	gone     bool // no longer among the open
}

// touch notes that a record of the flight was written.
func (f *flight) touch(at time.Time) {
	if at.After(f.last) {
		f.last = at
	}
}

// end notes that the request was answered.
func (f *flight) end(at time.Time) {
	if f.over {
		return
	}
	f.over = true
	f.passage.close(f, at)
	if f.ended.IsZero() {
		f.ended = at
	}
	if !f.landed.IsZero() {
		f.among.done++
	}
	if f.front != nil && !f.front.claimed {
		f.among.nameless.over = append(f.among.nameless.over, f)
	}
}

// land notes that the request's access line was written. Not all of a stream has
// been sent then.
func (f *flight) land(at time.Time) {
	f.landed = at
	f.passage.close(f, at)
	if f.over {
		f.among.done++
	} else if f.streamed {
		f.among.expireBy(f.last.Add(maxSilence))
	}
}

// flights are the requests in flight, oldest first. Records without an id are
// matched while a single request can be meant, and to none otherwise.
type flights struct {
	open      []*flight   // not landed
	live      []*flight   // those of open that are not over; others may be among them
	found     []*flight   // of unanswered, reused
	spent     spent       // not landed, but of no other interest
	done      int         // how many of open have landed and are over
	due       time.Time   // before which none of open expires by its age
	unknown   []landing   // access lines that may be one or another's of those open
	lastEnded *flight     // the stream that ended last
	lastRaw   *flight     // whose provider's answer was the last record about answers
	early     []landing   // access lines that were no request's when they came
	landing   bool        // the log has access lines
	unclear   int         // whole answers that could belong to several requests
	puzzled   []*flight   // the requests that the last of them may have answered
	can       []*flight   // of unlanded, reused
	sets      []typeCount // of countSets
	oldestOK  time.Time   // when the router told of the oldest answer that closeAnswered has not dealt with
	labelled  bool        // pieces of chats bear the answer's id in this log
	foreigner time.Time   // when the last request to a route that is no LLM's came
	nameless  nameless
	restated  restated
}

// start notes a request's first record.
func (f *flights) start(kind tailer.Kind, at time.Time, streamed bool) *flight {
	f.expire(at)
	f.closeAnswered(at)
	one := &flight{at: at, last: at, kind: kind, streamed: streamed, among: f}
	f.crowd(one)
	f.open = append(f.open, one)
	f.live = append(f.live, one)
	f.expireBy(at.Add(maxFlight))
	return one
}

// refused notes an error that refuses a request. The same request may have been
// noted already: a bad body is reported twice.
func (f *flights) refused(kind tailer.Kind, at time.Time) *flight {
	if n := len(f.open); n > 0 && kind == tailer.KindBadBody && f.open[n-1].kind == kind && at.Sub(f.open[n-1].at) < time.Second {
		return f.open[n-1]
	}
	one := f.start(kind, at, false)
	one.end(at)
	return one
}

// unseen notes an error that ends a request of which the log has told nothing: none
// that is known can have met it. Its access line is to come, or was read before.
func (f *flights) unseen(r *tailer.Record) *flight {
	if len(f.some(1, anyFlight)) > 0 {
		return nil // it may be the error of one of these
	}
	one := f.start(r.Kind, r.Time, false)
	one.end(r.Time)
	f.landEarly(one, r)
	return one
}

// isError reports whether nothing is known of the request but the error that
// ended it.
func (f *flight) isError() bool {
	return f.front == nil && (f.kind == tailer.KindRefused || f.kind == tailer.KindBadBody || f.kind == tailer.KindFailure)
}

// badBody returns the request whose body was just reported as bad: up to 1.72 it
// goes on without a body.
func (f *flights) badBody(at time.Time) *flight {
	if n := len(f.open); n > 0 && f.open[n-1].kind == tailer.KindBadBody && f.open[n-1].front == nil && at.Sub(f.open[n-1].at) < 100*time.Millisecond {
		one := f.open[n-1]
		one.over, one.ended = false, time.Time{}
		if !slices.Contains(f.live, one) {
			f.live = append(f.live, one)
		}
		return one
	}
	return nil
}

// alone returns the one request that is not answered yet; nil when there is none
// or when there are several.
func (f *flights) alone() *flight {
	if list := f.some(2, anyFlight); len(list) == 1 {
		return list[0]
	}
	return nil
}

func anyFlight(*flight) bool { return true }

// unanswered returns the requests that are not over and pass a test, oldest first.
// The list is valid until the next call.
func (f *flights) unanswered(test func(*flight) bool) []*flight { return f.some(len(f.live), test) }

// some is unanswered for the first n of them.
func (f *flights) some(n int, test func(*flight) bool) []*flight {
	f.found = f.found[:0]
	f.live = sift(f.live, (*flight).isLive, func(one *flight) bool {
		if test(one) {
			f.found = append(f.found, one)
		}
		return len(f.found) < n
	})
	return f.found
}

func (f *flight) isLive() bool { return !f.over && !f.gone }

// crowd notes that a request is in flight beside those that are. When the last one
// before it began all that were in flight were noted.
func (f *flights) crowd(one *flight) {
	for n := len(f.live); n > 0; n-- {
		if other := f.live[n-1]; other.isLive() {
			other.crowded, one.crowded = true, true
			return
		}
		f.live = f.live[:n-1]
	}
}

// owner returns the request that a record about an answer belongs to: the only
// one that still waits for such a record, or the only one of these that asked
// the model which the answer names. nil when several can be meant.
func (f *flights) owner(r *tailer.Record) *flight {
	f.closeAnswered(r.Time)
	if r.Kind == tailer.KindChunk {
		for _, one := range f.live {
			if one.answer.pieces.id == r.Call.ResponseID && one.streamed && !one.over && !one.gone && !f.repeated(one) {
				return one
			}
		}
	}
	shape := shapeOfRecord(r)
	waiting := f.unanswered(func(one *flight) bool { return one.awaits(r) && one.admits(shape) })
	if len(waiting) > 1 {
		named := waiting[:0:0]
		for _, one := range waiting {
			if one.model() == "" {
				named = nil
				break
			}
			if one.asked(r) {
				named = append(named, one)
			}
		}
		if len(named) != 1 {
			f.puzzle(waiting, r)
			return nil
		}
		return named[0]
	}
	if len(waiting) == 0 {
		if r.Kind == tailer.KindLogged {
			f.rank(f.live, r)
		}
		return nil
	}
	if one := waiting[0]; !one.crowded || one.model() == "" || r.Call.Response == nil || !isAnswer(r.Kind) || one.asked(r) {
		return one
	}
	f.puzzle(waiting, r)
	return nil
}

// repeated reports whether another stream in flight asks the very same: an answer
// that comes from a cache may bear the same id.
func (f *flights) repeated(one *flight) bool {
	for _, other := range f.live {
		if other != one && other.streamed && !other.over && !other.gone && other.asking() == one.asking() {
			return true
		}
	}
	return false
}

func isAnswer(kind tailer.Kind) bool {
	return kind == tailer.KindAnswer || kind == tailer.KindRawAnswer
}

// puzzle notes an answer that can't be told to be one request's. When as many of
// them have come as requests wait for one, all have been answered.
func (f *flights) puzzle(waiting []*flight, r *tailer.Record) {
	if r.Kind == tailer.KindLogged {
		f.rank(f.live, r) // it holds nothing of the answer
		return
	}
	for _, one := range waiting {
		one.shared = true
		one.answer.holed = one.answer.holed || r.Kind == tailer.KindPiece || r.Kind == tailer.KindChunk
	}
	if r.Kind != tailer.KindAnswer || r.Call.Streamed {
		return
	}
	f.rank(waiting, r)
	// An answer that came before may be that of one which has ended meanwhile.
	if slices.ContainsFunc(f.puzzled, func(one *flight) bool { return !slices.Contains(waiting, one) }) {
		f.unclear = 0
	}
	f.puzzled = append(f.puzzled[:0], waiting...)
	if f.unclear++; f.unclear >= len(waiting) {
		for _, one := range waiting {
			one.end(r.Time)
		}
		f.unclear, f.puzzled = 0, nil
	}
}

// rank notes that one of these ended, without its being known which: the oldest
// one takes it for its end, if nothing else will tell. A span has to end somewhere,
// and in order it ends nearer to the truth than with the last record that names it.
func (f *flights) rank(list []*flight, r *tailer.Record) {
	stream := r.Kind == tailer.KindLogged
	for _, one := range list {
		if !one.over && !one.gone && !one.answer.begun && one.likely.IsZero() && one.streamed == stream && (stream || r.Call.ResponseModel == "" || one.model() == "" || one.asked(r)) {
			one.likely = r.Time
			return
		}
	}
}

// awaits reports whether the request's next record can be of this kind.
func (f *flight) awaits(r *tailer.Record) bool {
	switch r.Kind {
	case tailer.KindRawAnswer:
		return !f.streamed && !f.answer.begun && f.answer.raw == nil
	case tailer.KindAnswer:
		return !f.answer.begun && f.streamed == r.Call.Streamed
	case tailer.KindPiece:
		return f.streamed && !f.answer.labelled
	case tailer.KindChunk:
		return f.streamed && (f.answer.pieces.id == "" || f.answer.pieces.id == r.Call.ResponseID)
	case tailer.KindLogged:
		return f.answer.begun || f.answer.raw != nil || !f.answer.ok.IsZero()
	}
	return false
}

// answerGap is how long after the router's word on an answer the answer itself
// may be logged.
const answerGap = time.Second

// succeed notes the router's word that an attempt was answered: of the one
// request that waits for an answer of this model.
func (f *flights) succeed(r *tailer.Record) {
	if r.Call.Outcome != tailer.OutcomeSuccess {
		return
	}
	waiting := f.unanswered(func(one *flight) bool {
		return one.answer.ok.IsZero() && !one.answer.begun && (one.model() == "" || one.model() == r.Call.Model)
	})
	if len(waiting) == 1 {
		waiting[0].answer.ok, waiting[0].answer.model = r.Time, r.Call.Model
		f.answered(r.Time)
	}
}

// closeAnswered ends the requests whose answer the router has told of some time
// ago: some versions log no more of it (1.72: /v1/responses).
func (f *flights) closeAnswered(now time.Time) {
	if f.oldestOK.IsZero() || now.Sub(f.oldestOK) <= answerGap {
		return // nearly always: every record about an answer asks
	}
	f.oldestOK = time.Time{}
	for _, one := range f.open {
		ok := one.answer.ok
		switch {
		case ok.IsZero() || one.streamed:
		case now.Sub(ok) > answerGap:
			one.end(ok)
		default:
			f.answered(ok)
		}
	}
}

// answered notes when the router told of an answer.
func (f *flights) answered(ok time.Time) {
	if f.oldestOK.IsZero() || ok.Before(f.oldestOK) {
		f.oldestOK = ok
	}
}

// model returns the upstream model of the request's last attempt, "" while it is
// not known.
func (f *flight) model() string {
	if f.call == nil || len(f.call.tries) == 0 {
		return ""
	}
	return f.call.tries[len(f.call.tries)-1].model
}

// asked reports whether an answer names the model that the request asked.
func (f *flight) asked(r *tailer.Record) bool {
	if r.Call.ResponseModel == "" {
		return false
	}
	asked := f.model()
	for {
		if strings.HasPrefix(r.Call.ResponseModel, asked) { // an answer may name the model's edition
			return true
		}
		_, rest, found := strings.Cut(asked, "/")
		if !found {
			return false
		}
		asked = rest
	}
}
