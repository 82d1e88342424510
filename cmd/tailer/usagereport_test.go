package main_test

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// totals are what a report and a file of spans must agree on.
type totals struct {
	requests, errors, warnings, users, metered, priced, tokens, input, output int64
	cost                                                                      float64
}

// spanTotals adds up the root spans of a file, each id once.
func spanTotals(t *testing.T, output []byte) (sum totals) {
	t.Helper()
	seen := map[string]bool{}
	for _, tr := range readTraces(t, output) {
		root := tr.root()
		if seen[root.id()] {
			continue
		}
		seen[root.id()] = true
		v := root.values()
		sum.requests++
		switch v["langfuse.observation.level"] {
		case "ERROR":
			sum.errors++
		case "WARNING":
			sum.warnings++
		}
		if v["user.id"] != "" {
			sum.users++
		}
		if text := v["langfuse.observation.usage_details"]; text != "" {
			var usage map[string]int64
			if err := json.Unmarshal([]byte(text), &usage); err != nil {
				t.Fatal(err)
			}
			sum.metered++
			sum.tokens += usage["total"]
			sum.input += usage["input"]
			sum.output += usage["output"]
		}
		if text := v["langfuse.observation.cost_details"]; text != "" {
			var cost map[string]float64
			if err := json.Unmarshal([]byte(text), &cost); err != nil {
				t.Fatal(err)
			}
			sum.priced++
			sum.cost += cost["total"]
			if twin, err := strconv.ParseFloat(v["gen_ai.usage.cost"], 64); err != nil || twin != cost["total"] {
				t.Errorf("gen_ai.usage.cost %q beside %v", v["gen_ai.usage.cost"], cost["total"])
			}
		}
	}
	return sum
}

// reportRow is a row of the JSON that `tailer report` prints.
type reportRow struct {
	Name                       string
	Requests, Errors, Warnings int64
	WithUser                   int64 `json:"with_user"`
	WithTokens                 int64 `json:"with_tokens"`
	WithCost                   int64 `json:"with_cost"`
	Tokens                     struct{ Total, Input, Output int64 }
	Cost                       float64
}

func (r *reportRow) totals() totals {
	return totals{r.Requests, r.Errors, r.Warnings, r.WithUser, r.WithTokens, r.WithCost, r.Tokens.Total, r.Tokens.Input, r.Tokens.Output, r.Cost}
}

func (t *totals) add(other totals) {
	t.requests += other.requests
	t.errors += other.errors
	t.warnings += other.warnings
	t.users += other.users
	t.metered += other.metered
	t.priced += other.priced
	t.tokens += other.tokens
	t.input += other.input
	t.output += other.output
	t.cost += other.cost
}

// near compares totals, money to a billionth of a dollar.
func (t totals) near(other totals) bool {
	if math.Abs(t.cost-other.cost) > 1e-9 {
		return false
	}
	t.cost, other.cost = 0, 0
	return t == other
}

// TestReportTotals holds the report of every capture against the spans of the
// same log, in the total and summed over each dimension.
func TestReportTotals(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("..", "..", "testdata", "captures", "*", "*"))
	if err != nil || len(folders) < 10 {
		t.Fatalf("%d captures, %v", len(folders), err)
	}
	for _, folder := range folders {
		name := filepath.Join(filepath.Base(filepath.Dir(folder)), filepath.Base(folder))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, name)
			for _, form := range logNames {
				path := c.log(form)
				if path == "" {
					continue
				}
				want := spanTotals(t, c.backfill(t, path))
				args := append([]string{"report", "--json"}, c.flags()...)
				var got struct {
					Total reportRow
					By    map[string]struct {
						Rows   []reportRow
						Others *reportRow
					}
				}
				r := command{args: append(args, path)}.succeed(t)
				if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
					t.Fatal(err)
				}
				if !got.Total.totals().near(want) {
					t.Errorf("%s: total\n%+v, spans\n%+v", form, got.Total.totals(), want)
				}
				for dimension, by := range got.By {
					var sum totals
					for i := range by.Rows {
						sum.add(by.Rows[i].totals())
					}
					if by.Others != nil {
						t.Errorf("%s has others", dimension)
					}
					if dimension != "error" && !sum.near(want) {
						t.Errorf("%s: by %s\n%+v, spans\n%+v", form, dimension, sum, want)
					}
				}
			}
		})
	}
}

// TestReportForms writes all forms of one report, and each has its total.
func TestReportForms(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	want := spanTotals(t, c.backfill(t, c.log("proxy.log")))
	dir := t.TempDir()
	page, sheet := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.csv")
	departments := writeFile(t, filepath.Join(dir, "departments.csv"), []byte("user,department\n@example.com,Head Office\nzoe@example.dk,Harbour\n"))
	flags := append([]string{"report"}, c.flags()...)
	r := command{args: append(flags, "--html", page, "--csv", sheet, "--departments", departments, c.log("proxy.log"))}.succeed(t)
	if r.stdout != "" {
		t.Errorf("stdout %q", r.stdout)
	}
	for _, path := range []string{page, sheet} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(path), info, err)
		}
	}
	if text := string(readFile(t, page)); !strings.Contains(text, "Usage report") || !strings.Contains(text, "Head Office") {
		t.Error("the page lacks its title or a department")
	}
	lines, err := csv.NewReader(strings.NewReader(string(readFile(t, sheet)))).ReadAll()
	if err != nil || lines[1][0] != "total" || lines[1][3] != strconv.FormatInt(want.requests, 10) {
		t.Fatalf("%v, %v", lines[1], err)
	}
	seen := map[string]bool{}
	for _, line := range lines {
		seen[line[0]+"/"+line[1]] = true
	}
	for _, name := range []string{"department/Head Office", "department/Harbour", "department/example.jp", "hour/09:00", "day/2026-11-23"} {
		if !seen[name] {
			t.Errorf("no line of %s", name)
		}
	}
	table := command{args: append(flags, "--by", "model", "--top", "1", "--sort", "cost", c.log("proxy.log"))}.succeed(t).stdout
	if !strings.Contains(table, "by model") || strings.Contains(table, "by user") || !strings.Contains(table, "more") {
		t.Errorf("tables:\n%s", table)
	}
	for _, args := range [][]string{
		{"--by", "moon", c.log("proxy.log")}, {"--sort", "moon", c.log("proxy.log")}, {"--top", "-1", c.log("proxy.log")},
		{"--csv", "-", "--json", c.log("proxy.log")}, {"--departments", filepath.Join(dir, "none"), c.log("proxy.log")}, {},
	} {
		command{args: append(flags[:len(flags):len(flags)], args...)}.exit(t, 2)
	}
}
