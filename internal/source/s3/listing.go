package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
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

// Broken is why not all of the object came, although its connection was made anew some
// times; nil: all that was read is all there is.
func (o *Object) Broken() error {
	if r, ok := o.Body.(*resumed); ok {
		return r.broken
	}
	return nil
}

// An ObjectError says that one object can't be read: it was deleted meanwhile, is
// archived, or is not for this reader. Others may be.
type ObjectError struct {
	Key     string
	ModTime time.Time
	Err     error
}

func (e *ObjectError) Error() string { return e.Err.Error() }

func (e *ObjectError) Unwrap() error { return e.Err }

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
// modified before a time (zero: none), but not those of some keys. Close ends it.
func (b *Bucket) List(ctx context.Context, after string, modified time.Time, but []string) *Listing {
	ctx, cancel := context.WithCancel(ctx)
	l := &Listing{queue: make(chan chan fetched, ahead), cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		defer close(l.queue)
		b.list(ctx, after, modified, but, l.queue)
	}()
	return l
}

// list queues a place for each object, in order, and lets it be fetched.
func (b *Bucket) list(ctx context.Context, after string, modified time.Time, but []string, queue chan<- chan fetched) {
	for info := range b.core.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, StartAfter: after, Recursive: true}) {
		if info.Err == nil && (strings.HasSuffix(info.Key, "/") || info.Key <= after) {
			continue // a folder's own mark; or a server that knows no StartAfter
		}
		if info.Err == nil && !info.LastModified.IsZero() && info.LastModified.Before(modified) && !slices.Contains(but, info.Key) {
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
		body, found, err := b.get(ctx, info.Key, minio.GetObjectOptions{})
		if err != nil {
			return nil, err
		}
		if found.Size > whole {
			return &resumed{body: body, open: func(at int64) (io.ReadCloser, error) { return b.rest(ctx, info.Key, found.ETag, at) }}, nil
		}
		text, err := io.ReadAll(body)
		if err := errors.Join(err, body.Close()); err != nil {
			return nil, err
		}
		return io.NopCloser(bytes.NewReader(text)), nil
	}, backoff.WithMaxTries(tries))
	if err != nil {
		err = fmt.Errorf("get %s://%s/%s: %w", b.scheme, b.name, info.Key, err)
		if ofObject(err) {
			err = &ObjectError{Key: info.Key, ModTime: info.LastModified, Err: err}
		}
		return fetched{err: err}
	}
	return fetched{object: Object{Key: info.Key, Size: info.Size, ModTime: info.LastModified, Body: body}}
}

// get asks for one object. Errors that stay are permanent.
func (b *Bucket) get(ctx context.Context, key string, opts minio.GetObjectOptions) (io.ReadCloser, minio.ObjectInfo, error) {
	body, info, _, err := b.core.GetObject(ctx, b.name, key, opts)
	if said := refusal(err); said.StatusCode/100 == 4 && said.Code != "RequestTimeout" {
		err = backoff.Permanent(err)
	}
	return body, info, err
}

// rest asks for the bytes of an object from at on, as long as it is not written anew.
func (b *Bucket) rest(ctx context.Context, key, etag string, at int64) (io.ReadCloser, error) {
	opts := minio.GetObjectOptions{}
	if err := opts.SetMatchETag(etag); err != nil {
		return nil, err
	}
	if at > 0 {
		if err := opts.SetRange(at, 0); err != nil {
			return nil, err
		}
	}
	return backoff.Retry(ctx, func() (io.ReadCloser, error) {
		body, _, err := b.get(ctx, key, opts)
		return body, err
	}, backoff.WithMaxTries(tries))
}

// refusal is what the store said, zero if it said nothing.
func refusal(err error) (said minio.ErrorResponse) {
	_ = errors.As(err, &said) // else it stays zero
	return said
}

// ofRun are the codes of refusals that hold for any object: keys, clocks, the bucket.
var ofRun = []string{
	"AccountProblem", "AllAccessDisabled", "AuthorizationHeaderMalformed", "ExpiredToken", "InvalidAccessKeyId", "InvalidSecurity",
	"InvalidToken", "NoSuchBucket", "NotSignedUp", "PermanentRedirect", "RequestExpired", "RequestTimeout", "RequestTimeTooSkewed",
	"SignatureDoesNotMatch", "SlowDown", "TokenRefreshRequired",
}

// ofObject reports whether an error is about one object only.
func ofObject(err error) bool {
	said := refusal(err)
	return said.StatusCode/100 == 4 && said.StatusCode != http.StatusTooManyRequests && !slices.Contains(ofRun, said.Code)
}

// Next returns the next object; io.EOF at the end. After an *ObjectError there are
// more. Other errors are the store's and the context's; they name the key, and the
// listing is over.
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
