package shiptest

import (
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Event is one stored element of an ingestion batch.
type Event struct {
	ID        string         `json:"id"`
	Timestamp string         `json:"timestamp"`
	Type      string         `json:"type"`
	Body      map[string]any `json:"body"`
}

var (
	environment = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)
	levels      = []string{"DEBUG", "DEFAULT", "WARNING", "ERROR"}
	kinds       = []string{"trace-create", "span-create", "generation-create", "event-create", "score-create"}
)

type verdict struct {
	ID      string `json:"id"`
	Status  int    `json:"status"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

// ingest takes a batch of events, each by itself.
func (s *Server) ingest(r *http.Request, body []byte) answer {
	var batch struct {
		Batch []Event `json:"batch"`
	}
	// A gzipped body ends here too: it is not inflated.
	if r.Header.Get("Content-Type") != "application/json" || !utf8.Valid(body) || json.Unmarshal(body, &batch) != nil {
		return text(http.StatusBadRequest, "Invalid JSON")
	}
	if batch.Batch == nil {
		return object(http.StatusBadRequest, map[string]string{"message": "Invalid request data"})
	}
	successes, errors := []verdict{}, []verdict{}
	for _, event := range batch.Batch {
		if v := s.judge(event); v.Status != http.StatusCreated {
			errors = append(errors, v)
			continue
		}
		successes = append(successes, verdict{ID: event.ID, Status: http.StatusCreated})
		s.events[event.ID]++
		s.bodies = append(s.bodies, event)
		s.book.keepEvent(event)
	}
	return object(http.StatusMultiStatus, map[string][]verdict{"successes": successes, "errors": errors})
}

func (s *Server) judge(event Event) verdict {
	trace, _ := event.Body["traceId"].(string)
	if event.Type == "trace-create" {
		trace, _ = event.Body["id"].(string)
	}
	v := verdict{ID: event.ID, Status: http.StatusBadRequest, Message: "Invalid request data"}
	switch problem := check(event); {
	case s.major() != "2" && s.major() != "3" && !s.dual && event.Type != "score-create":
		v.Message = "Event type not accepted"
	case s.poison[trace] != 0:
		v.Status, v.Error = s.poison[trace], "poison"
	case problem != "":
		v.Error = problem
	default:
		v.Status = http.StatusCreated
	}
	return v
}

// check is "" or what the strictest server has against the event.
func check(event Event) string {
	body := event.Body
	switch {
	case event.ID == "" || len(event.ID) > 800:
		return "id"
	case !isTime(event.Timestamp):
		return "timestamp"
	case !slices.Contains(kinds, event.Type):
		return "type " + event.Type
	case body["id"] == nil || body["id"] == "":
		return "body.id"
	case event.Type != "trace-create" && body["traceId"] == nil:
		return "body.traceId"
	}
	for _, field := range []string{"timestamp", "startTime", "endTime", "completionStartTime"} {
		if value, there := body[field]; there && !isTime(value) {
			return "body." + field
		}
	}
	for field, value := range body {
		if value == nil || value == "" {
			return "body." + field + " is empty"
		}
	}
	if name, _ := body["name"].(string); utf8.RuneCountInString(name) > 1000 {
		return "body.name"
	}
	if level, there := body["level"].(string); there && !slices.Contains(levels, level) {
		return "body.level"
	}
	if value, there := body["environment"].(string); there && (!environment.MatchString(value) || strings.HasPrefix(value, "langfuse")) {
		return "body.environment"
	}
	return checkNumbers(body)
}

func checkNumbers(body map[string]any) string {
	usage, _ := body["usage"].(map[string]any)
	for _, field := range []string{"input", "output", "total"} {
		if n, there := usage[field]; there && !isWhole(n) {
			return "body.usage." + field
		}
	}
	details, _ := body["usageDetails"].(map[string]any)
	for field, n := range details {
		if !isWhole(n) {
			return "body.usageDetails." + field
		}
	}
	parameters, _ := body["modelParameters"].(map[string]any)
	for field, value := range parameters {
		switch value.(type) {
		case string, float64, bool:
		default:
			return "body.modelParameters." + field
		}
	}
	return ""
}

func isTime(value any) bool {
	s, _ := value.(string)
	_, err := time.Parse(time.RFC3339Nano, s)
	return err == nil
}

func isWhole(value any) bool {
	n, ok := value.(float64)
	return ok && n >= 0 && n == math.Trunc(n)
}
