package main

import (
	"slices"

	"tailer/ship/langfuse"
)

// lookAfterOthers looks for what waits for sinks that are not configured any more. A
// daemon's Langfuse sink adopts what waits for one of the same server, whose keys were
// replaced; a backfill does not, for its project may be another one. The rest is told.
// That the ledger can't be changed now is no reason not to send.
func (d *delivery) lookAfterOthers(follows bool) {
	all, err := d.ledger.Waiting()
	if err != nil {
		d.logger.Error("it is not known what waits for other sinks", "err", err)
		return
	}
	var configured []string
	for _, target := range d.sinks {
		configured = append(configured, target.Name)
	}
	for _, w := range all {
		if slices.Contains(configured, w.Sink) {
			continue
		}
		if heir := langfuse.Heir(configured, w.Sink); follows && heir != "" {
			n, err := d.ledger.Adopt(w.Sink, heir)
			if err == nil {
				d.logger.Warn("traces that wait for another public key of the same Langfuse go to the configured one", "from", w.Sink, "sink", heir, "items", n)
				continue
			}
			d.logger.Error("traces that wait for another public key of the same Langfuse can't be taken over", "from", w.Sink, "sink", heir, "err", err)
		}
		d.logger.Warn("traces wait for a sink that is not configured, and are sent once it is; see tailer state show",
			"sink", w.Sink, "items", w.Items, "size_bytes", w.Bytes, "oldest", w.Oldest)
	}
}
