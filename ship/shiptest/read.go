package shiptest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The paths of the read API.
const (
	Projects     = "/api/public/projects"
	OldTraces    = "/api/public/traces"
	Observations = "/api/public/observations"
)

// Read changes what the read API shows, as no client could: to plant differences.
func (s *Server) Read(change func(traces map[string]*Trace, observations *[]*Observation)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.book.traces == nil {
		s.book.traces = map[string]*Trace{}
	}
	change(s.book.traces, &s.book.observations)
}

// MakeDual says that a server of version 4 runs in its bridge mode, where both read
// APIs work.
func (s *Server) MakeDual() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dual = true
}

// Forget makes the read API leave a member out, as a server would that did not
// take it: "userId" or "sessionId".
func (s *Server) Forget(member string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.forgets = member
}

// Keep says for how many days the project keeps its traces.
func (s *Server) Keep(days int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retention = days
}

// read answers the read API and DELETE; handled is false for other paths.
func (s *Server) read(r *http.Request, body []byte) (said answer, handled bool) {
	path := r.URL.Path
	old := path == OldTraces || strings.HasPrefix(path, OldTraces+"/") || path == Observations
	if !old && path != Projects && path != Rows {
		return answer{}, false
	}
	rows := s.major() == "4"
	switch {
	case old && r.Method == http.MethodGet && rows && !s.dual:
		return object(http.StatusNotFound, map[string]string{"message": "This endpoint is not available on deployments running in Langfuse v4 events_only mode."}), true
	case path == Rows && !rows:
		return object(http.StatusNotFound, map[string]string{"message": "The observations v2 API is only available in a Langfuse v4 write mode."}), true
	}
	if s.projectOf(r) == "" {
		return object(http.StatusUnauthorized, map[string]string{"message": "Invalid credentials. Confirm that you've configured the correct host."}), true
	}
	switch {
	case r.Method == http.MethodDelete && path == OldTraces && s.major() != "2":
		return s.erase(body), true
	case path == Rows:
		return s.showRows(r), true
	case r.Method != http.MethodGet:
		return object(http.StatusMethodNotAllowed, map[string]string{"message": "Method not allowed"}), true
	case path == Projects:
		project := map[string]any{"id": s.projectOf(r), "name": "test", "organization": map[string]string{"name": "tests"}}
		if s.retention > 0 {
			project["retentionDays"] = s.retention
		}
		return object(http.StatusOK, map[string]any{"data": []any{project}}), true
	case path == OldTraces:
		return s.listTraces(r), true
	case path == Observations:
		return s.listObservations(r), true
	default:
		return s.showTrace(strings.TrimPrefix(path, OldTraces+"/")), true
	}
}

// erase deletes at once what the real server deletes within minutes.
func (s *Server) erase(body []byte) answer {
	var asked struct {
		TraceIDs []string `json:"traceIds"`
	}
	if json.Unmarshal(body, &asked) != nil || len(asked.TraceIDs) == 0 {
		return object(http.StatusBadRequest, map[string]string{"message": "Invalid request data"})
	}
	for _, id := range asked.TraceIDs {
		delete(s.book.traces, id)
		s.book.observations = slices.DeleteFunc(s.book.observations, func(o *Observation) bool { return o.TraceID == id })
	}
	return object(http.StatusOK, map[string]string{"message": "Traces deleted successfully"})
}

func fits(query map[string][]string, name string, value *string) bool {
	want, asked := query[name]
	return !asked || value != nil && slices.Contains(want, *value)
}

// inRange reads two optional times of a query.
func inRange(query map[string][]string, suffix string, at time.Time) bool {
	for name, wrong := range map[string]func(time.Time) bool{
		"from" + suffix: at.Before,
		"to" + suffix:   func(to time.Time) bool { return !at.Before(to) },
	} {
		if text, asked := query[name]; asked {
			limit, err := time.Parse(time.RFC3339Nano, text[0])
			if err != nil || wrong(limit) {
				return false
			}
		}
	}
	return true
}

// showRows is GET /v2/observations: newest first, by cursor.
func (s *Server) showRows(r *http.Request) answer {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > 1000 {
		return object(http.StatusBadRequest, map[string]string{"message": "Invalid request data"})
	}
	var found []*Observation
	for _, o := range s.book.observations {
		if fits(query, "traceId", &o.TraceID) && fits(query, "userId", o.UserID) && inRange(query, "StartTime", o.StartTime) &&
			time.Since(o.at) >= s.hidden {
			found = append(found, o)
		}
	}
	newestFirst(found)
	first, _ := strconv.Atoi(query.Get("cursor")) // none: from the start
	first = min(max(first, 0), len(found))
	last := min(first+limit, len(found))
	meta := map[string]string{}
	if last < len(found) {
		meta["cursor"] = strconv.Itoa(last)
	}
	return object(http.StatusOK, map[string]any{"data": append([]*Observation{}, found[first:last]...), "meta": meta})
}

func newestFirst(found []*Observation) {
	slices.SortStableFunc(found, func(a, b *Observation) int { return b.StartTime.Compare(a.StartTime) })
}

// paged answers with one page of a list, of at most 100.
func paged[T any](r *http.Request, found []T) answer {
	query := r.URL.Query()
	limit, errLimit := strconv.Atoi(query.Get("limit"))
	number, errPage := strconv.Atoi(query.Get("page"))
	if query.Get("page") == "" {
		number, errPage = 1, nil
	}
	if errLimit != nil || errPage != nil || limit < 1 || limit > 100 || number < 1 {
		return object(http.StatusBadRequest, map[string]string{"message": "Invalid request data"})
	}
	first := min((number-1)*limit, len(found))
	last := min(first+limit, len(found))
	return object(http.StatusOK, map[string]any{
		"data": append([]T{}, found[first:last]...),
		"meta": map[string]int{"page": number, "limit": limit, "totalItems": len(found), "totalPages": (len(found) + limit - 1) / limit},
	})
}

func (s *Server) listTraces(r *http.Request) answer {
	query := r.URL.Query()
	var found []*Trace
	for _, t := range s.book.traces {
		if fits(query, "userId", t.UserID) && inRange(query, "Timestamp", t.Timestamp) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *Trace) int {
		if c := b.Timestamp.Compare(a.Timestamp); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return paged(r, found)
}

func (s *Server) listObservations(r *http.Request) answer {
	query := r.URL.Query()
	var found []*Observation
	for _, o := range s.book.observations {
		if fits(query, "traceId", &o.TraceID) && inRange(query, "StartTime", o.StartTime) {
			bare := *o
			bare.UserID, bare.SessionID = nil, nil // they are the trace's
			found = append(found, &bare)
		}
	}
	newestFirst(found)
	return paged(r, found)
}

func (s *Server) showTrace(id string) answer {
	t := s.book.traces[id]
	if t == nil {
		return object(http.StatusNotFound, map[string]string{"message": "Trace not found"})
	}
	var own []*Observation
	for _, o := range s.book.observations {
		if o.TraceID == id {
			own = append(own, o)
		}
	}
	return object(http.StatusOK, struct {
		*Trace
		Observations []*Observation `json:"observations"`
	}{t, own})
}
