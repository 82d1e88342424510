package doctor

import (
	"slices"
	"strings"
)

// An edit is a change of one setting of a section.
type edit struct {
	section, name string
	lines         []string // in its place, without indent; nil removes it
}

// apply makes the edits and returns the new text. Sections that lose their last
// setting go too, and settings that are not there are added to the section's
// beginning. Every other line stays as it is.
func (d *document) apply(edits []edit) (string, error) {
	type change struct {
		from, to int // lines from..to-1 are replaced; equal: insert before from
		lines    []string
	}
	var changes []change
	removed := map[string]int{}
	for _, e := range edits {
		section := d.section(e.section)
		setting := d.get(e.section, e.name)
		switch {
		case setting != nil:
			if e.lines == nil {
				removed[e.section]++
			}
			indent := indentOf(d.lines[lineOf(setting)-1])
			changes = append(changes, change{lineOf(setting), lastLine(setting) + 1, indented(e.lines, indent)})
		case e.lines == nil:
		case section == nil || len(settings(section)) == 0:
			if section != nil {
				changes = append(changes, change{lineOf(section), lastLine(section) + 1, nil})
			}
			changes = append(changes, change{len(d.lines) + 1, len(d.lines) + 1, append([]string{"", e.section + ":"}, indented(e.lines, "  ")...)})
		default:
			first := lineOf(settings(section)[0])
			changes = append(changes, change{first, first, indented(e.lines, indentOf(d.lines[first-1]))})
		}
	}
	for name, n := range removed {
		section := d.section(name)
		added := slices.ContainsFunc(edits, func(e edit) bool { return e.section == name && e.lines != nil })
		if n == len(settings(section)) && !added {
			changes = append(changes, change{lineOf(section), lineOf(section) + 1, nil})
		}
	}
	// From the end on, so that no change moves the lines of another.
	slices.SortStableFunc(changes, func(a, b change) int { return b.from - a.from })
	lines := slices.Clone(d.lines)
	for _, c := range changes {
		lines = slices.Replace(lines, c.from-1, c.to-1, c.lines...)
	}
	text := strings.Join(lines, "\n") + "\n"
	_, err := parseDocument([]byte(text))
	return text, err
}

func indentOf(line string) string { return line[:len(line)-len(strings.TrimLeft(line, " "))] }

func indented(lines []string, indent string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = indent + line
	}
	return out
}
