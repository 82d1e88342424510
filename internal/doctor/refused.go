package doctor

import (
	"slices"
	"strings"

	"tailer"
)

// Of a request that LiteLLM refuses for its key it logs no header, but with this
// setting, by which it logs all headers before it looks at the key
// (proxy/auth/user_api_key_auth.py, 1.61 to 1.110). Up to 1.106 it then looks for
// the key in that header alone; from 1.108 on it does so only where a request has
// the header.
const keyHeaderName = "litellm_key_header_name"

const nameRefused = keyHeaderName + ": Authorization"

// refused tells of refused requests that nobody can be named for, and what it costs
// to change that. The corrected configuration has the setting where it locks nobody
// out, or where the operator asks for it; else it has it as a comment.
func (c *LiteLLM) refused(v Version, out *list) {
	const elsewhere = "x-api-key (Anthropic's SDK, Claude Code with an API key), api-key (Azure's), x-goog-api-key or x-litellm-api-key"
	if s := c.original.get(generalSettings, keyHeaderName); text(s) != "" {
		if !v.Since(108) {
			out.add("config-key-header", lineOf(s), "",
				"Up to 1.106 LiteLLM looks for keys in %s alone: clients that send theirs in another header, such as %s, are refused.", text(s), elsewhere)
		}
		return
	}
	if c.original.comments(keyHeaderName) {
		return // the operator knows, and has decided
	}
	const gain = "Of a request without a right key LiteLLM logs no header, so its trace has no user. With this setting it logs the headers before it looks at the key. "
	switch {
	case v.Since(108):
		out.add("config-refused-unnamed", 0, c.change(generalSettings, keyHeaderName, nameRefused),
			gain+"It costs one more debug record for each request. A client that sends its key in another header and something else in Authorization would be refused; others are let in as before.")
	case c.nameRefused:
		out.add("config-refused-unnamed", 0, c.change(generalSettings, keyHeaderName, nameRefused),
			gain+"Up to 1.106 clients that send their key in another header are then refused: "+elsewhere+".")
	default:
		c.notes = []string{
			"# This says who sent a request that is refused for its key. Up to 1.106 it locks out clients that send their key in",
			"# another header than Authorization, such as x-api-key. If there are none, add to " + generalSettings + ":",
			"#   " + nameRefused,
		}
		out.add("config-refused-unnamed", 0, generalSettings+":\n  "+nameRefused,
			gain+"Up to 1.106 clients that send their key in another header are then refused: "+elsewhere+". So the corrected configuration has it as a comment, unless doctor is run with --name-refused.")
	}
}

// priceOf is what the setting costs a version, as a comment.
func priceOf(v Version) string {
	if v.Since(108) {
		return ""
	}
	return "   # up to 1.106 clients whose key is in another header, such as x-api-key, are then refused"
}

// comments reports whether a comment of the document holds a setting.
func (d *document) comments(name string) bool {
	return slices.ContainsFunc(d.lines, func(line string) bool {
		setting, found := strings.CutPrefix(strings.TrimSpace(line), "#")
		return found && strings.HasPrefix(strings.TrimSpace(setting), name+":")
	})
}

// keyless takes the message of a record; it counts the requests that had no key in
// the header that the setting names (up to 1.106).
func (l *Log) keyless(message []byte) {
	const start = "No LiteLLM Virtual Key pass. Please set header="
	rest, found := strings.CutPrefix(string(message[:min(len(message), 200)]), start)
	if !found {
		return
	}
	name, _, _ := strings.Cut(rest, ":")
	l.keyHeader = name
	l.withoutKey++
}

// keys tells of requests that were refused because of the setting, and of refused
// ones that it would name.
func (l *Log) keys(v Version, out *list) {
	if l.detailed() >= fewest && l.kinds[tailer.KindUnchecked] == 0 && l.requests.headless >= fewest && !l.requests.blind() {
		out.add("log-refused-unnamed", 0, generalSettings+":\n  "+nameRefused+priceOf(v),
			"%s failed before LiteLLM logged a header of theirs: it reads headers after it has checked the key. Their traces have no user. With this setting it logs them before.",
			plural(l.requests.headless, "request"))
	}
	if l.withoutKey >= fewest {
		out.add("log-key-header", 0, "# remove from general_settings: "+keyHeaderName+"; or let these clients send their key in "+l.keyHeader,
			"%s had no key in the header %s, where %s makes LiteLLM look for it, and nowhere else up to 1.106. They were refused, whether or not another header had one.",
			plural(int(l.withoutKey), "request"), l.keyHeader, keyHeaderName)
	}
}
