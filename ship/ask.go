package ship

import (
	"context"
	"errors"
	"slices"
	"time"
)

const (
	firstLook = time.Second // after a request that ended without an answer
	maxAsked  = 5000        // items in one question
	maxRead   = 16 << 20    // bytes of payload in one question: they are read from the store
	// behind is how much longer than Lag a sink is waited for that does not even
	// show what it said it accepted.
	behind = 20
)

// toAsk takes what must be asked for and is due: all that was put aside, or the
// head of the queue.
func (l *lane) toAsk() []*parcel {
	due := l.takeAside(true)
	if n := askable(due); n < len(due) {
		l.aside = append(l.aside, due[n:]...)
		due = due[:n]
	}
	if len(due) > 0 || len(l.groups) > 0 {
		return due
	}
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	n := askable(l.queue)
	due = slices.Clone(l.queue[:n])
	clear(l.queue[:n])
	l.queue = l.queue[n:]
	return due
}

// askable is how many of parcels, from the first on, make one question.
func askable(parcels []*parcel) (n int) {
	bytes := int64(0)
	for n < len(parcels) && n < maxAsked && parcels[n].ask {
		if bytes += parcels[n].entry.Size; n > 0 && bytes > maxRead {
			break
		}
		n++
	}
	return n
}

// ask settles what the sink has, and queues the rest to be sent or, where it is
// too early to tell, to be asked for again.
func (l *lane) ask(ctx context.Context, parcels []*parcel) error {
	found, err := l.has(ctx, parcels)
	var failure *SendError
	switch {
	case errors.Is(err, ErrCannotAsk):
		l.logger.Warn("sink does not tell what it has; what may be there is sent again", "items", len(parcels), "err", err)
		l.sendNow(parcels)
		return nil
	case errors.As(err, &failure):
		l.aside = append(l.aside, parcels...)
		err := l.trouble(failure)
		for _, p := range parcels {
			p.due = l.pause.Add(firstLook) // others are sent meanwhile: the sink may take what it can't show
		}
		return err
	case err != nil:
		l.aside = append(l.aside, parcels...)
		return err
	}
	if found.folds {
		l.sendNow(parcels)
		return nil
	}
	var there, known, missing, early []*parcel
	for i, p := range parcels {
		switch {
		case found.items[i] && p.doubt.IsZero():
			known = append(known, p)
		case found.items[i]:
			there = append(there, p)
		case l.settled(p, found.behind):
			missing = append(missing, p)
		default:
			p.due = l.lookAgain(p)
			early = append(early, p)
		}
	}
	l.aside = append(l.aside, early...)
	l.sendNow(missing)
	if len(there) > 0 {
		l.recovered()
		l.resolve(there, false, false)
	}
	if len(known) > 0 {
		l.resolve(known, false, true)
	}
	return nil
}

// settled tells whether enough time has passed to believe that what a sink does
// not show is not there.
func (l *lane) settled(p *parcel, isBehind bool) bool {
	if p.doubt.IsZero() {
		return true
	}
	passed, lag := time.Since(p.doubt), l.asker.Lag()
	return passed >= lag && (!isBehind || passed >= behind*lag)
}

// lookAgain is when p is worth another question: soon at first, for most of what
// was stored shows within a second or two, then at the end of the lag.
func (l *lane) lookAgain(p *parcel) time.Time {
	passed, lag := time.Since(p.doubt), l.asker.Lag()
	if passed >= lag {
		return time.Now().Add(lag)
	}
	return p.doubt.Add(min(max(3*passed, firstLook), lag))
}

// answers is what a sink said to a question.
type answers struct {
	items  []bool
	folds  bool // it need not be asked
	behind bool // it does not show what it accepted before
}

// has asks for parcels, and for what the sink is known to have.
func (l *lane) has(ctx context.Context, parcels []*parcel) (answers, error) {
	folds, err := l.asker.Folds(ctx)
	if err != nil || folds {
		return answers{folds: folds}, err
	}
	items, err := l.contents(parcels)
	if err != nil {
		return answers{}, err
	}
	question := slices.Clone(items)
	for _, p := range parcels {
		if p.shown != nil && !slices.Contains(question[len(items):], p.shown) {
			question = append(question, p.shown)
		}
	}
	has, err := l.asker.Has(ctx, question)
	if err != nil {
		return answers{}, err
	}
	found := answers{items: make([]bool, len(items))}
	for _, item := range question[len(items):] {
		found.behind = found.behind || !has[item]
	}
	for i, item := range items {
		found.items[i] = has[item]
	}
	return found, nil
}

// sendNow queues parcels in the order in which they came.
func (l *lane) sendNow(parcels []*parcel) {
	if len(parcels) == 0 {
		return
	}
	for _, p := range parcels {
		p.ask, p.due = false, time.Time{}
	}
	inOrder(parcels)
	l.d.mu.Lock()
	defer l.d.mu.Unlock()
	l.queueFirst(parcels)
}
