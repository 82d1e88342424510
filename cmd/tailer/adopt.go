package main

import (
	"context"
	"slices"
	"time"

	"tailer/ship/langfuse"
)

// learnProjects notes to which project each Langfuse sink writes, once its server says it.
func (d *delivery) learnProjects() {
	for _, target := range d.sinks {
		sink, ok := target.Sink.(*langfuse.Sink)
		if !ok || d.ledger.Project(target.Name) != "" { // a key pair never changes its project
			continue
		}
		sink.TellProject(func(project string) {
			if err := d.ledger.SetProject(target.Name, project); err != nil {
				d.logger.Warn("project can't be noted", "sink", target.Name, "err", err)
			}
		})
	}
}

// askProject is how long a start may wait for a server to say whose its keys are.
const askProject = 5 * time.Second

// sameProject tells whether what waits for a sink may go to an heir. known is false if
// the heir's server does not say whose its keys are. Whose keys the former ones were is
// known as soon as a request with them got through; where none ever did, they had no
// project, or the file is of a version that did not note it.
func (d *delivery) sameProject(former, heir string) (same, known bool) {
	project := d.ledger.Project(former)
	if project == "" {
		return true, true
	}
	now := d.ledger.Project(heir)
	for _, target := range d.sinks {
		if sink, ok := target.Sink.(*langfuse.Sink); ok && target.Name == heir && now == "" {
			ctx, cancel := context.WithTimeout(context.Background(), askProject)
			now, _ = sink.Project(ctx) // if it does not say it, that is all there is to know
			cancel()
		}
	}
	return now == project, now != ""
}

// lookAfterOthers looks for what waits for sinks that are not configured any more. A
// daemon's Langfuse sink adopts what waits for one of the same server and project, whose
// keys were replaced; a backfill does not. The rest is told. That the ledger can't be
// changed now is no reason not to send.
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
		if heir := langfuse.Heir(configured, w.Sink); follows && heir != "" && d.adopt(w.Sink, heir) {
			continue
		}
		d.logger.Warn("traces wait for a sink that is not configured, and are sent once it is; see tailer state show",
			"sink", w.Sink, "items", w.Items, "size_bytes", w.Bytes, "oldest", w.Oldest)
	}
}

// adopt gives what waits for a sink to its heir, or tells why not.
func (d *delivery) adopt(former, heir string) (done bool) {
	same, known := d.sameProject(former, heir)
	switch {
	case !known:
		d.logger.Warn("traces wait for another public key of the same Langfuse, which does not say now whether that is of this project; the next start asks again", "from", former, "sink", heir)
		return false
	case !same:
		d.logger.Warn("traces wait for a public key of another project of the same Langfuse", "from", former, "sink", heir)
		return false
	}
	n, err := d.ledger.Adopt(former, heir)
	if err != nil {
		d.logger.Error("traces that wait for another public key of the same Langfuse can't be taken over", "from", former, "sink", heir, "err", err)
		return false
	}
	d.logger.Warn("traces that wait for another public key of the same Langfuse go to the configured one", "from", former, "sink", heir, "items", n)
	return true
}
