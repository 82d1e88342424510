package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// TableOptions say what a terminal shows.
type TableOptions struct {
	Dimensions []string // nil: all that have more to say than one row without a name
	Top        int      // rows of each table; 0: all
	Sort       string   // one of Sorts; "": requests
}

// Sorts are the orders of rows.
var Sorts = []string{"requests", "cost", "tokens", "errors", "name"}

// maxNameWidth is in columns of a terminal.
const maxNameWidth = 44

var tableHeader = []string{"", "requests", "errors", "input", "output", "tokens", "cost USD", "p50 s", "p95 s", "p99 s", "first token p50 s", "with user"}

// WriteTables writes the report for a terminal, names cut to its width and
// without control characters.
func (d *Document) WriteTables(w io.Writer, o TableOptions) error {
	var out strings.Builder
	d.writeHead(&out)
	for _, key := range Dimensions {
		rows := d.By[key]
		asked := slices.Contains(o.Dimensions, key)
		if len(o.Dimensions) > 0 && !asked || len(rows.Rows) == 0 && !asked {
			continue
		}
		if !asked && len(rows.Rows) == 1 && rows.Rows[0].Name == "" {
			continue
		}
		writeTable(&out, key, rows, o)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (d *Document) writeHead(out *strings.Builder) {
	t := &d.Total
	if t.Requests == 0 {
		out.WriteString("No request was found.\n")
		return
	}
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-11s "+format+"\n", append([]any{name}, args...)...)
	}
	line("Requests", "%s from %s to %s", grouped(t.Requests), when(d.From), when(d.To))
	line("Errors", "%s (%s); %s incomplete", grouped(t.Errors), percent(t.Errors, t.Requests), grouped(t.Incomplete))
	line("With a user", "%s (%s)", grouped(t.WithUser), percent(t.WithUser, t.Requests))
	line("Tokens", "%s: %s input, %s cached, %s output, %s reasoning; stated by %s requests", grouped(t.Tokens.Total),
		grouped(t.Tokens.Input), grouped(t.Tokens.Cached), grouped(t.Tokens.Output), grouped(t.Tokens.Reasoning), grouped(t.WithTokens))
	line("Cost", "USD %s; stated by %s requests", money(t.Cost), grouped(t.WithCost))
	if t.Latency != nil {
		line("Latency", "p50 %s s, p95 %s s, p99 %s s", seconds(t.Latency.P50), seconds(t.Latency.P95), seconds(t.Latency.P99))
	}
	if t.FirstToken != nil {
		line("First token", "p50 %s s, p95 %s s, p99 %s s", seconds(t.FirstToken.P50), seconds(t.FirstToken.P95), seconds(t.FirstToken.P99))
	}
}

func writeTable(out *strings.Builder, key string, by Rows, o TableOptions) {
	rows := slices.Clone(by.Rows)
	sortRows(rows, key, o.Sort)
	hidden := 0
	if o.Top > 0 && len(rows) > o.Top && key != ByDay && key != ByHour {
		hidden, rows = len(rows)-o.Top, rows[:o.Top]
	}
	header := slices.Clone(tableHeader)
	header[0] = "by " + key
	lines := [][]string{header}
	for i := range rows {
		name, detail := rows[i].Label, rows[i].Detail
		switch {
		case detail == "" || key == ByError:
		case key == ByChat:
			name = clip(detail, maxNameWidth/2) + "  " + name
		default:
			name += "  " + detail
		}
		lines = append(lines, tableLine(clip(name, maxNameWidth), &rows[i]))
	}
	if by.Others != nil {
		lines = append(lines, tableLine(fmt.Sprintf("(others: %s names)", grouped(by.OtherNames)), by.Others))
	}
	out.WriteByte('\n')
	writeAligned(out, lines)
	if hidden > 0 {
		fmt.Fprintf(out, "… and %s more\n", grouped(int64(hidden)))
	}
}

func sortRows(rows []Row, key, order string) {
	by := map[string]func(a, b *Row) int{
		"cost":   func(a, b *Row) int { return cmp.Compare(b.Cost, a.Cost) },
		"tokens": func(a, b *Row) int { return cmp.Compare(b.Tokens.Total, a.Tokens.Total) },
		"errors": func(a, b *Row) int { return cmp.Compare(b.Errors, a.Errors) },
		"name":   func(a, b *Row) int { return cmp.Compare(a.Label, b.Label) },
	}[order]
	if by == nil || key == ByDay || key == ByHour {
		return // as the document has them
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return by(&a, &b) })
}

func tableLine(name string, r *Row) []string {
	line := []string{name, grouped(r.Requests), grouped(r.Errors), grouped(r.Tokens.Input + r.Tokens.Cached + r.Tokens.CacheCreation + r.Tokens.AudioIn),
		grouped(r.Tokens.Output + r.Tokens.Reasoning + r.Tokens.AudioOut), grouped(r.Tokens.Total), money(r.Cost)}
	if r.Latency == nil {
		line = append(line, "", "", "")
	} else {
		line = append(line, seconds(r.Latency.P50), seconds(r.Latency.P95), seconds(r.Latency.P99))
	}
	first := ""
	if r.FirstToken != nil {
		first = seconds(r.FirstToken.P50)
	}
	return append(line, first, percent(r.WithUser, r.Requests))
}

// writeAligned writes the first column to the left and the others to the right.
func writeAligned(out *strings.Builder, lines [][]string) {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, text := range line {
			widths[i] = max(widths[i], uniseg.StringWidth(text))
		}
	}
	for _, line := range lines {
		var row strings.Builder
		for i, text := range line {
			pad := strings.Repeat(" ", widths[i]-uniseg.StringWidth(text))
			if i == 0 {
				row.WriteString(text + pad)
			} else {
				row.WriteString("  " + pad + text)
			}
		}
		out.WriteString(strings.TrimRight(row.String(), " ") + "\n")
	}
}

// clip cuts text to a width in columns, control characters taken out: a name in
// a log must not drive the terminal.
func clip(text string, width int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if uniseg.StringWidth(text) <= width {
		return text
	}
	var kept strings.Builder
	for g := uniseg.NewGraphemes(text); g.Next(); {
		if uniseg.StringWidth(kept.String())+g.Width() >= width {
			break
		}
		kept.WriteString(g.Str())
	}
	return kept.String() + "…"
}

// grouped writes a count with commas between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// money writes dollars to the cent, and to a millionth where it is less than one;
// less than that in three digits that tell something.
func money(v float64) string {
	if v == 0 {
		return "0"
	}
	if v < 1 {
		digits := 6
		if v < 1e-6 {
			digits = min(2-int(math.Floor(math.Log10(v))), 15)
		}
		return strconv.FormatFloat(v, 'f', digits, 64)
	}
	text := strconv.FormatFloat(v, 'f', 2, 64)
	whole, cents, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return text
	}
	return grouped(n) + "." + cents
}

func seconds(v float64) string {
	if v < 10 {
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

func percent(part, whole int64) string {
	if whole == 0 {
		return ""
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + " %"
}

func when(t *time.Time) string {
	if t == nil {
		return "?"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}
