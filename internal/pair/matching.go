package pair

import (
	"slices"
	"strings"
	"time"

	"tailer"
)

// fits reports whether a caller can be the one that was refused.
func (u *unchecked) fits(c *caller, e *loose) bool {
	gap := e.at.Sub(c.at)
	if e.coarse || c.coarse {
		gap = gap.Truncate(time.Second)
	}
	ordered := c.stream == e.stream // by the log
	switch {
	case c.taken || c.writer != e.writer:
		return false
	case e.kind == tailer.KindBadBody:
		return !c.bare && !c.arrived && strings.HasPrefix(e.failure.Message, lateBadBody) &&
			(!ordered || c.order > e.order) && gap <= 0 && gap >= -badBodyGap
	case ordered && c.order > e.order || gap < 0 || gap > refusalGap:
		return false
	}
	if e.own == nil {
		return true
	}
	hash := e.own.key.Hash
	if c.bare && e.own.hasContent() || hash != "" && c.hash != "" && hash != c.hash {
		return false
	}
	s, known := e.own.sizes()
	return !known || c.length == 0 || c.length >= s.plain
}

// tied reports whether what is known of a refused request says that a caller sent
// it: by its key, or by the size of its body.
func (u *unchecked) tied(c *caller, e *loose) bool {
	if e.own == nil {
		return false
	}
	if hash := e.own.key.Hash; hash != "" && hash == c.hash {
		return true
	}
	s, known := e.own.sizes()
	return known && c.length > 0 && s.has(c.length)
}

// sizes returns the sizes that the request's body can have, if it is known.
func (c *call) sizes() (bodySizes, bool) {
	if c.bodySizes == nil {
		s, known := sizesOf(c.request.Body)
		if !known || !c.hasContent() {
			s = bodySizes{}
		}
		c.bodySizes = &s
	}
	return *c.bodySizes, c.bodySizes.plain > 0
}

// certain reports whether nothing else can have become of a caller that fits.
func (u *unchecked) certain(c *caller, e *loose) bool {
	if c.suspect || c.doubted || e.suspect || !e.at.After(u.blind.Add(refusalGap)) {
		return false
	}
	if e.kind == tailer.KindRefused && !u.notes && !u.tied(c, e) {
		return false // from 1.108 on a refusal may have none
	}
	return e.kind == tailer.KindBadBody || !slices.ContainsFunc(u.strange, func(at time.Time) bool { return at.After(c.at) && at.Before(e.at) })
}

// A matching is which callers the refusals that wait are of, as far as it can be
// told. Each that finds its own leaves less choice to the others.
type matching struct {
	own map[*loose]*caller
	got map[*caller]bool
}

// match looks for refusals of a kind that one caller alone fits.
func (u *unchecked) match(m *matching, kind tailer.Kind) {
	var live []*caller // that can be of the next refusal, by time
	next := 0
	for _, e := range u.refusals {
		if e.kind != kind || e.stray || m.own[e] != nil {
			continue
		}
		for next < len(u.callers) && !u.callers[next].at.After(e.at.Add(badBodyGap)) {
			if c := u.callers[next]; !m.got[c] {
				live = append(live, c)
			}
			next++
		}
		for len(live) > 0 && e.at.Sub(live[0].at) > refusalGap+time.Second {
			live = live[1:]
		}
		own, n, ties := 0, 0, 0
		for i, c := range live {
			if ties == 2 || n == 2 && e.own == nil {
				break
			}
			if !u.fits(c, e) {
				continue
			}
			// One of which more than the time agrees goes before the others.
			switch tied := u.tied(c, e); {
			case tied && ties == 0:
				own, n, ties = i, 1, 1
			case tied:
				n, ties = 2, 2
			case ties == 0:
				own, n = i, n+1
			}
		}
		if n == 1 {
			m.own[e], m.got[live[own]] = live[own], true
			live = slices.Delete(live, own, own+1)
		}
	}
}

