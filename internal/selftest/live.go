package selftest

import (
	"errors"
	"io"
	"sync"
	"time"
)

// pollEvery is how often a file that has ended is asked for more.
const pollEvery = 100 * time.Millisecond

// Live reads a log that still grows, a file or a pipe, until it was told that the
// requests were answered and has then been silent for Quiet, or until Limit after
// that has passed: then it says io.EOF. It is read by one goroutine; Answered may
// be called by another.
type Live struct {
	quiet, limit time.Duration

	chunks chan chunk
	rest   []byte
	err    error

	mu       sync.Mutex
	answered time.Time // guarded by mu; zero until Answered
	last     time.Time // of the last bytes; owned by the reader
	done     chan struct{}
	once     sync.Once
}

type chunk struct {
	bytes []byte
	err   error
}

// NewLive returns a reader of from, which goes on after io.EOF if it is a file. It
// starts a goroutine that ends with from, or at the first read after Close.
func NewLive(from io.Reader, file bool, quiet, limit time.Duration) *Live {
	l := &Live{quiet: quiet, limit: limit, chunks: make(chan chunk, 16), last: time.Now(), done: make(chan struct{})}
	go l.pump(from, file)
	return l
}

// Answered says that no more is to come than what the proxy has to say of it.
func (l *Live) Answered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answered = time.Now()
}

// Close ends the reading.
func (l *Live) Close() { l.once.Do(func() { close(l.done) }) }

func (l *Live) pump(from io.Reader, file bool) {
	defer close(l.chunks)
	const size = 64 << 10
	for {
		buffer := make([]byte, size)
		n, err := from.Read(buffer)
		if n > 0 || err != nil && (!file || !errors.Is(err, io.EOF)) {
			select {
			case l.chunks <- chunk{buffer[:n], err}:
			case <-l.done:
				return
			}
		}
		switch {
		case errors.Is(err, io.EOF) && file:
			select {
			case <-time.After(pollEvery):
			case <-l.done:
				return
			}
		case err != nil:
			return
		}
	}
}

// Read implements io.Reader.
func (l *Live) Read(p []byte) (int, error) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for len(l.rest) == 0 {
		if l.err != nil {
			return 0, l.err
		}
		select {
		case c, open := <-l.chunks:
			if !open {
				return 0, io.EOF
			}
			l.rest, l.err, l.last = c.bytes, c.err, time.Now()
		case now := <-tick.C:
			if l.over(now) {
				return 0, io.EOF
			}
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// over tells whether enough time has passed.
func (l *Live) over(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answered.IsZero() {
		return false
	}
	return now.Sub(l.answered) > l.limit || now.Sub(l.answered) > l.quiet && now.Sub(l.last) > l.quiet
}
