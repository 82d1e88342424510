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

// readBucket takes all objects of a bucket through the stages, as one log, and
// goes on where the last run stopped if delivery is remembered at all.
func (b *backfill) readBucket(ctx context.Context, bucket *s3.Bucket) error {
	keys, err := b.bucketKeys()
	if err != nil {
		return err
	}
	after := ""
	if keys != nil {
		if after = keys.Last(bucket.String()); after != "" {
			b.o.logger.Info("going on in the bucket", "source", bucket.String(), "key", after)
		}
	}
	listing := bucket.List(ctx, after)
	defer listing.Close()
	// What belongs to one request may come later than in a log, for it comes by key.
	settle := 10 * time.Minute
	if !bucket.Ordered() {
		settle = 24 * time.Hour
	}
	table := pair.New(pair.Config{GiveUp: max(b.o.giveUp, settle), Settle: settle})
	read := bucketPlace{last: after}
	for count := 1; ; count++ {
		object, err := listing.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(err, b.mark(ctx, bucket, keys, table, &read))
		}
		in := source.Opened(path.Base(object.Key), object.Size, object.ModTime, object.Body)
		b.before = nil // objects may be of several proxies
		if err := b.read(ctx, in, table, true); err != nil {
			return err
		}
		read.add(object.Key, b.source)
		if count%markEvery == 0 {
			if err := b.mark(ctx, bucket, keys, table, &read); err != nil {
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
	return b.mark(ctx, bucket, keys, table, &read)
}

// mark delivers what is complete and saves the key up to which all is: requests
// of which parts may lie in several objects can still be open.
func (b *backfill) mark(ctx context.Context, bucket *s3.Bucket, keys *state.Keys, table *pair.Table, read *bucketPlace) error {
	if keys == nil {
		return nil
	}
	if err := b.delivery.Flush(ctx); err != nil {
		return err
	}
	held := map[string]bool{}
	table.Held(func(at tailer.Position) { held[at.Source] = true })
	return keys.Save(bucket.String(), read.resolve(held))
}

// A bucketPlace knows which objects were read, but are not resolved yet.
type bucketPlace struct {
	last string         // key up to which all is resolved
	open []openedObject // behind it, in order
}

type openedObject struct{ key, source string }

func (p *bucketPlace) add(key, source string) {
	p.open = append(p.open, openedObject{key, source})
}

// resolve goes on to the first object of which a source is held.
func (p *bucketPlace) resolve(held map[string]bool) string {
	for len(p.open) > 0 && !held[p.open[0].source] {
		p.last = p.open[0].key
		p.open = p.open[1:]
	}
	return p.last
}

// bucketKeys is where places in buckets are kept; nil where nothing is remembered.
func (b *backfill) bucketKeys() (*state.Keys, error) {
	if b.delivery == nil || b.delivery.ledger == nil {
		return nil, nil
	}
	return state.LoadKeys(b.o.state, state.OS{})
}
