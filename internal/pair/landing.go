package pair

import (
	"slices"
	"time"
	"unsafe"

	"tailer"
)

// landing is what an access line says of a request.
type landing struct {
	path   string
	types  typeSet // the one call type, by the path, with its status
	status int
	record *tailer.Record
}

// A typeKey is what the call types of a flight depend on.
type typeKey struct {
	route, function string
	front           *front
	call            *call
	body            *tailer.Field // the first one
	members         int
}

// callTypes returns the call types, by path, that the flight's access line can
// have: any when nothing is known. They are asked for by every access line that
// comes while the request is in flight, so they are kept.
func (f *flight) callTypes() typeSet {
	body := f.body()
	key := typeKey{front: f.front, call: f.call, body: unsafe.SliceData(body), members: len(body)}
	if f.front != nil {
		key.route = f.front.request.Route
	}
	if f.call != nil {
		key.function = f.call.function
	}
	if f.types == 0 || key != f.typeKey {
		f.types, f.typeKey = f.readTypes(), key
	}
	return f.types
}

func (f *flight) readTypes() typeSet {
	if f.front != nil && f.front.request.Route != "" {
		return typesOf(routeType(f.front.request.Route))
	}
	if f.call != nil {
		switch t := functionType(f.call.function); t {
		case "":
		case "acompletion": // serves other routes too, where LiteLLM translates them
			if set := completionTypes & f.bodyTypes(); set != 0 {
				return set
			}
			return completionTypes
		default:
			return typesOf(t)
		}
	}
	return f.bodyTypes()
}

// servedBy returns the call types of the requests for which LiteLLM calls a function.
func servedBy(function string) typeSet {
	switch t := functionType(function); t {
	case "":
		return anyType
	case "acompletion": // serves others too, where LiteLLM translates them
		return completionTypes | typesOf("atext_completion")
	default:
		return typesOf(t)
	}
}

// bodyTypes returns the call types whose bodies have such members.
func (f *flight) bodyTypes() typeSet {
	switch body := f.body(); {
	case body.Get("messages") != nil:
		return messagesTypes
	case body.Get("query") != nil:
		return queryTypes
	case body.Get("input") != nil:
		return inputTypes
	case body.Get("prompt") != nil:
		return promptTypes
	}
	return anyType
}

// landings returns what the flight's access line can be.
func (f *flight) landings() typeSet {
	if f.isError() {
		return f.callTypes() & failing
	}
	return f.callTypes()
}

// landingOf returns what an access line says.
func landingOf(r *tailer.Record) landing {
	kept := *r // the parser uses r again
	l := landing{path: r.Request.Route, types: typesOf(routeType(r.Request.Route)) & succeeding, status: r.Status, record: &kept}
	if r.Status >= 400 {
		l.types = typesOf(routeType(r.Request.Route)) & failing
	}
	return l
}

// land takes an access line and returns the request it certainly belongs to: the
// only one in flight that can have it, if no earlier line may have been its own.
// Where there are as many lines as requests that can have any of them, all of
// these have landed.
func (f *flights) land(r *tailer.Record) *flight {
	f.landing = true
	f.expire(r.Time)
	l := landingOf(r)
	f.countSets()
	types, flown, gone, lines := f.rivals(l)
	switch {
	case flown+gone == 0:
		if f.early = append(f.early, l); len(f.early) > maxEarly {
			f.early = f.early[1:]
		}
		return nil
	case flown+gone != lines:
	case lines > 1:
		f.landAll(f.unlanded(types), append(f.mayBe(types), l), gone > 0, r)
		f.spent.land(types)
		f.unknown = slices.DeleteFunc(f.unknown, func(l landing) bool { return types&l.types != 0 })
		return nil
	case gone == 1:
		f.spent.land(types)
		return nil
	default:
		one := f.unlanded(types)[0]
		f.take(one, r)
		return one
	}
	f.unknown = append(f.unknown, l)
	return nil
}

// countSets counts the requests that have not landed by what their access lines
// can be: there are many requests, but few such sets.
func (f *flights) countSets() {
	f.sets = f.sets[:0]
	for _, one := range f.open {
		if one.landed.IsZero() {
			f.sets = addType(f.sets, one.landings())
		}
	}
}

// addType counts one more of a set.
func addType(sets []typeCount, types typeSet) []typeCount {
	for i := range sets {
		if sets[i].types == types {
			sets[i].n++
			return sets
		}
	}
	return append(sets, typeCount{types, 1})
}

// rivals returns how many requests can have a line, or one of the earlier lines
// that one of these can have, and so on; how many of them are spent, how many
// lines there are, and what these are.
func (f *flights) rivals(l landing) (types typeSet, flown, gone, lines int) {
	for types = l.types; ; {
		var can typeSet
		flown, lines = 0, 1
		for _, s := range f.sets {
			if s.types&types != 0 {
				flown, can = flown+s.n, can|s.types
			}
		}
		var more typeSet
		gone, more = f.spent.match(types)
		can |= more
		all := types
		for i := range f.unknown {
			if can&f.unknown[i].types != 0 {
				lines, all = lines+1, all|f.unknown[i].types
			}
		}
		if all == types {
			return types, flown, gone, lines
		}
		types = all
	}
}

// unlanded returns the requests that have not landed and can have a line of these
// types.
func (f *flights) unlanded(types typeSet) []*flight {
	can := f.can[:0] // in memory that is used again: these can be hundreds
	for _, one := range f.open {
		if one.landed.IsZero() && one.landings()&types != 0 {
			can = append(can, one)
		}
	}
	f.can = can
	return can
}

