package enrich

// mark stands in place of a secret.
const mark = "[redacted]"

// A class is a set of bytes.
type class [256]bool

func newClass(ranges string) *class {
	var c class
	for i := 0; i+1 < len(ranges); i += 2 {
		for b := int(ranges[i]); b <= int(ranges[i+1]); b++ {
			c[b] = true
		}
	}
	return &c
}

// run returns the index after the longest run of the class from s[i] on.
func (c *class) run(s []byte, i int) int {
	for i < len(s) && c[s[i]] {
		i++
	}
	return i
}

// A rule finds one kind of secret by a fixed piece of text that each of them has.
type rule struct {
	name   string // for tests and for readers
	prefix string // lower-case when fold is set
	fold   bool   // letters match in any case
	free   bool   // may stand in the middle of a word
	// match looks at s, where prefix stands at s[i:]. It returns the range to
	// replace and what to put there; ok is false if this is no secret after all.
	match func(p *pass, s []byte, i int) (from, to int, with string, ok bool)
	// always is set for what goes even where unknown secrets may stay.
	always bool

	at int // set by newRules: index in prefix of the second byte of the pair to look for
}

// found says whether the rule's prefix stands at s[i:], as a word's beginning.
func (r *rule) found(s []byte, i int) bool {
	if i < 0 || len(s)-i < len(r.prefix) {
		return false
	}
	for k := 0; k < len(r.prefix); k++ {
		c := s[i+k]
		if r.fold && c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != r.prefix[k] {
			return false
		}
	}
	return r.free || wordStart(s, i)
}

// rules are looked up by two neighbouring bytes. Testing each of some 140
// patterns at each byte of a prompt would cost 140 times as much; so each pattern
// is anchored at its rarest pair, and nearly all bytes are passed over by one
// table look-up.
type rules struct {
	second [256]uint8     // 0: no pair ends with this byte; else its place in pairs
	pairs  []*[256]uint16 // by first byte: 0 for none, else lists[n]
	lists  [][]rule
}

func newRules(all []rule) *rules {
	t := &rules{pairs: make([]*[256]uint16, 1), lists: make([][]rule, 1)}
	for _, r := range all {
		r.at = anchor(r.prefix)
		for _, one := range cases(r.prefix[r.at-1], r.fold) {
			for _, two := range cases(r.prefix[r.at], r.fold) {
				t.put(one, two, r)
			}
		}
	}
	return t
}

// cases returns a byte in the cases in which it matches.
func cases(b byte, fold bool) []byte {
	if fold && b >= 'a' && b <= 'z' {
		return []byte{b, b - ('a' - 'A')}
	}
	return []byte{b}
}

func (t *rules) put(one, two byte, r rule) {
	if t.second[two] == 0 {
		t.pairs = append(t.pairs, new([256]uint16))
		t.second[two] = uint8(len(t.pairs) - 1) //nolint:gosec // there are 256 bytes, and NUL ends no pair
	}
	n := &t.pairs[t.second[two]][one]
	if *n == 0 {
		t.lists = append(t.lists, nil)
		*n = uint16(len(t.lists) - 1) //nolint:gosec // each rule adds at most four lists, and there are some hundred
	}
	t.lists[*n] = append(t.lists[*n], r)
}

// anchor returns the index of the second byte of the pair in text (of 2 bytes or
// more) that is rarest in prose and code.
func anchor(text string) int {
	best, least := 1, 1000
	for i := 1; i < len(text); i++ {
		if cost := 10*rarity(text[i]) + rarity(text[i-1]); cost < least {
			best, least = i, cost
		}
	}
	return best
}

func rarity(b byte) int {
	switch {
	case b == ' ':
		return 9
	case b == 'k' || b == 'v' || b == 'j' || b == 'x' || b == 'q' || b == 'z':
		return 2
	case b >= 'a' && b <= 'z':
		for _, common := range []byte("etaoinsrhldcu") {
			if b == common {
				return 8
			}
		}
		return 4
	case b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		return 3
	}
	return 1
}

// scan returns s with every secret replaced, and whether there was one. Without
// one it returns s itself.
func (p *pass) scan(s []byte) ([]byte, bool) {
	var out []byte
	t, done := p.r.rules, 0
	for i := 1; i < len(s); i++ {
		second := t.second[s[i]]
		if second == 0 {
			continue
		}
		n := t.pairs[second][s[i-1]]
		if n == 0 {
			continue
		}
		list := t.lists[n]
		for k := range list {
			r := &list[k]
			start := i - r.at
			if start < done || (p.keep && !r.always) || !r.found(s, start) {
				continue
			}
			from, to, with, ok := r.match(p, s, start)
			if !ok || from < done || to <= i {
				continue
			}
			if with == mark {
				p.count.Secrets++
			}
			out = append(append(out, s[done:from]...), with...)
			done, i = to, to-1
			break
		}
	}
	if done == 0 {
		return s, false
	}
	return append(out, s[done:]...), true
}

// wordStart says whether a word may begin at s[i]: the byte before is no letter,
// digit, '-' or '_', or it ends an escape such as \n (text inside JSON inside
// JSON), \x1b, \u00e4 or %20.
func wordStart(s []byte, i int) bool {
	if i == 0 || !wordByte[s[i-1]] {
		return true
	}
	if i >= 2 && s[i-2] == '\\' && (s[i-1] == 'n' || s[i-1] == 'r' || s[i-1] == 't' || s[i-1] == 'b' || s[i-1] == 'f') {
		return true
	}
	if i >= 3 && s[i-3] == '%' && hexByte[s[i-2]] && hexByte[s[i-1]] {
		return true
	}
	if i >= 4 && s[i-4] == '\\' && s[i-3] == 'x' && hexByte[s[i-2]] && hexByte[s[i-1]] {
		return true
	}
	if i >= 6 && s[i-6] == '\\' && s[i-5] == 'u' {
		return hexByte.run(s[:i], i-4) == i
	}
	return false
}

var (
	alnumByte  = newClass("azAZ09")
	hexByte    = newClass("afAF09")
	lowerHex   = newClass("af09")
	digitByte  = newClass("09")
	upperDigit = newClass("AZ09")
	wordByte   = newClass("azAZ09--__")
	base64Byte = newClass("azAZ09++//--__")
	dottedByte = newClass("azAZ09--__..")
	bearerByte = newClass("azAZ09--__..~~++//==")
	valueByte  = newClass("azAZ09--__~~++//==")
)
