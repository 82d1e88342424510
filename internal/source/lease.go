package source

import (
	"errors"
	"io"
	"sync"
)

// A Lender reads something for one reader after another, such as standard input
// for a daemon that starts anew within its process: a read that blocks can't be
// taken back, so what it brings goes to the next reader.
type Lender struct {
	src  io.Reader
	once sync.Once
	want chan struct{} // a chunk is asked for
	data chan []byte   // chunks; closed at the end of src

	mu   sync.Mutex
	rest []byte // of the chunk that is being handed out; guarded by mu
}

// NewLender returns the lender of src. Its goroutine lives as long as the process.
func NewLender(src io.Reader) *Lender {
	return &Lender{src: src, want: make(chan struct{}, 1), data: make(chan []byte, 1)}
}

// Lease returns a reader of what comes from now on. The one before must be closed.
func (l *Lender) Lease() io.ReadCloser {
	l.once.Do(func() { go l.read() })
	return &lease{lender: l, closed: make(chan struct{})}
}

func (l *Lender) read() {
	defer close(l.data)
	for range l.want {
		buf := make([]byte, pipeChunk)
		n, err := l.src.Read(buf)
		if n > 0 {
			l.data <- buf[:n]
		}
		if err != nil {
			return // whatever it is, it will not come back
		}
	}
}

type lease struct {
	lender *Lender
	closed chan struct{}
	once   sync.Once
}

// errReturned says that a lease was closed.
var errReturned = errors.New("closed")

// Read implements io.Reader. Close ends a Read that blocks.
func (r *lease) Read(p []byte) (int, error) {
	l := r.lender
	l.mu.Lock()
	if n := copy(p, l.rest); n > 0 {
		l.rest = l.rest[n:]
		l.mu.Unlock()
		return n, nil
	}
	l.mu.Unlock()
	select {
	case l.want <- struct{}{}: // else the one before has asked already
	default:
	}
	select {
	case <-r.closed:
		return 0, errReturned
	case chunk, ok := <-l.data:
		if !ok {
			return 0, io.EOF
		}
		n := copy(p, chunk)
		l.mu.Lock()
		l.rest = chunk[n:]
		l.mu.Unlock()
		return n, nil
	}
}

// Close gives the lease back.
func (r *lease) Close() error {
	r.once.Do(func() { close(r.closed) })
	return nil
}
