package enrich

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"tailer"
)

// Nobody is the pattern for a request that names no user, no team or no task.
const Nobody = "none"

// Selection says which requests are traced, by lists of patterns. A pattern is a
// name in which * stands for any characters and ? for one; case does not matter;
// Nobody stands for no name at all. The zero value takes everything.
//
// A request is dropped if a Deny list has any of its names, or if an Allow list
// is not empty and has none of them.
type Selection struct {
	AllowUsers, DenyUsers   []string // the user as found; Deny also by any other name that a source has for the same request
	AllowTeams, DenyTeams   []string // alias of the key's team
	AllowModels, DenyModels []string // as asked for, the group that answered, or the upstream model
	AllowTasks, DenyTasks   []string // "title_generation", …
}

// lists returns the lists by the name of their rule, in the order of asking.
func (s *Selection) lists() []list {
	return []list{
		{"user", s.AllowUsers, s.DenyUsers}, {"team", s.AllowTeams, s.DenyTeams},
		{"model", s.AllowModels, s.DenyModels}, {"task", s.AllowTasks, s.DenyTasks},
	}
}

type list struct {
	name        string
	allow, deny []string
}

// lower makes the patterns ready for comparing; ErrPattern if one is none.
func (s *Selection) lower() error {
	for _, patterns := range []*[]string{
		&s.AllowUsers, &s.DenyUsers, &s.AllowTeams, &s.DenyTeams, &s.AllowModels, &s.DenyModels, &s.AllowTasks, &s.DenyTasks,
	} {
		var err error
		if *patterns, err = lowered(*patterns); err != nil {
			return err
		}
	}
	return nil
}

// lowered returns patterns in lower case, with the marks of path.Match that are
// not ours taken literally.
func lowered(patterns []string) ([]string, error) {
	out := make([]string, 0, len(patterns))
	for _, p := range patterns {
		p = strings.ToLower(strings.TrimSpace(p))
		if p == "" {
			return nil, fmt.Errorf("empty pattern: %w", ErrPattern)
		}
		out = append(out, strings.NewReplacer(`\`, `\\`, "[", `\[`).Replace(p))
	}
	return out, nil
}

// matchesAny says whether a name fits one of the patterns. A '/' is a character
// like any other, though path.Match thinks otherwise.
func matchesAny(patterns []string, name string) bool {
	name = flat(strings.ToLower(strings.TrimSpace(name)))
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if pattern == Nobody && name == "" {
			return true
		}
		ok, err := path.Match(flat(pattern), name)
		return err == nil && ok && name != ""
	})
}

func flat(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// dropped returns the rule by which the request is not traced, "" if it is. It
// must be asked before names are hidden.
func (c *call) dropped() string {
	for _, l := range c.e.cfg.Select.lists() {
		if len(l.deny) > 0 {
			for _, name := range c.names(l.name, true) {
				if matchesAny(l.deny, name) {
					return "denied " + l.name
				}
			}
		}
		if len(l.allow) > 0 && !slices.ContainsFunc(c.names(l.name, false), func(name string) bool { return matchesAny(l.allow, name) }) {
			return l.name + " not allowed"
		}
	}
	return ""
}

// names returns what the request is called in one list, "" alone for nothing.
// all adds what a user may also be known as: to deny needs less certainty than to
// allow.
func (c *call) names(list string, all bool) []string {
	x := c.x
	names := []string{x.Attribution.User}
	switch list {
	case "team":
		names = []string{x.Key.TeamAlias}
	case "model":
		names = []string{x.Request.Body.Text("model"), x.ModelGroup, x.Model}
	case "task":
		names = []string{x.Attribution.Task}
	case "user":
		if all {
			for _, s := range c.e.user {
				for _, found := range c.candidates(s, claudeAccount) {
					names = append(names, line(found.value))
				}
			}
		}
	}
	named := slices.DeleteFunc(names, blank)
	if len(named) == 0 {
		return []string{""}
	}
	return named
}

// headerShown says whether a header of that name may be sent.
func (e *Enricher) headerShown(h *heading) bool {
	if len(e.cfg.AllowHeaders) > 0 && !matchesAny(e.cfg.AllowHeaders, h.plain) {
		return false
	}
	return !matchesAny(e.cfg.DenyHeaders, h.plain)
}

// drop empties an exchange that is not traced of all but its place in the log.
func (c *call) drop(rule string) {
	x := c.x
	*x = tailer.Exchange{
		CallID: x.CallID, Seed: x.Seed, Start: x.Start, End: x.End, Positions: x.Positions,
		Attribution: tailer.Attribution{Dropped: rule},
	}
	if c.p.text(x.CallID) != x.CallID {
		x.CallID = ""
	}
}
