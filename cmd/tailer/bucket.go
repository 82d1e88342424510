package main

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"time"

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
	listing := bucket.List(ctx, read.place.Key, modified, slices.Clone(read.place.Again))
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
		var unreadable *s3.ObjectError
		switch {
		case errors.As(err, &unreadable):
			b.leaveOut(read, unreadable)
		case err != nil:
			return errors.Join(err, b.mark(ctx, table, read))
		default:
			if err := b.readObject(ctx, &object, table, read); err != nil {
				return err
			}
		}
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
	return read.kept.Save(read.name, read.end())
}

// readObject takes one object through the stages.
func (b *backfill) readObject(ctx context.Context, object *s3.Object, table *pair.Table, read *bucketPlace) error {
	in := source.Opened(path.Base(object.Key), object.Size, object.ModTime, object.Body)
	b.before, b.source = nil, "" // objects may be of several proxies
	err := b.read(ctx, in, table, true)
	if broken := object.Broken(); broken != nil && ctx.Err() == nil && (err == nil || errors.Is(err, broken)) {
		b.leaveOut(read, &s3.ObjectError{Key: object.Key, ModTime: object.ModTime, Err: broken})
		return nil
	}
	if err != nil {
		return err
	}
	read.add(openedObject{key: object.Key, source: b.source})
	return nil
}

// tellUnread is how many objects that can't be read are told one by one.
const tellUnread = 10

// leaveOut goes on without an object, of which the next run is told.
func (b *backfill) leaveOut(read *bucketPlace, e *s3.ObjectError) {
	read.add(openedObject{key: e.Key, modified: e.ModTime, unread: true})
	say := b.o.logger.Debug
	switch b.report.Unread++; {
	case b.report.Unread < tellUnread:
		say = b.o.logger.Warn
	case b.report.Unread == tellUnread:
		b.o.logger.Warn("more objects can't be read; they are counted")
	}
	say("object can't be read; others are, and the next run tries it again", "source", read.bucket, "key", e.Key, "err", e.Err)
}
