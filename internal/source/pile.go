package source

const (
	smallChunk = 64 << 10
	largeChunk = 1 << 20
)

// A pile collects the bytes of a line that comes in parts. It grows by chunks,
// which it keeps for the next line: a slice that grows would leave its smaller
// selves to the garbage collector, several times the line in all.
type pile struct {
	chunks [][]byte // filled one after the other; all have the length of their capacity
	n      int      // bytes collected
	last   int      // chunks[last] is the one being filled
	used   int      // bytes of it filled
}

// add appends b, but no more than makes limit bytes in all, and returns how many
// bytes of b it dropped.
func (p *pile) add(b []byte, limit int) (dropped int64) {
	if room := max(limit-p.n, 0); len(b) > room {
		dropped = int64(len(b) - room)
		b = b[:room]
	}
	p.n += len(b)
	for len(b) > 0 {
		if p.last < len(p.chunks) && p.used == len(p.chunks[p.last]) {
			p.last, p.used = p.last+1, 0
		}
		if p.last == len(p.chunks) {
			p.chunks = append(p.chunks, make([]byte, min(smallChunk<<min(p.last, 8), largeChunk)))
		}
		k := copy(p.chunks[p.last][p.used:], b)
		p.used += k
		b = b[k:]
	}
	return dropped
}

// take returns what was collected and empties the pile. The bytes are valid until
// the next add. What doesn't fit into one chunk is put together in *whole, which
// piles may share, and is valid until the next take, too.
func (p *pile) take(whole *[]byte) []byte {
	n := p.n
	p.n, p.last, p.used = 0, 0, 0
	if n == 0 {
		return nil
	}
	if n <= len(p.chunks[0]) {
		return p.chunks[0][:n]
	}
	if cap(*whole) < n {
		*whole = nil // free it before there is a larger one
		*whole = make([]byte, 0, n)
	}
	out := (*whole)[:0]
	for _, chunk := range p.chunks {
		out = append(out, chunk[:min(len(chunk), n-len(out))]...)
	}
	return out
}
