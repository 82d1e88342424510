package enrich

import (
	"bytes"
)

// maxUserinfo is how far a password is looked for behind a scheme, in bytes.
const maxUserinfo = 1024

// matchUserinfo matches the password of `scheme://user:password@host`. It should be
// escaped; where it is not, and holds / ? or #, the address must be one of nothing else.
func matchUserinfo(_ *pass, s []byte, i int) (int, int, string, bool) {
	from := i + len("://")
	colon, at, path, last := -1, -1, -1, -1 // at: the last @ before path, where a path seems to begin; last: behind it
	for k := from; k < len(s) && k < i+maxUserinfo; k++ {
		switch c := s[k]; {
		case c == ':' && colon < 0 && path < 0:
			colon = k
		case c == '@' && path < 0:
			at = k
		case c == '@':
			last = k
		case c == '/' || c == '?' || c == '#':
			if path < 0 {
				path = k
			}
		case c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' || c == '\\' || c == '`':
			k = len(s)
		}
	}
	if colon < 0 {
		return 0, 0, "", false
	}
	if at < 0 && last > 0 && unescaped(s[from:colon], s[colon+1:path], s[colon+1:last], s[last+1:]) {
		at = last
	}
	if at <= colon+1 || string(s[colon+1:at]) == mark {
		return 0, 0, "", false
	}
	return colon + 1, at, mark, true
}

// unescaped says whether what stands between a colon and the last @ of an address may be
// a password: not if the colon is that of a port, or the text a template. head is what
// stands before the first / ? or #.
func unescaped(user, head, password, host []byte) bool {
	port := digitByte.run(head, 0) == len(head) || bytes.Contains(bytes.ToLower(head), []byte("port"))
	template := bytes.ContainsAny(password, "{}$()[]*|,")
	return len(user) > 0 && !port && !template && dottedByte.run(user, 0) == len(user) && len(host) > 0 && alnumByte[host[0]]
}

// maxCommand is how long a command may be before the option that names a user, in bytes.
const maxCommand = 256

// matchCurl matches the password of `curl -u user:password`, also `--user`.
func matchCurl(_ *pass, s []byte, i int) (int, int, string, bool) {
	before := s[max(0, i-maxCommand):i]
	curl := bytes.LastIndex(before, []byte("curl"))
	if i == 0 || s[i-1] != ' ' && s[i-1] != '\n' && s[i-1] != '\t' || curl < 0 {
		return 0, 0, "", false
	}
	if line := bytes.LastIndexByte(before, '\n'); line > curl && !bytes.Contains(before[curl:line], []byte{'\\'}) {
		return 0, 0, "", false // the command has ended
	}
	from := i + len("-u")
	if s[i+1] == '-' {
		from = i + len("--user")
	}
	if from == len(s) || s[from] != ' ' && s[from] != '=' {
		return 0, 0, "", false
	}
	from = quotes(s, from+1, 4)
	end := from
	for end < len(s) && end < from+maxLook && s[end] > ' ' && bytes.IndexByte([]byte("\"'\\`<>"), s[end]) < 0 {
		end++
	}
	colon := bytes.IndexByte(s[from:end], ':')
	if colon < 0 || from+colon+1 == end || bytes.ContainsAny(s[from:end], "${}") || string(s[from+colon+1:end]) == mark {
		return 0, 0, "", false
	}
	return from + colon + 1, end, mark, true
}
