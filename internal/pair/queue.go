package pair

import (
	"iter"
	"time"
)

// queue holds calls in the order of the time at which they were last known to be
// active. A call that was active since is queued again, so each costs constant
// time however often it is touched. Its zero value is empty.
type queue struct {
	items []queued
	head  int
}

type queued struct {
	call *call
	at   time.Time
}

func (q *queue) push(c *call, at time.Time) {
	if q.head > 1024 && q.head > len(q.items)/2 {
		q.items = append(q.items[:0], q.items[q.head:]...)
		q.head = 0
	}
	q.items = append(q.items, queued{c, at})
}

// due removes and returns the first call that has been quiet for the given time;
// nil when there is none.
func (q *queue) due(now time.Time, quiet time.Duration) *call {
	for q.head < len(q.items) {
		item := q.items[q.head]
		if !item.call.finished && now.Sub(item.at) < quiet {
			return nil
		}
		q.drop()
		switch {
		case item.call.finished:
		case now.Sub(item.call.last) < quiet:
			q.push(item.call, item.call.last)
		default:
			return item.call
		}
	}
	return nil
}

// oldest removes and returns the first call that is not finished.
func (q *queue) oldest() *call {
	for q.head < len(q.items) {
		item := q.items[q.head]
		q.drop()
		if !item.call.finished {
			return item.call
		}
	}
	return nil
}

func (q *queue) drop() {
	q.items[q.head] = queued{}
	q.head++
}

// all yields every call that is not finished.
func (q *queue) all() iter.Seq[*call] {
	return func(yield func(*call) bool) {
		for _, item := range q.items[q.head:] {
			if !item.call.finished && !yield(item.call) {
				return
			}
		}
	}
}

// redate moves the times of all that is queued.
func (q *queue) redate(move func(*time.Time)) {
	for i := range q.items[q.head:] {
		move(&q.items[q.head+i].at)
	}
}
