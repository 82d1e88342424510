package report

import (
	"cmp"
	"fmt"
	"path"
	"strings"
	"time"

	"tailer"
	"tailer/ship/otlp"
)

// The dimensions, in the order in which they are shown. Time is each single hour,
// for plots; hour is the hour of the day.
const (
	ByUser       = "user"
	ByDepartment = "department"
	ByRole       = "role"
	ByModel      = "model"
	ByChat       = "chat"
	ByTask       = "task"
	ByKey        = "key"
	ByDay        = "day"
	ByHour       = "hour"
	ByError      = "error"
	byTime       = "time"
)

// Dimensions are the names that a user may ask for, in the order of showing.
var Dimensions = []string{ByUser, ByDepartment, ByRole, ByModel, ByChat, ByTask, ByKey, ByDay, ByHour, ByError}

// none is what is shown where a dimension has no name to show.
var none = map[string]string{
	ByUser: "(nobody)", ByDepartment: "(none)", ByRole: "(none)", ByModel: "(unknown)", ByChat: "(no chat)",
	ByTask: "chat", ByKey: "(no key stated)", ByDay: "(no time)", ByHour: "(no time)", ByError: "(unknown)", byTime: "(no time)",
}

// Report adds up requests. It must not be used concurrently.
type Report struct {
	cfg        Config
	total      figures
	seen       seen
	twice      int64 // requests that came again and were not counted again
	dimensions map[string]*dimension
	grid       [7][24]cell // by weekday, Monday first, and hour
}

// cell is one hour of a week.
type cell struct {
	requests int64
	cost     sum
}

// New returns an empty report.
func New(cfg Config) *Report {
	if cfg.Location == nil {
		cfg.Location = time.UTC
	}
	cfg.MaxRows = cmp.Or(max(cfg.MaxRows, 0), defaultMaxRows)
	r := &Report{cfg: cfg, dimensions: map[string]*dimension{}}
	for _, key := range append([]string{byTime}, Dimensions...) {
		r.dimensions[key] = newDimension(key, cfg.MaxRows)
	}
	return r
}

// Requests is how many were added.
func (r *Report) Requests() int64 { return r.total.requests }

// Add counts one request, unless it has counted the one of these ids before. It
// keeps nothing of s.
func (r *Report) Add(s *otlp.Summary) {
	if !r.cfg.Distinct && !r.seen.add(s.TraceID, s.SpanID) {
		r.twice++
		return
	}
	r.total.add(s)
	r.count(ByUser, s.User, s.UserName, s)
	r.count(ByDepartment, r.cfg.Departments.of(s), "", s)
	r.count(ByRole, s.Role, "", s)
	r.count(ByModel, s.Model, s.Provider, s)
	r.count(ByChat, s.Session, s.Title, s)
	r.count(ByTask, purpose(s), "", s)
	r.count(ByKey, keyName(s), s.Team, s)
	if s.Level == tailer.LevelError || s.Level == tailer.LevelWarning || s.Incomplete != "" {
		name, detail := errorName(s)
		r.count(ByError, name, detail, s)
	}
	if s.Start.IsZero() {
		r.count(ByDay, "", "", s)
		r.count(ByHour, "", "", s)
		return
	}
	local := s.Start.In(r.cfg.Location)
	r.count(ByDay, local.Format(time.DateOnly), local.Weekday().String(), s)
	r.count(ByHour, local.Format("15:00"), "", s)
	r.count(byTime, s.Start.Truncate(time.Hour).Format(time.RFC3339), "", s)
	c := &r.grid[(local.Weekday()+6)%7][local.Hour()]
	c.requests++
	c.cost.add(s.Cost)
}

// purpose returns the task of a request, or what it is for where that is no chat;
// "" for a chat.
func purpose(s *otlp.Summary) string {
	if s.Task != "" {
		return s.Task
	}
	folder, last := path.Split(s.Route)
	switch last {
	case "embeddings", "moderations", "rerank":
		return "(" + last + ")"
	case "generations", "edits", "variations", "transcriptions", "translations", "speech":
		return "(" + path.Base(folder) + ")" // images, audio
	}
	return ""
}

func (r *Report) count(key, name, detail string, s *otlp.Summary) {
	d := r.dimensions[key]
	row := d.at(name)
	row.add(s)
	if detail != "" && detail != row.detail && row != &d.others {
		row.detail = strings.Clone(detail)
	}
}

// keyName is the alias of the virtual key, else the beginning of its hash.
func keyName(s *otlp.Summary) string {
	if s.KeyAlias != "" || s.KeyHash == "" {
		return s.KeyAlias
	}
	if len(s.KeyHash) != 64 {
		return s.KeyHash // words, as litellm_proxy_master_key in 1.109
	}
	return s.KeyHash[:12] + "…"
}

// errorName says what went wrong: a class with the status, and its last words.
func errorName(s *otlp.Summary) (name, words string) {
	name, words = s.ErrorClass, s.StatusMessage
	if name == "" && s.Level == tailer.LevelError {
		name, _, _ = strings.Cut(s.StatusMessage, ":")
		if strings.ContainsAny(name, " \n") {
			name = "error"
		}
	}
	switch {
	case name != "" && s.Status != 0:
		name = fmt.Sprintf("%s %d", name, s.Status)
	case name == "" && s.StatusMessage == "client disconnected":
		name, words = s.StatusMessage, ""
	case name == "":
		name, _, _ = strings.Cut(s.Incomplete, ", ")
		name, words = "incomplete: "+cmp.Or(name, "unknown"), ""
	}
	return name, strings.TrimPrefix(words, s.ErrorClass+": ")
}
