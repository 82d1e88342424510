package shiptest

import (
	"net/http"
	"strconv"
	"time"
)

// row is one stored span as the read API of v4 shows it.
type row struct {
	ID        string    `json:"id"`
	TraceID   string    `json:"traceId"`
	StartTime time.Time `json:"startTime"`

	at time.Time // of storing
}

// readRows answers with the rows of a time range, in pages.
func (s *Server) readRows(r *http.Request) answer {
	if public, secret, _ := r.BasicAuth(); public != PublicKey || secret != SecretKey {
		return object(http.StatusUnauthorized, map[string]string{"message": "Invalid credentials"})
	}
	query := r.URL.Query()
	from, errFrom := time.Parse(time.RFC3339Nano, query.Get("fromStartTime"))
	to, errTo := time.Parse(time.RFC3339Nano, query.Get("toStartTime"))
	limit, errLimit := strconv.Atoi(query.Get("limit"))
	if errFrom != nil || errTo != nil || errLimit != nil || limit < 1 || limit > 1000 {
		return object(http.StatusBadRequest, map[string]string{"message": "Invalid request data"})
	}
	var found []row
	for _, row := range s.rows {
		if !row.StartTime.Before(from) && row.StartTime.Before(to) && time.Since(row.at) >= visibleAfter {
			found = append(found, row)
		}
	}
	first, _ := strconv.Atoi(query.Get("cursor")) // none: from the start
	first = min(max(first, 0), len(found))
	last := min(first+limit, len(found))
	meta := map[string]string{}
	if last < len(found) {
		meta["cursor"] = strconv.Itoa(last)
	}
	return object(http.StatusOK, map[string]any{"data": found[first:last], "meta": meta})
}
