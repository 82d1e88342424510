package enrich

import (
	"fmt"
	"strings"
)

// A source is one place where a user or a session may be named.
type source struct {
	spec string // as configured, and as reported in Attribution unless it says more
	kind string // header, body, jwt, litellm, key, codex, vendor, baggage
	name string // plain header name, path in the body, claim, key field
}

// parseSource reads the name of an identity source; ErrSource if it has none of
// these forms:
//
//	header:NAME              a request header; any case, '_' or '-'
//	header:x-*-session-id    any such header whose value is [A-Za-z0-9_-]{8,} (sessions)
//	codex:NAME               the same as header:NAME, for requests of Codex only
//	body:PATH                a member of the body: user, metadata.user_id, a.b.c
//	jwt:CLAIM                a claim of the X-OpenWebUI-User-Jwt header
//	baggage:KEY              a member of the W3C baggage header
//	litellm:end_user         the end user that LiteLLM logged
//	key:user_email, key:user_id, key:alias, key:team_alias   the virtual key's
func parseSource(spec string) (source, error) {
	kind, name, _ := strings.Cut(strings.TrimSpace(spec), ":")
	s := source{spec: strings.TrimSpace(spec), kind: kind, name: name}
	if name == "" || strings.ContainsAny(name, " \t\r\n:,") {
		return source{}, fmt.Errorf("source %q: %w", spec, ErrSource)
	}
	switch kind {
	case "header", "codex":
		s.name = langfuseHeader(plainHeader(name))
		if kind == "header" && strings.Contains(name, "*") {
			if s.name != "x-*-session-id" {
				return source{}, fmt.Errorf("source %q: %w", spec, ErrSource)
			}
			s.kind = "vendor"
		}
		return s, nil
	case "body", "jwt", "baggage":
		return s, nil
	case "litellm":
		if name == "end_user" {
			return s, nil
		}
	case "key":
		switch name {
		case "user_email", "user_id", "alias", "team_alias":
			return s, nil
		}
	}
	return source{}, fmt.Errorf("source %q: %w", spec, ErrSource)
}

// parseSources reads a precedence list, or defaults if it is nil, and puts the
// profiles' sources before the first that is not the client's own word.
func parseSources(list, defaults, extra []string) ([]source, error) {
	if list == nil {
		list = defaults
	}
	at := len(list)
	for at > 0 && (strings.HasPrefix(list[at-1], "key:") || strings.HasPrefix(list[at-1], "litellm:")) {
		at--
	}
	specs := append(append(append([]string{}, list[:at]...), extra...), list[at:]...)
	sources := make([]source, 0, len(specs))
	for _, spec := range specs {
		s, err := parseSource(spec)
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
	}
	return sources, nil
}
