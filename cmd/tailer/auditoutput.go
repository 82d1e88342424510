package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"tailer/internal/audit"
	"tailer/ship/langfuse"
)

// serverFacts is what an audit was held against.
type serverFacts struct {
	Version string             `json:"version"`
	Mode    langfuse.WriteMode `json:"write_mode"`
	Project string             `json:"project"`
}

// auditPrinter writes hours as they come, so that a log of years needs no memory:
// a table, JSON or CSV.
type auditPrinter struct {
	json     bool
	csv      string // "": none
	most     int    // differences that the table lists
	callback bool

	out    *bufio.Writer
	file   *os.File
	rows   *csv.Writer
	hours  int
	listed []audit.Difference
	more   int
}

func (p *auditPrinter) open(server serverFacts) error {
	p.out = bufio.NewWriter(os.Stdout)
	if p.csv != "" {
		to := io.Writer(os.Stdout)
		if p.csv != "-" {
			const private = 0o600 // it names people
			file, err := os.OpenFile(p.csv, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, private)
			if err != nil {
				return fmt.Errorf("write audit: %w", err)
			}
			p.file, to = file, file
		}
		p.rows = csv.NewWriter(to)
		if err := p.rows.Write(csvHead()); err != nil {
			return fmt.Errorf("write audit: %w", err)
		}
	}
	switch {
	case p.json:
		head, err := json.Marshal(server)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(p.out, `{"langfuse":%s,"hours":[`, head)
	case p.table():
		_, _ = fmt.Fprintf(p.out, "Langfuse %s (%s), project %s\n\n", server.Version, server.Mode, printable(server.Project))
		_, _ = fmt.Fprintf(p.out, "%-17s %9s %9s %9s %9s %9s %9s%s\n", "hour (UTC)", "requests", "traces", "missing", "duplicate", "other user", "no user", p.also(" callback     lost", 0, 0))
	}
	return nil
}

// table tells whether people read stdout.
func (p *auditPrinter) table() bool { return !p.json && p.csv != "-" }

func (p *auditPrinter) also(head string, wrote, lost int) string {
	switch {
	case !p.callback:
		return ""
	case head != "":
		return head
	}
	return fmt.Sprintf(" %9d %8d", wrote, lost)
}

func (p *auditPrinter) hour(h *audit.Hour) error {
	if p.rows != nil {
		if err := p.rows.Write(csvRow(h)); err != nil {
			return fmt.Errorf("write audit: %w", err)
		}
	}
	if p.json {
		text, err := json.Marshal(h)
		if err != nil {
			return err
		}
		if p.hours++; p.hours > 1 {
			_ = p.out.WriteByte(',') // errors of a bufio.Writer stay, and Flush tells
		}
		_, _ = p.out.Write(text)
		return nil
	}
	if p.table() {
		p.line(h.Start.Format("2006-01-02 15:04"), &h.Counts)
		for i := range h.Differences {
			if len(p.listed) < p.most {
				p.listed = append(p.listed, h.Differences[i])
			} else {
				p.more++
			}
		}
	}
	return nil
}

func (p *auditPrinter) line(name string, c *audit.Counts) {
	_, _ = fmt.Fprintf(p.out, "%-17s %9d %9d %9d %9d %10d %9d%s\n", name, c.Requests, c.Traces, c.Missing, c.Duplicate, c.DifferentUser, c.WithoutUser,
		p.also("", c.ByCallback, c.CallbackLost))
}

// close ends the output.
func (p *auditPrinter) close(sums *audit.Counts, repaired repairs, damaged int) error {
	notes := auditNotes(sums, damaged)
	switch {
	case p.json:
		tail, err := json.Marshal(struct {
			Total       *audit.Counts `json:"total"`
			Differences int           `json:"differences"`
			Repaired    repairs       `json:"repaired"`
			Notes       []string      `json:"notes,omitempty"`
		}{sums, sums.Differences(), repaired, notes})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(p.out, "],%s\n", tail[1:])
	case p.table():
		p.line("total", sums)
		p.printList()
		_, _ = fmt.Fprintln(p.out)
		for _, note := range notes {
			_, _ = fmt.Fprintln(p.out, note)
		}
		p.printEnd(sums, repaired)
	}
	return p.finish()
}

func (p *auditPrinter) printList() {
	if len(p.listed) == 0 {
		return
	}
	_, _ = fmt.Fprintln(p.out)
	for _, d := range p.listed {
		detail := d.Detail
		if d.Kind == audit.DifferentUser {
			detail = fmt.Sprintf("the log says %q, Langfuse %q", d.LogUser, d.User)
		}
		_, _ = fmt.Fprintf(p.out, "%-14s %-36s  %s  %s\n", d.Kind, printable(d.ID), d.Start.Format("2006-01-02T15:04:05.000Z"), printable(detail))
	}
	if p.more > 0 {
		_, _ = fmt.Fprintf(p.out, "… and %d more: --json and --csv have all\n", p.more)
	}
}

