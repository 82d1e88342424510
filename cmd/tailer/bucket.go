package main

import (
	"context"
	"errors"
	"io"
	"path"
	"time"

	"tailer"
	"tailer/internal/pair"
	"tailer/internal/pipeline"
	"tailer/internal/source"
	"tailer/internal/source/s3"
	"tailer/state"
)

// markEvery is after how many objects the place in a bucket is saved.
const markEvery = 200

// openBuckets takes the arguments that name buckets from the others.
func openBuckets(args []string, lookup lookupFunc) (buckets []*s3.Bucket, files []string, err error) {
	for _, arg := range args {
		if !s3.Is(arg) {
			files = append(files, arg)
			continue
		}
		bucket, err := s3.Open(arg, s3.Config{Env: lookup})
		if err != nil {
			return nil, nil, usagef("%v", err)
		}
		buckets = append(buckets, bucket)
	}
	return buckets, files, nil
}

// skew is how much later a store may say that an object was written than it did, by
// the clock of this machine: so much of the last run is read again.
const skew = time.Hour

// readBucket takes all objects of a bucket through the stages, as one log. If
// delivery is remembered at all, it goes on where a run was stopped, and leaves out
// what was there when the last whole run began. It does not go by keys: LiteLLM
// writes an object when a request ends, under a name with the time at which it began.
func (b *backfill) readBucket(ctx context.Context, bucket *s3.Bucket) error {
	read, err := b.openPlace(bucket)
	if err != nil {
		return err
	}
	var modified time.Time
	for _, from := range []time.Time{read.place.Read, b.o.since} { // a request is over before it is written
		if from = from.Add(-skew); from.After(modified) {
			modified = from
		}
	}
	listing := bucket.List(ctx, read.place.Key, modified)
	defer listing.Close()
	// What belongs to one request may come later than in a log, for it comes by key.
	settle := 10 * time.Minute
	if !bucket.Ordered() {
		settle = 24 * time.Hour
	}
	table := pair.New(pair.Config{GiveUp: max(b.o.giveUp, settle), Settle: settle})
	for count := 1; ; count++ {
		object, err := listing.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(err, b.mark(ctx, table, read))
		}
		in := source.Opened(path.Base(object.Key), object.Size, object.ModTime, object.Body)
		b.before = nil // objects may be of several proxies
		if err := b.read(ctx, in, table, true); err != nil {
			return err
		}
		read.add(object.Key, b.source)
		if count%markEvery == 0 {
			if err := b.mark(ctx, table, read); err != nil {
				return err
			}
		}
	}
	run := pipeline.Run{Pairs: table, Enrich: b.enricher, Deliver: b.sink(state.NewTracker()), Since: b.o.since, Until: b.o.until}
	if err := run.Drain(ctx); err != nil {
		return err
	}
	b.report.addStats(run.Stats)
	b.report.addPairs(table.Counts())
	if read.kept == nil {
		return nil
	}
	if err := b.delivery.Flush(ctx); err != nil {
		return err
	}
	return read.kept.Save(read.bucket, state.Place{Read: read.place.Began, Since: read.place.Since})
}

// mark delivers what is complete and saves the key up to which all is: requests
// of which parts may lie in several objects can still be open.
func (b *backfill) mark(ctx context.Context, table *pair.Table, read *bucketPlace) error {
	if read.kept == nil {
		return nil
	}
	if err := b.delivery.Flush(ctx); err != nil {
		return err
	}
	held := map[string]bool{}
	table.Held(func(at tailer.Position) { held[at.Source] = true })
	read.resolve(held)
	return read.kept.Save(read.bucket, read.place)
}

// openPlace finds where to go on in a bucket. Where nothing is remembered, that is
// its start. What this run leaves out must not count as read: with --until it is not
// remembered, nor with --since where all that others read without it would be forgotten.
func (b *backfill) openPlace(bucket *s3.Bucket) (*bucketPlace, error) {
	read := &bucketPlace{bucket: bucket.String()}
	if b.delivery == nil || b.delivery.ledger == nil {
		return read, nil
	}
	kept, err := state.LoadBuckets(b.o.state, state.OS{})
	if err != nil {
		return nil, err
	}
	place := kept.Place(read.bucket)
	if b.o.until.IsZero() && (b.o.since.IsZero() || place == state.Place{} || !place.Since.IsZero()) {
		read.kept = kept
	}
	if !place.Since.After(b.o.since) { // else this run wants what those left out
		read.place = place
	}
	if read.place.Key != "" {
		b.o.logger.Info("going on in the bucket", "source", read.bucket, "key", read.place.Key)
	}
	if read.place.Began.IsZero() {
		read.place.Began = time.Now().UTC().Round(0)
	}
	read.place.Since = b.o.since.UTC()
	return read, nil
}

// A bucketPlace knows which objects were read, but are not resolved yet.
type bucketPlace struct {
	bucket string
	kept   *state.Buckets // nil: this run is not remembered
	place  state.Place    // up to whose key all is resolved
	open   []openedObject // behind it, in order
}

type openedObject struct{ key, source string }

func (p *bucketPlace) add(key, source string) {
	p.open = append(p.open, openedObject{key, source})
}

// resolve goes on to the first object of which a source is held.
func (p *bucketPlace) resolve(held map[string]bool) {
	for len(p.open) > 0 && !held[p.open[0].source] {
		p.place.Key = p.open[0].key
		p.open = p.open[1:]
	}
}
