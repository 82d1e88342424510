package pipeline

import (
	"context"
	"slices"
	"sync"

	"tailer"
)

const (
	// maxHanded is how many exchanges may wait to be completed while the log is read on:
	// enough that neither goroutine waits for the other's pauses. Their content is
	// bounded by maxUnderWay.
	maxHanded = 64
	// heavy is the content, in bytes, from which an exchange does not wait with others:
	// whoever hands it over waits for it.
	heavy = 1 << 20
)

// A handover completes exchanges of a log in a goroutine of its own, in their order:
// to attribute, encode and hand them to delivery takes as long as to read and pair
// them. Its methods are for the goroutine that reads, but held.
type handover struct {
	run   *Run
	room  *room
	queue chan *handed // nil: those before it are the last for now
	ended chan struct{}

	mu       sync.Mutex
	underWay []*handed // guarded by mu; those that failed stay
	failed   error     // guarded by mu
	n        int64     // completed; guarded by mu
}

// handed is an exchange on its way.
type handed struct {
	ctx  context.Context
	x    tailer.Exchange
	size int // of its content, in bytes
	done chan struct{}
}

func newHandover(r *Run) *handover {
	h := &handover{run: r, room: newRoom(), queue: make(chan *handed, maxHanded), ended: make(chan struct{})}
	go h.complete()
	return h
}

// complete runs until the queue is closed. Behind the first exchange that could not be
// completed none is: they are read again by the next run.
func (h *handover) complete() {
	defer close(h.ended)
	for one := range h.queue {
		if one == nil {
			if hurrier, ok := h.run.Deliver.(Hurrier); ok {
				hurrier.Hurry()
			}
			continue
		}
		if h.err() == nil {
			h.note(one, h.run.complete(one.ctx, &one.x))
		}
		h.room.give(one.size)
		close(one.done)
	}
}

// note forgets an exchange of which delivery knows now.
func (h *handover) note(one *handed, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.failed = err
		return
	}
	h.n++
	h.underWay = slices.DeleteFunc(h.underWay, func(other *handed) bool { return other == one })
}

// count is how many exchanges were completed.
func (h *handover) count() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}

// err is why nothing is completed any more; nil: it is.
func (h *handover) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failed
}

// hand passes an exchange on.
func (h *handover) hand(ctx context.Context, x *tailer.Exchange) error {
	one := &handed{ctx: ctx, x: *x, size: content(x), done: make(chan struct{})}
	h.mu.Lock()
	if h.failed != nil {
		defer h.mu.Unlock()
		return h.failed
	}
	h.underWay = append(h.underWay, one)
	h.mu.Unlock()
	h.room.take(one.size)
	h.queue <- one
	if one.size < heavy {
		return nil
	}
	<-one.done
	return h.err()
}

// hurry lets delivery not wait for more than was handed over. It does not wait itself:
// the source must be looked at meanwhile. Where the queue is full, delivery is what
// everybody waits for.
func (h *handover) hurry() {
	select {
	case h.queue <- nil:
	default:
	}
}

// wait returns when all that was handed over is completed.
func (h *handover) wait() error {
	h.mu.Lock()
	var last *handed
	if n := len(h.underWay); n > 0 {
		last = h.underWay[n-1]
	}
	h.mu.Unlock()
	if last != nil {
		<-last.done
	}
	return h.err()
}

// held calls note for each line of what is under way. It is safe for concurrent use.
func (h *handover) held(note func(tailer.Position)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.underWay {
		for _, at := range one.x.Positions {
			note(at)
		}
	}
}

// close completes what was handed over and ends the goroutine.
func (h *handover) close() {
	close(h.queue)
	<-h.ended
}

// content is how many bytes an exchange holds of what was said.
func content(x *tailer.Exchange) int {
	n := len(x.Response) + len(x.Request.Metadata)
	for _, f := range x.Request.Body {
		n += len(f.Value)
	}
	return n
}