func (p *auditPrinter) printEnd(sums *audit.Counts, repaired repairs) {
	n := sums.Differences()
	switch {
	case n == 0 && p.callback && sums.CallbackLost > 0:
		_, _ = fmt.Fprintf(p.out, "No difference but %s that LiteLLM's callback did not write here.\n", plural(int64(sums.CallbackLost), "request"))
	case n == 0:
		_, _ = fmt.Fprintln(p.out, "No difference.")
	default:
		_, _ = fmt.Fprintf(p.out, "%s.\n", plural(int64(n), "difference"))
	}
	if repaired.Lately > 0 {
		_, _ = fmt.Fprintf(p.out, "%s not sent again: Langfuse accepted them a moment ago and may not show them yet (--settle). Audit again later.\n", plural(repaired.Lately, "missing trace"))
	}
	if repaired.Delivered+repaired.DeadLettered > 0 {
		_, _ = fmt.Fprintf(p.out, "%s sent", plural(repaired.Delivered, "missing trace"))
		if repaired.DeadLettered > 0 {
			_, _ = fmt.Fprintf(p.out, "; %d rejected and dead-lettered", repaired.DeadLettered)
		}
		_, _ = fmt.Fprintln(p.out, ".")
	} else if sums.Missing > int(repaired.Lately) {
		_, _ = fmt.Fprintln(p.out, "--repair sends what is missing.")
	}
}

// abandon ends output that stays incomplete.
func (p *auditPrinter) abandon() error {
	if p.out == nil {
		return nil
	}
	return p.finish()
}

func (p *auditPrinter) finish() error {
	err := p.out.Flush()
	if p.rows != nil {
		p.rows.Flush()
		err = errors.Join(err, p.rows.Error())
	}
	if p.file != nil {
		err = errors.Join(err, p.file.Close())
	}
	if err != nil {
		return fmt.Errorf("write audit: %w", err)
	}
	return nil
}

// auditNotes say in words what the figures mean.
func auditNotes(c *audit.Counts, damaged int) (notes []string) {
	note := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	if c.ByCallback > 0 {
		note("LiteLLM's own callback wrote %d of these requests and not %d; of %d the log has no id to tell by.", c.ByCallback, c.CallbackLost, c.CallbackUnknown)
	}
	if c.ByCallback == 0 && c.CallbackLost > 0 {
		note("Of these requests LiteLLM's own callback wrote none here: it is off, or writes to another project or server.")
	}
	if c.ByCallback > 0 && c.ByTailer > 0 {
		note("Both tailer and LiteLLM's callback write here: what both wrote is counted twice. Switch one off.")
	}
	if c.Anonymous > 0 {
		note("%s without a user, in the log as well.", plural(int64(c.Anonymous), "request"))
	}
	if c.Unexplained > 0 {
		note("%s in Langfuse of these hours belong to no request of the log.", plural(int64(c.Unexplained), "generation"))
	}
	if c.Recent > 0 {
		note("%s too recent to be judged: --settle.", plural(int64(c.Recent), "request"))
	}
	if judged := c.Requests - c.Recent; judged > 0 && c.Missing == judged {
		note("Nothing of this log is there. Is it the right project, and are --timezone and --date those of the log?")
	}
	if damaged > 0 {
		note("%s could not be read to its end.", plural(int64(damaged), "input"))
	}
	return notes
}

// kinds are the lists of ids that CSV has, in order.
var kinds = []audit.Kind{audit.Missing, audit.Duplicate, audit.DifferentUser, audit.WithoutUser, audit.CallbackLost}

func csvHead() []string {
	head := []string{
		"hour", "requests", "found", "traces", "missing", "duplicate", "different_user", "without_user", "anonymous", "recent",
		"by_tailer", "by_callback", "callback_lost", "unexplained",
	}
	for _, kind := range kinds {
		head = append(head, strings.ReplaceAll(string(kind), " ", "_")+"_ids")
	}
	return head
}

func csvRow(h *audit.Hour) []string {
	row := []string{h.Start.Format(time.RFC3339)}
	for _, n := range []int{
		h.Requests, h.Found, h.Traces, h.Missing, h.Duplicate, h.DifferentUser, h.WithoutUser, h.Anonymous, h.Recent,
		h.ByTailer, h.ByCallback, h.CallbackLost, h.Unexplained,
	} {
		row = append(row, strconv.Itoa(n))
	}
	for _, kind := range kinds {
		var ids []string
		for i := range h.Differences {
			if d := &h.Differences[i]; d.Kind == kind {
				ids = append(ids, d.ID)
			}
		}
		row = append(row, strings.Join(ids, " "))
	}
	return row
}

// printable takes out of a foreign text what would move a terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
