package enrich

import "bytes"

// maxCookie is how long a cookie header may be, in bytes.
const maxCookie = 16 << 10

// matchCookie matches the cookies of a header that is quoted in a text: `Cookie: a=…; b=…`,
// `'set-cookie': 'a=…'`.
func matchCookie(_ *pass, s []byte, i int) (int, int, string, bool) {
	k := quotes(s, i+len("cookie"), 2)
	if k == len(s) || s[k] != ':' && s[k] != ',' || s[k] == ',' && k == i+len("cookie") {
		return 0, 0, "", false
	}
	from := afterScheme(s, quotes(s, k+1, 4))
	end, value := from, -1
	for end < len(s) && end-from < maxCookie && s[end] >= ' ' && bytes.IndexByte([]byte("\"'\\<>`"), s[end]) < 0 {
		if s[end] == '=' && value < 0 {
			value = end + 1
		}
		end++
	}
	// A cookie is a name without blanks, a sign, and a value of some length.
	if value < 0 || bytes.IndexByte(s[from:value], ' ') >= 0 || valueByte.run(s[:end], value)-value < 8 {
		return 0, 0, "", false
	}
	return from, end, mark, true
}
