package push

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// roomFor is how long a delivery waits for memory, or for its turn, before its
// sender is told to come again.
const roomFor = 5 * time.Second

// firstPiece is what each delivery takes of the room, in bytes, for itself and for
// the first bytes of its body.
const firstPiece = 32 << 10

// room is the memory for bodies that are on their way. They take of it as they come,
// so that a slow sender holds no more than what it has sent. It is safe for
// concurrent use.
type room struct {
	mu    sync.Mutex
	left  int64         // in bytes; guarded by mu
	freed chan struct{} // closed, and made anew, when some is given back; guarded by mu
}

func newRoom(size int64) *room { return &room{left: size, freed: make(chan struct{})} }

// errCrowded says that there is no memory now.
var errCrowded = errors.New("too many deliveries at a time")

// take takes n bytes, or waits for them until the context ends: errCrowded.
func (r *room) take(ctx context.Context, n int64) error {
	for {
		r.mu.Lock()
		freed := r.freed
		if n <= r.left {
			r.left -= n
			r.mu.Unlock()
			return nil
		}
		r.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return errCrowded
		}
	}
}

func (r *room) give(n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left += n
	close(r.freed)
	r.freed = make(chan struct{})
}

// read returns all that src has, at most limit bytes (errTooLarge), and how much of
// the room is taken for it, which the caller gives back even if there is an error.
func (r *room) read(ctx context.Context, src io.Reader, limit int64) (body []byte, taken int64, err error) {
	for {
		if len(body) == cap(body) {
			more := min(max(int64(cap(body)), firstPiece), limit+1-int64(cap(body)))
			if more <= 0 {
				return nil, taken, errTooLarge
			}
			if err := r.wait(ctx, more); err != nil {
				return nil, taken, err
			}
			taken += more
			body = append(make([]byte, 0, int64(cap(body))+more), body...)
		}
		n, err := src.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return nil, taken, errTooLarge
		case errors.Is(err, io.EOF):
			return body, taken, nil
		case err != nil:
			return nil, taken, err
		}
	}
}

// wait is take for no longer than roomFor.
func (r *room) wait(ctx context.Context, n int64) error {
	ctx, cancel := context.WithTimeout(ctx, roomFor)
	defer cancel()
	return r.take(ctx, n)
}