// maxEarly bounds the access lines that are remembered for the error that has
// yet to be read.
const maxEarly = 64

// earlyGap is how long after an error the access line is written at most, in log
// time, if it was read before the error.
const earlyGap = 2 * time.Second

// landEarly lands a request that was refused by the access line that was read
// before: a container runtime keeps the two streams apart, and a record of
// several lines is complete when the next one begins. In one stream a line that
// stands before the error is another's.
func (f *flights) landEarly(one *flight, r *tailer.Record) {
	refusal := func(l landing) bool {
		after := l.record.Time.Sub(one.at)
		before := l.record.Stream == r.Stream && l.record.Pos.Source == r.Pos.Source && l.record.Pos.Offset < r.Pos.Offset
		return l.status >= 400 && after >= 0 && after < earlyGap && !before
	}
	var lines []landing
	for _, list := range [][]landing{f.early, f.unknown} {
		for _, l := range list {
			if refusal(l) {
				lines = append(lines, l)
			}
		}
	}
	if len(lines) != 1 || !slices.ContainsFunc(f.early, refusal) && f.rivalled(one, lines[0].types) {
		return
	}
	f.early = slices.DeleteFunc(f.early, refusal)
	f.unknown = slices.DeleteFunc(f.unknown, refusal)
	one.route, one.method, one.access = lines[0].path, lines[0].record.Request.Method, lines[0].record.Raw
	f.take(one, lines[0].record)
}

// rivalled reports whether a request but this one can have a line of these types.
func (f *flights) rivalled(one *flight, types typeSet) bool {
	return slices.ContainsFunc(f.open, func(o *flight) bool { return o != one && o.landed.IsZero() && o.landings()&types != 0 })
}

// mayBe returns the lines without a request that may be of requests which can have
// these types.
func (f *flights) mayBe(types typeSet) (lines []landing) {
	for _, l := range f.unknown {
		if types&l.types != 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// failed reports whether the client was certainly told an error before any answer.
func (f *flight) failed() bool {
	if f.isError() {
		return true
	}
	return f.failing || f.call != nil && f.call.told != nil && f.call.told.kind == tailer.KindFailure
}

// shares are what lines have in common for the requests that can have them.
type shares struct {
	types  typeSet
	failed bool
	path   string
	status int
}

// landAll lands as many requests as there are lines, without telling whose is
// which. What all the lines that a request can have agree in is true of it. Where
// as many lines tell of an error as requests are known to have failed, unless
// others are spent or may have failed, those lines are of these.
func (f *flights) landAll(list []*flight, lines []landing, others bool, r *tailer.Record) {
	failed, errors := 0, 0
	for _, one := range list {
		if one.failed() {
			failed++
		} else if one.refused {
			others = true
		}
	}
	for i := range lines {
		if lines[i].status >= 400 {
			errors++
		}
	}
	split := failed == errors && !others
	var known []shares
	taken := make([]bool, len(lines))
	for _, one := range list {
		s := shares{types: one.landings(), failed: split && one.failed()}
		i := slices.IndexFunc(known, func(k shares) bool { return k.types == s.types && k.failed == s.failed })
		if i < 0 {
			i, known = len(known), append(known, s.of(lines, split))
		}
		if !one.streamed {
			known[i].rank(one, lines, taken, split)
		}
		one.landAs(known[i], r)
		if one.over {
			f.remove(one)
		}
	}
}

// rank notes when one of several requests may have landed: with the first line that
// it can have and that none before it has taken.
func (s shares) rank(one *flight, lines []landing, taken []bool, split bool) {
	for i := range lines {
		if !taken[i] && s.has(&lines[i], split) && !lines[i].record.Time.Before(one.last) {
			taken[i], one.likely = true, lines[i].record.Time
			return
		}
	}
}

// has reports whether a line can be of the requests.
func (s shares) has(l *landing, split bool) bool {
	return l.types&s.types != 0 && (!split || (l.status >= 400) == s.failed)
}

// of fills in what the lines agree in that a request can have.
func (s shares) of(lines []landing, split bool) shares {
	first := true
	for i := range lines {
		l := &lines[i]
		if !s.has(l, split) {
			continue
		}
		if first {
			s.path, s.status, first = l.path, l.status, false
		}
		if l.path != s.path {
			s.path = ""
		}
		if l.status != s.status {
			s.status = 0
		}
	}
	return s
}

// mayLand takes an access line that is one, or somebody's text. The next line that a
// request in flight can have is then not certainly its own.
func (f *flights) mayLand(r *tailer.Record) {
	for _, one := range f.unlanded(landingOf(r).types) {
		one.hidden = true
	}
}

// landAs lands one of several requests. A stream that has begun goes on.
func (f *flight) landAs(s shares, r *tailer.Record) {
	if s.path != "" {
		f.route, f.method = s.path, r.Request.Method
	}
	if s.status != 0 && f.status == 0 && !f.hidden {
		f.status = s.status
	}
	if f.streamed && s.status < 400 {
		f.land(r.Time)
		return
	}
	f.end(r.Time)
}

// take lands one request. A stream lands when it begins.
func (f *flights) take(one *flight, r *tailer.Record) {
	if !one.hidden {
		one.status = r.Status
	}
	one.touch(r.Time)
	one.land(r.Time)
	if !one.streamed || r.Status >= 400 {
		one.end(r.Time)
		f.remove(one)
	}
}
