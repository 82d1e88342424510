package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tailer/ship"
	"tailer/ship/langfuse"
)

// epoch is before everything.
var epoch = time.Unix(0, 0).UTC()

// deleteAll deletes traces in batches. left says why it ended early, if it did and
// somebody can help.
func deleteAll(ctx context.Context, reader *langfuse.Reader, ids []string) (n int, left string, err error) {
	for batch := range slices.Chunk(ids, langfuse.DeleteBatch) {
		err := reader.Delete(ctx, batch)
		var failure *ship.SendError
		switch {
		case errors.Is(err, langfuse.ErrCannotDelete):
			return n, "this Langfuse has no API to delete traces (version 2): delete them in its web pages, filtered by user", nil
		case errors.As(err, &failure) && failure.Status == http.StatusTooManyRequests:
			rest := (len(ids) - n + langfuse.DeleteBatch - 1) / langfuse.DeleteBatch
			return n, fmt.Sprintf("the limit of deletions is used up (try again in %v). %s of up to %d traces are left: Langfuse's cloud takes 50 a day on Hobby, 200 on Core, 1000 on Pro, so %d days on Hobby",
				failure.RetryAfter.Round(time.Second), plural(int64(rest), "request"), langfuse.DeleteBatch, (rest+49)/50), nil
		case err != nil:
			return n, "", err
		}
		n += len(batch)
	}
	return n, "", nil
}

// spools tells of raw lines, which name nobody in a way that could be searched.
func (e *erasure) spools() error {
	paths, err := filepath.Glob(filepath.Join(e.state, "spool", "*"))
	if err != nil {
		return err
	}
	var size int64
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
	}
	if size > 0 {
		e.notes = append(e.notes, fmt.Sprintf("The spool (%s, %d bytes) holds raw lines of pipes, which cannot be told apart by user. They leave it when they are delivered, and their space is used again.",
			filepath.Join(e.state, "spool"), size))
	}
	return nil
}

// addNotes say what no run of this command can delete.
func (e *erasure) addNotes() {
	for _, p := range e.places {
		if p.Kept > 0 {
			e.notes = append(e.notes, fmt.Sprintf("%s in which others took part: --shared deletes those, too.", plural(int64(p.Kept), "trace")))
		}
		if p.Place == "Langfuse" && p.Erased > 0 {
			e.notes = append(e.notes, "Langfuse deletes within about 15 minutes and confirms nothing: run this again to see whether something is left.")
		}
	}
	e.notes = append(e.notes,
		"Not touched: LiteLLM's own logs and their backups, other OTLP back ends, what Langfuse exported, and traces of others that name this user, in a prompt or in a header. The log must go first, or a backfill brings everything back.")
	if !e.really {
		e.notes = append(e.notes, "Nothing was deleted: --yes does it.")
	}
}

func (e *erasure) print(w io.Writer) {
	for _, p := range e.places {
		verb := fmt.Sprintf("%s would go", plural(int64(p.Found-p.Kept), "trace"))
		if e.really {
			verb = fmt.Sprintf("%d of %s deleted", p.Erased, plural(int64(p.Found), "trace"))
		}
		_, _ = fmt.Fprintf(w, "%-50s %s\n", printable(p.Place), verb)
		if p.Left != "" {
			_, _ = fmt.Fprintf(w, "    %s\n", printable(p.Left))
		}
	}
	_, _ = fmt.Fprintln(w)
	for _, note := range e.notes {
		_, _ = fmt.Fprintln(w, printable(note))
	}
}
