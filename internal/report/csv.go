package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// csvHeader names the columns, with units.
var csvHeader = []string{
	"dimension", "name", "detail", "requests", "errors", "warnings", "incomplete", "with_user",
	"input_tokens", "input_cached_tokens", "input_cache_creation_tokens", "input_audio_tokens",
	"output_tokens", "output_reasoning_tokens", "output_audio_tokens", "total_tokens", "requests_with_tokens",
	"cost_usd", "requests_with_cost", "cache_hits",
	"latency_p50_s", "latency_p95_s", "latency_p99_s", "first_token_p50_s", "first_token_p95_s", "first_token_p99_s",
	"first", "last",
}

// WriteCSV writes one table with a line for the total and one for each row of the
// dimensions, named in the first column. Cells that a spreadsheet would take for
// a formula begin with an apostrophe.
func (d *Document) WriteCSV(w io.Writer, dimensions []string) error {
	out := csv.NewWriter(w)
	lines := [][]string{csvHeader, csvLine("total", "", "", &d.Total)}
	for _, key := range Dimensions {
		if len(dimensions) > 0 && !slices.Contains(dimensions, key) {
			continue
		}
		by := d.By[key]
		for i := range by.Rows {
			r := &by.Rows[i]
			lines = append(lines, csvLine(key, r.Label, r.Detail, r))
		}
		if by.Others != nil {
			lines = append(lines, csvLine(key, by.Others.Label, strconv.FormatInt(by.OtherNames, 10)+" names", by.Others))
		}
	}
	if err := out.WriteAll(lines); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func csvLine(dimension, name, detail string, r *Row) []string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	t := &r.Tokens
	line := []string{
		dimension, plainCell(name), plainCell(detail), n(r.Requests), n(r.Errors), n(r.Warnings), n(r.Incomplete), n(r.WithUser),
		n(t.Input), n(t.Cached), n(t.CacheCreation), n(t.AudioIn), n(t.Output), n(t.Reasoning), n(t.AudioOut), n(t.Total), n(r.WithTokens),
		strconv.FormatFloat(r.Cost, 'f', -1, 64), n(r.WithCost), n(r.CacheHits),
	}
	for _, times := range []*Times{r.Latency, r.FirstToken} {
		if times == nil {
			line = append(line, "", "", "")
			continue
		}
		for _, v := range []float64{times.P50, times.P95, times.P99} {
			line = append(line, strconv.FormatFloat(v, 'f', 3, 64))
		}
	}
	return append(line, csvTime(r.First), csvTime(r.Last))
}

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// plainCell keeps a spreadsheet from taking text for a formula.
func plainCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
