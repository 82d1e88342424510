package pair

import (
	"time"

	"tailer"
)

// chunk is the first piece of a streamed answer.
type chunk struct {
	at     time.Time
	coarse bool // at is exact to a second only
}

// chunks remembers when the first piece of each streamed answer was logged, by
// the answer's id.
type chunks struct {
	seen  map[string]chunk
	order []string
}

// maxChunks bounds the answers that are remembered.
const maxChunks = 4096

func (c *chunks) add(r *tailer.Record) {
	id := r.Call.ResponseID
	if _, known := c.seen[id]; known {
		return
	}
	if c.seen == nil {
		c.seen = map[string]chunk{}
	}
	if len(c.order) >= maxChunks {
		delete(c.seen, c.order[0])
		c.order = c.order[1:]
	}
	c.seen[id] = chunk{at: r.Time, coarse: r.Coarse}
	c.order = append(c.order, id)
}

// first returns when the answer's first piece was logged.
func (c *chunks) first(id string) (chunk, bool) {
	first, ok := c.seen[id]
	return first, ok && id != ""
}
