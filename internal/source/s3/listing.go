package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/minio/minio-go/v7"
)

const (
	// ahead is how many objects are fetched before they are asked for.
	ahead = 8
	// whole is up to which size in bytes an object is fetched at once.
	whole = 1 << 20
	// tries is how often an object is fetched before its error counts.
	tries = 4
)

// An Object is one object, opened. Its reader closes Body.
type Object struct {
	Key     string
	Size    int64 // bytes as stored
	ModTime time.Time
	Body    io.ReadCloser
}

// fetched is an object on its way, or what became of it.
type fetched struct {
	object Object
	err    error
}

// A Listing yields the objects of a bucket. It is for one goroutine.
type Listing struct {
	queue  chan chan fetched
	cancel context.CancelFunc
	ended  chan struct{}
}

// List begins behind key after ("": at the first), and leaves out objects that were
// modified before a time (zero: none). Close ends it.
func (b *Bucket) List(ctx context.Context, after string, modified time.Time) *Listing {
	ctx, cancel := context.WithCancel(ctx)
	l := &Listing{queue: make(chan chan fetched, ahead), cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		defer close(l.queue)
		b.list(ctx, after, modified, l.queue)
	}()
	return l
}

// list queues a place for each object, in order, and lets it be fetched.
func (b *Bucket) list(ctx context.Context, after string, modified time.Time, queue chan<- chan fetched) {
	for info := range b.core.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, StartAfter: after, Recursive: true}) {
		if info.Err == nil && (strings.HasSuffix(info.Key, "/") || info.Key <= after) {
			continue // a folder's own mark; or a server that knows no StartAfter
		}
		if info.Err == nil && !info.LastModified.IsZero() && info.LastModified.Before(modified) {
			continue
		}
		result := make(chan fetched, 1)
		if info.Err != nil {
			result <- fetched{err: fmt.Errorf("list %s: %w", b, info.Err)}
		}
		select {
		case queue <- result:
		case <-ctx.Done():
			return
		}
		if info.Err != nil {
			return
		}
		go func() { result <- b.fetch(ctx, info) }()
	}
}

// fetch opens one object, trying again where that may help.
func (b *Bucket) fetch(ctx context.Context, info minio.ObjectInfo) fetched {
	body, err := backoff.Retry(ctx, func() (io.ReadCloser, error) {
		body, _, _, err := b.core.GetObject(ctx, b.name, info.Key, minio.GetObjectOptions{})
		if err != nil {
			if minio.ToErrorResponse(err).StatusCode/100 == 4 {
				return nil, backoff.Permanent(err)
			}
			return nil, err
		}
		if info.Size > whole {
			return body, nil
		}
		text, err := io.ReadAll(io.LimitReader(body, whole))
		if err := errors.Join(err, body.Close()); err != nil {
			return nil, err
		}
		return io.NopCloser(bytes.NewReader(text)), nil
	}, backoff.WithMaxTries(tries))
	if err != nil {
		return fetched{err: fmt.Errorf("get %s://%s/%s: %w", b.scheme, b.name, info.Key, err)}
	}
	return fetched{object: Object{Key: info.Key, Size: info.Size, ModTime: info.LastModified, Body: body}}
}

// Next returns the next object; io.EOF at the end. Other errors are the store's
// and the context's; they name the key, and the listing is over.
func (l *Listing) Next() (Object, error) {
	result, ok := <-l.queue
	if !ok {
		return Object{}, io.EOF
	}
	got := <-result
	if got.err != nil {
		return Object{}, got.err
	}
	return got.object, nil
}

// Close ends the listing and frees what was fetched ahead.
func (l *Listing) Close() {
	l.cancel()
	for result := range l.queue {
		if got := <-result; got.err == nil {
			_ = got.object.Body.Close() // nobody reads it
		}
	}
	<-l.ended
}
