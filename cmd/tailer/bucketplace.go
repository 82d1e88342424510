package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"tailer"
	"tailer/internal/pair"
	"tailer/internal/source/s3"
	"tailer/state"
)

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
	return read.kept.Save(read.name, read.place)
}

// openPlace finds where to go on in a bucket. Where nothing is remembered, that is
// its start. What this run leaves out must not count as read: with --until it is not
// remembered, nor with --since where all that others read without it would be forgotten.
// What one sink was sent says nothing of another.
func (b *backfill) openPlace(bucket *s3.Bucket) (*bucketPlace, error) {
	read := &bucketPlace{bucket: bucket.String()}
	if b.delivery == nil || b.delivery.ledger == nil {
		return read, nil
	}
	var sinks []string
	for _, target := range b.delivery.sinks {
		sinks = append(sinks, target.Name)
	}
	slices.Sort(sinks)
	read.name = read.bucket + " to " + strings.Join(sinks, ", ")
	kept, err := state.LoadBuckets(b.o.state, state.OS{})
	if err != nil {
		return nil, err
	}
	var place state.Place
	if !b.delivery.emptied {
		place = kept.Place(read.name)
	}
	if b.o.until.IsZero() && (b.o.since.IsZero() || place.IsZero() || !place.Since.IsZero()) {
		read.kept = kept
	}
	if !place.Since.After(b.o.since) { // else this run wants what those left out
		read.place = place
	}
	if read.place.Key != "" {
		b.o.logger.Info("going on in the bucket", "source", read.bucket, "key", read.place.Key)
		read.resumed = true
	}
	if read.place.Began.IsZero() {
		read.place.Began = time.Now().UTC().Round(0)
	}
	read.place.Since = b.o.since.UTC()
	return read, nil
}

// A bucketPlace knows which objects were read, but are not resolved yet.
type bucketPlace struct {
	bucket  string
	name    string         // of the bucket and the sinks, in kept
	kept    *state.Buckets // nil: this run is not remembered
	place   state.Place    // up to whose key all is resolved
	resumed bool           // the listing does not begin at the first key
	open    []openedObject // behind it, in order
	unread  []string       // those keys of place.Again that this run met
}

// openedObject is an object that was read, or could not be.
type openedObject struct {
	key, source string
	modified    time.Time
	unread      bool
}

func (p *bucketPlace) add(o openedObject) { p.open = append(p.open, o) }

// resolve goes on to the first object of which a source is held.
func (p *bucketPlace) resolve(held map[string]bool) {
	for len(p.open) > 0 && !held[p.open[0].source] {
		p.settle(&p.open[0])
		p.open = p.open[1:]
	}
}

// maxAgain is how many objects that can't be read are remembered by their keys.
const maxAgain = 1000

func (p *bucketPlace) settle(o *openedObject) {
	p.place.Key = o.key
	at := slices.Index(p.place.Again, o.key)
	switch {
	case !o.unread && at >= 0:
		p.place.Again = slices.Delete(p.place.Again, at, at+1)
	case o.unread && at < 0 && len(p.place.Again) < maxAgain:
		p.place.Again = append(p.place.Again, o.key)
	case o.unread && at < 0 && (p.place.Left.IsZero() || o.modified.Before(p.place.Left)):
		p.place.Left = o.modified.UTC()
	}
	if o.unread && slices.Contains(p.place.Again, o.key) {
		p.unread = append(p.unread, o.key)
	}
}

// end is the place once all is resolved: the next run begins at the first key. Objects
// that are there no more are not missed; if too many could not be read for their keys
// to be kept, all is read that was written since the first of these.
func (p *bucketPlace) end() state.Place {
	p.resolve(nil)
	end := state.Place{Read: p.place.Began, Since: p.place.Since, Again: p.place.Again}
	if !p.resumed {
		end.Again = slices.DeleteFunc(slices.Clone(end.Again), func(key string) bool { return !slices.Contains(p.unread, key) })
	}
	if left := p.place.Left; !left.IsZero() && left.Before(end.Read) {
		end.Read = left
	}
	return end
}
