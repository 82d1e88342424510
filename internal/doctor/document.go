package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A document is a YAML mapping of sections of settings, with the lines on which
// they stand. What is changed in it leaves every other line as it is.
type document struct {
	lines []string
	root  *ast.MappingNode
}

// readDocument parses text. A document in flow style, which JSON is too, is
// written in block style first when block is set, so that lines of it can be
// changed.
func readDocument(text []byte, block bool) (*document, error) {
	d, err := parseDocument(text)
	if err != nil || !block || !isFlow(d.root) {
		return d, err
	}
	var values yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &values, yaml.UseOrderedMap()); err != nil {
		return nil, fmt.Errorf("read YAML: %s", firstLine(err))
	}
	if text, err = yaml.MarshalWithOptions(values, yaml.IndentSequence(true)); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return parseDocument(text)
}

func parseDocument(text []byte) (*document, error) {
	file, err := parser.ParseBytes(text, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read YAML: %s", firstLine(err))
	}
	d := &document{lines: strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")}
	for _, doc := range file.Docs {
		switch body := doc.Body.(type) {
		case nil, *ast.CommentGroupNode:
			continue
		case *ast.MappingNode:
			d.root = body
		case *ast.MappingValueNode:
			d.root = ast.Mapping(body.GetToken(), false, body)
		}
		break
	}
	if d.root == nil {
		return nil, fmt.Errorf("read YAML: it is no mapping of settings")
	}
	return d, nil
}

// isFlow reports whether a mapping, or one of its sections, is in flow style.
func isFlow(m *ast.MappingNode) bool {
	return m.IsFlowStyle || slices.ContainsFunc(m.Values, func(v *ast.MappingValueNode) bool {
		section, ok := v.Value.(*ast.MappingNode)
		return ok && section.IsFlowStyle
	})
}

// firstLine is the error without the part of the file that the library shows:
// keys may stand in it.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// section returns the setting whose value is the section's mapping; nil if the
// document has none.
func (d *document) section(name string) *ast.MappingValueNode { return find(d.root.Values, name) }

// get returns a setting of a section; nil if there is none.
func (d *document) get(section, name string) *ast.MappingValueNode {
	s := d.section(section)
	if s == nil {
		return nil
	}
	return find(settings(s), name)
}

func settings(section *ast.MappingValueNode) []*ast.MappingValueNode {
	switch m := section.Value.(type) {
	case *ast.MappingNode:
		return m.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{m}
	}
	return nil
}

func find(values []*ast.MappingValueNode, name string) *ast.MappingValueNode {
	for _, v := range values {
		if keyOf(v) == name {
			return v
		}
	}
	return nil
}

func keyOf(v *ast.MappingValueNode) string {
	if s, ok := v.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return v.Key.String()
}

// lineOf returns the line of a setting, from 1.
func lineOf(v *ast.MappingValueNode) int { return v.Key.GetToken().Position.Line }

// lastLine returns the last line of a setting.
func lastLine(v *ast.MappingValueNode) int {
	last := lineOf(v)
	ast.Walk(visitor(func(n ast.Node) {
		if n.Type() == ast.CommentType || n.Type() == ast.CommentGroupType {
			return
		}
		end := n.GetToken().Position.Line
		if literal, ok := n.(*ast.LiteralNode); ok {
			end += strings.Count(literal.Value.Value, "\n")
		}
		last = max(last, end)
	}), v)
	return last
}

type visitor func(ast.Node)

func (f visitor) Visit(n ast.Node) ast.Visitor {
	f(n)
	return f
}

// isTrue reports whether a setting is on, as Python reads it.
func isTrue(v *ast.MappingValueNode) bool {
	if v == nil {
		return false
	}
	var on bool
	return yaml.NodeToValue(v.Value, &on) == nil && on
}

// text returns a setting that is one word, "" otherwise.
func text(v *ast.MappingValueNode) string {
	if v == nil {
		return ""
	}
	var s string
	if yaml.NodeToValue(v.Value, &s) != nil {
		return ""
	}
	return s
}

// words returns a setting that is a list of words, or one word.
func words(v *ast.MappingValueNode) []string {
	if v == nil {
		return nil
	}
	var list []string
	if yaml.NodeToValue(v.Value, &list) == nil {
		return list
	}
	if s := text(v); s != "" {
		return []string{s}
	}
	return nil
}
