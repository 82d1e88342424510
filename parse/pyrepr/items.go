package pyrepr

// Items walks the members of a container. Its zero value has none.
//
// Next may be called on an outer Items at any time: containers inside that were
// entered and not finished are left, and their rest is skipped. The inner Items
// then yield nothing more. A key that comes twice is told twice; Python writes
// none twice, so the first is the one to trust.
type Items struct {
	r     *Reader
	level int // of its frame, from 1
	id    uint64
	kind  container
	m     member
	name  []byte
}

// Dict enters the dict at the position, also one that is the first argument of a
// call, as in Headers({…}). The Items have no members, and the
// value stays, when there is no dict.
func (r *Reader) Dict() Items {
	if !r.pending || r.err != nil {
		return Items{}
	}
	if r.b[r.pos] == '{' && !r.recursion(r.pos) && r.brace(r.pos) == inDict {
		return r.enter(inDict, r.pos+1, nil)
	}
	name := r.nameEnd(r.pos)
	if name < 0 {
		return Items{}
	}
	open := r.blank(name + 1)
	if open >= len(r.b) || r.b[open] != '{' || r.recursion(open) || r.brace(open) != inDict {
		return Items{}
	}
	if len(r.frames)+1 >= maxDepth {
		return Items{}
	}
	it := r.enter(inCall, name+1, r.b[r.pos:name])
	it.Next()
	return r.enter(inDict, open+1, nil)
}

// List enters the list, tuple or set at the position; its members have no keys.
// The Items have no members, and the value stays, when there is none.
func (r *Reader) List() Items {
	if !r.pending || r.err != nil || r.recursion(r.pos) {
		return Items{}
	}
	switch r.b[r.pos] {
	case '[':
		return r.enter(inList, r.pos+1, nil)
	case '(':
		return r.enter(inTuple, r.pos+1, nil)
	case '{':
		if kind := r.brace(r.pos); kind == inSet {
			return r.enter(inSet, r.pos+1, nil)
		}
	}
	return Items{}
}

// Call enters the argument list at the position, as in Name(k=v, …) or (k=v, …).
// A keyword argument has its identifier as key, a positional one has none.
// The Items have no members, and the value stays, when there is no call.
func (r *Reader) Call() Items {
	if !r.pending || r.err != nil {
		return Items{}
	}
	open := r.pos
	if r.b[open] != '(' {
		open = r.nameEnd(r.pos)
	}
	if open < 0 {
		return Items{}
	}
	return r.enter(inCall, open+1, r.b[r.pos:open])
}

func (r *Reader) enter(kind container, after int, name []byte) Items {
	if len(r.frames) >= maxDepth {
		return Items{}
	}
	r.last++
	r.frames = append(r.frames, frame{id: r.last, kind: kind, first: true})
	r.consumed(after)
	return Items{r: r, level: len(r.frames), id: r.last, kind: kind, name: name}
}

// Name returns the dotted name of a call, aliasing the input; empty for all else.
func (it *Items) Name() []byte { return it.name }

// Next moves to the next member and makes the Reader stand at its value. It
// returns false at the end, and when the Reader has an error.
func (it *Items) Next() bool {
	it.m = member{}
	r := it.r
	if r == nil || r.err != nil || len(r.frames) < it.level || r.frames[it.level-1].id != it.id {
		return false
	}
	for len(r.frames) > it.level {
		if !r.leave() {
			return false
		}
	}
	return r.advance(&it.m)
}

// Key returns the key of the member: the decoded text of a dict's string or
// bytes key, the identifier of a keyword argument; nil for anything else. It
// aliases the input unless the key holds escapes.
func (it *Items) Key() []byte {
	if it.m.key1 <= it.m.key0 {
		return nil
	}
	raw := it.r.b[it.m.key0:it.m.key1]
	if it.kind == inCall {
		return raw
	}
	body, isBytes := unquote(raw)
	if isPlain(body) {
		return body
	}
	return appendText(nil, body, isBytes)
}

// advance skips the pending value of the innermost container and moves to its
// next member. It returns false, having left the container, at the end.
func (r *Reader) advance(m *member) bool {
	depth := len(r.frames)
	f := &r.frames[depth-1]
	if r.pending {
		end := r.skip()
		if end < 0 {
			r.pending = false
			return false
		}
		r.consumed(end)
	}
	end := r.next(r.pos, f.kind, f.first, depth, m)
	f.first = false
	if end < 0 {
		return false
	}
	if m.val == 0 {
		r.frames = r.frames[:depth-1]
		r.pos = end
		r.ended(end)
		return false
	}
	r.pos, r.pending = m.val, true
	return true
}

// leave skips what is left of the innermost container.
func (r *Reader) leave() bool {
	for depth := len(r.frames); len(r.frames) == depth; {
		var m member
		if !r.advance(&m) && r.err != nil {
			return false
		}
	}
	return true
}
