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
			return completionTypes
		default:
			return typesOf(t)
		}
	}
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
	if f.front == nil && (f.kind == tailer.KindRefused || f.kind == tailer.KindBadBody) {
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
func (f *flights) land(r *tailer.Record) *flight {
	f.landing = true
	f.expire(r.Time)
	l := landingOf(r)
	can, types := f.can[:0], typeSet(0) // in memory that is used again: these can be hundreds
	for _, one := range f.open {
		if !one.landed.IsZero() {
			continue
		}
		if set := one.landings(); set&l.types != 0 {
			can, types = append(can, one), types|set
		}
	}
	f.can = can
	gone, goneTypes := f.spent.match(l.types)
	types |= goneTypes
	if len(can)+gone == 0 {
		if f.early = append(f.early, l); len(f.early) > maxEarly {
			f.early = f.early[1:]
		}
		return nil
	}
	switch earlier := f.countUnknown(types); {
	case len(can)+gone == 1 && earlier == 0:
		if gone == 1 {
			f.spent.land(l.types)
			return nil
		}
		f.take(can[0], r)
		return can[0]
	case len(can)+gone == earlier+1:
		if lines := append(f.mayBe(types), l); f.apart(can, lines) && f.spent.apart(l.types, typesOfLines(lines)) {
			f.landAll(can, lines, r)
			f.spent.land(l.types)
			f.unknown = slices.DeleteFunc(f.unknown, func(l landing) bool { return types&l.types != 0 })
			return nil
		}
	}
	f.unknown = append(f.unknown, l)
	return nil
}

// countUnknown returns how many lines mayBe would.
func (f *flights) countUnknown(types typeSet) (n int) {
	for i := range f.unknown {
		if types&f.unknown[i].types != 0 {
			n++
		}
	}
	return n
}

// maxEarly bounds the access lines that are remembered for the error that has
// yet to be read.
const maxEarly = 64

// earlyGap is how long after an error the access line is written at most, in log
// time, if it was read before the error.
const earlyGap = 2 * time.Second

// landEarly lands a request that was refused by the access line that was read
// before: a container runtime keeps the two streams apart, and a record of
// several lines is complete when the next one begins.
func (f *flights) landEarly(one *flight) {
	refusal := func(l landing) bool {
		after := l.record.Time.Sub(one.at)
		return l.status >= 400 && after >= 0 && after < earlyGap
	}
	lines := append(slices.Clone(f.early), f.unknown...)
	if lines = slices.DeleteFunc(lines, func(l landing) bool { return !refusal(l) }); len(lines) != 1 {
		return
	}
	f.early = slices.DeleteFunc(f.early, refusal)
	f.unknown = slices.DeleteFunc(f.unknown, refusal)
	one.route, one.method, one.access = lines[0].path, lines[0].record.Request.Method, lines[0].record.Raw
	f.take(one, lines[0].record)
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

func typesOfLines(lines []landing) (types typeSet) {
	for _, l := range lines {
		types |= l.types
	}
	return types
}

// apart reports whether no request but these, which are of f.open and in its
// order, can have any of the lines.
func (f *flights) apart(list []*flight, lines []landing) bool {
	types := typesOfLines(lines)
	for _, one := range f.open { // list is in the same order
		if len(list) > 0 && list[0] == one {
			list = list[1:]
			continue
		}
		if one.landed.IsZero() && one.landings()&types != 0 {
			return false
		}
	}
	return true
}

// landAll lands as many requests as there are lines, without telling whose is
// which. What all the lines have in common is true of each.
func (f *flights) landAll(list []*flight, lines []landing, r *tailer.Record) {
	path, status := lines[0].path, lines[0].status
	for _, l := range lines {
		if l.path != path {
			path = ""
		}
		if l.status != status {
			status = 0
		}
	}
	for _, one := range list {
		if path != "" {
			one.route, one.method = path, r.Request.Method
		}
		if status != 0 && one.status == 0 {
			one.status = status
		}
		if one.streamed && status < 400 { // it goes on
			one.land(r.Time)
			continue
		}
		one.end(r.Time)
		f.remove(one)
	}
}

// take lands one request. A stream lands when it begins.
func (f *flights) take(one *flight, r *tailer.Record) {
	one.status = r.Status
	one.touch(r.Time)
	one.land(r.Time)
	if !one.streamed || r.Status >= 400 {
		one.end(r.Time)
		f.remove(one)
	}
}