// fitting returns the callers that fit a refusal.
func (u *unchecked) fitting(e *loose) (all []*caller) {
	from := e.at.Add(-refusalGap - time.Second)
	first, _ := slices.BinarySearchFunc(u.callers, from, func(c *caller, at time.Time) int { return c.at.Compare(at) })
	for _, c := range u.callers[first:] {
		if c.at.After(e.at.Add(badBodyGap)) {
			break
		}
		if u.fits(c, e) {
			all = append(all, c)
		}
	}
	return all
}

// resolve gives the refusals up to a time the callers that they are certainly of.
// If one is left without any that fits, either it has none or another took it: then
// neither is certain.
func (u *unchecked) resolve(until time.Time) {
	due := 0
	for due < len(u.refusals) && !u.refusals[due].at.After(until) {
		due++
	}
	if due == 0 {
		return
	}
	u.link(until.Add(statedGap))
	for _, e := range u.refusals {
		if e.kind == tailer.KindRefused && !e.seen {
			e.stray, e.seen = u.strays(e) || e.stray, true
		}
	}
	m := &matching{own: map[*loose]*caller{}, got: map[*caller]bool{}}
	for _, kind := range []tailer.Kind{tailer.KindRefused, tailer.KindRefused, tailer.KindBadBody, tailer.KindRefused} {
		u.match(m, kind)
	}
	for i, e := range u.refusals {
		if e.kind != tailer.KindRefused || e.stray || m.own[e] != nil {
			continue
		}
		all := u.fitting(e)
		e.unsure = i < due && len(all) > 0
		if !slices.ContainsFunc(all, func(c *caller) bool { return !m.got[c] }) {
			for _, c := range all {
				c.doubted = true
			}
		}
	}
	for _, e := range u.refusals[:due] {
		e.waits = false
		switch one := m.own[e]; {
		case one == nil:
		case one.bare:
			one.taken = true
		case u.certain(one, e):
			e.caller, one.taken = one, true
		default:
			e.unsure = e.kind == tailer.KindRefused
		}
	}
	clear(u.refusals[:due])
	u.refusals = slices.Delete(u.refusals, 0, due)
	u.expire(until)
}

// tick resolves what has waited for long enough, some of it at a time, and forgets
// what is of no use any more.
func (u *unchecked) tick(now time.Time, resolve func(time.Time)) {
	for len(u.calls) > 0 && now.Sub(u.calls[0].refused) > 2*(refusalGap+refusalDelay) {
		u.calls[0], u.calls = nil, u.calls[1:] // nothing refused it
	}
	switch {
	case len(u.refusals) > 0:
		if now.Sub(u.refusals[0].at) > refusalDelay+time.Second {
			resolve(now.Add(-refusalDelay))
		}
	case len(u.callers) > 0 && now.Sub(u.callers[0].at) > refusalGap+refusalDelay,
		len(u.arrivals) > 0 && now.Sub(u.arrivals[0].at) > 2*(refusalGap+refusalDelay):
		u.expire(now)
	}
}

// expire forgets the callers that are used up, and those that no refusal can be
// about any more.
func (u *unchecked) expire(now time.Time) {
	from := now.Add(-refusalGap - refusalDelay)
	if len(u.refusals) > 0 && u.refusals[0].at.Before(now) {
		from = u.refusals[0].at.Add(-refusalGap)
	}
	u.callers = slices.DeleteFunc(u.callers, func(c *caller) bool {
		done := c.taken || c.at.Before(from)
		if done {
			u.size -= c.size
		}
		return done
	})
	if i, _ := slices.BinarySearchFunc(u.arrivals, from.Add(-refusalDelay), func(a reached, at time.Time) int { return a.at.Compare(at) }); i > 0 {
		u.arrivals = slices.Delete(u.arrivals, 0, i)
	}
	for len(u.strange) > 0 && u.strange[0].Before(from) {
		u.strange = u.strange[1:]
	}
}
