package s3

import (
	"errors"
	"io"
)

// resumed reads one object, and goes on with it where its connection broke.
type resumed struct {
	open   func(at int64) (io.ReadCloser, error) // asks for the bytes from at on
	body   io.ReadCloser
	at     int64 // of the next byte
	last   int64 // where it broke last
	breaks int   // without much progress in between
	broken error // why nothing more comes
}

// Read implements io.Reader.
func (r *resumed) Read(p []byte) (int, error) {
	for r.broken == nil {
		n, err := r.body.Read(p)
		r.at += int64(n)
		if n > 0 {
			return n, nil // an error comes again
		}
		if err == nil || errors.Is(err, io.EOF) {
			return 0, err
		}
		r.broken = r.reopen(err)
	}
	return 0, r.broken
}

// reopen asks for the rest. It returns why there is none: what broke it, if that
// happens too often.
func (r *resumed) reopen(err error) error {
	if r.at-r.last > whole {
		r.breaks = 0
	}
	r.last = r.at
	if r.breaks++; r.breaks >= tries {
		return err
	}
	body, err := r.open(r.at)
	if err != nil {
		return err
	}
	_ = r.body.Close() // it is broken
	r.body = body
	return nil
}

// Close implements io.Closer.
func (r *resumed) Close() error { return r.body.Close() }
