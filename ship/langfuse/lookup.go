package langfuse

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tailer/ship"
)

const (
	// visibleAfter is how long a v4 server may take to show a row it has accepted.
	visibleAfter = 5 * time.Second
	pageRows     = 1000 // the most that the server gives at once
	maxPages     = 20   // of rows that others wrote at the same time
)

// rowKey names a row of a v4 server.
type rowKey struct{ traceID, spanID string }

// doubt notes that nobody knows what became of items, if that matters: v2 and v3
// fold a second delivery, v4 counts it. It then asks for time, until the server
// would show them.
func (s *Sink) doubt(items []*ship.Item, failure *ship.SendError) {
	if !ambiguous(failure) {
		return
	}
	if s.unsure == nil {
		s.unsure = make(map[*ship.Item]bool, len(items))
	}
	for _, item := range items {
		s.unsure[item] = true
	}
	if s.keepsRows() {
		failure.RetryAfter = max(failure.RetryAfter, visibleAfter)
	}
}

// ambiguous tells whether the server may have stored what it did not confirm. It
// has not if nobody was there, or if it said so with less than 500.
func ambiguous(failure *ship.SendError) bool {
	var network *net.OpError
	if errors.As(failure.Err, &network) && network.Op == "dial" {
		return false
	}
	return failure.Status == 0 || failure.Status >= http.StatusInternalServerError
}

// keepsRows tells whether the server may be one that does not fold equal ids. One
// that hides its version may be.
func (s *Sink) keepsRows() bool {
	const firstRows = 4
	n := major(s.version)
	return n == 0 || n >= firstRows
}

// settled looks up the items whose outcome is not known. It returns those that
// the server has; a server that cannot be asked has none.
func (s *Sink) settled(ctx context.Context, items []*ship.Item) ([]*ship.Item, error) {
	var asked []*ship.Item
	for _, item := range items {
		if s.unsure[item] {
			asked = append(asked, item)
		}
	}
	if len(asked) == 0 {
		return nil, nil
	}
	if s.version == "" { // the configuration chose the way to write
		version, err := s.Version(ctx)
		if err != nil {
			return nil, err
		}
		s.version = version
	}
	if !s.keepsRows() {
		s.unsure = nil
		return nil, nil
	}
	rows, err := s.rows(ctx, asked)
	if err != nil {
		return nil, err
	}
	var there []*ship.Item
	for _, item := range asked {
		delete(s.unsure, item)
		if hasAll(rows, item) {
			there = append(there, item)
		}
	}
	return there, nil
}

func hasAll(rows map[rowKey]bool, item *ship.Item) bool {
	for _, scope := range item.Spans().GetScopeSpans() {
		for _, span := range scope.GetSpans() {
			if !rows[rowKey{hex.EncodeToString(span.GetTraceId()), hex.EncodeToString(span.GetSpanId())}] {
				return false
			}
		}
	}
	return true
}

// rows reads what the server has from the time of items.
func (s *Sink) rows(ctx context.Context, items []*ship.Item) (map[rowKey]bool, error) {
	from, to := startsOf(items)
	query := url.Values{
		"fromStartTime": {milliseconds(from)},
		"toStartTime":   {milliseconds(to.Add(time.Millisecond))}, // not included
		"fields":        {"core"},
		"limit":         {strconv.Itoa(pageRows)},
	}
	found := make(map[rowKey]bool)
	for range maxPages {
		answer, err := s.client.do(ctx, http.MethodGet, "api/public/v2/observations?"+query.Encode(), http.Header{}, nil)
		if err != nil {
			return nil, err
		}
		if failure := answer.failure(); failure != nil {
			if busy(failure.Status) {
				return nil, fmt.Errorf("look up spans: %w", failure)
			}
			return found, nil // no such end point, or not for these keys
		}
		var page struct {
			Data []struct {
				ID      string `json:"id"`
				TraceID string `json:"traceId"`
			} `json:"data"`
			Meta struct {
				Cursor string `json:"cursor"`
			} `json:"meta"`
		}
		if json.Unmarshal(answer.body, &page) != nil {
			return found, nil
		}
		for _, row := range page.Data {
			found[rowKey{row.TraceID, row.ID}] = true
		}
		if page.Meta.Cursor == "" {
			break
		}
		query.Set("cursor", page.Meta.Cursor)
	}
	return found, nil
}

// startsOf returns the first and the last start of all spans.
func startsOf(items []*ship.Item) (first, last time.Time) {
	for _, item := range items {
		for _, scope := range item.Spans().GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				start := fromNano(span.GetStartTimeUnixNano())
				if first.IsZero() || start.Before(first) {
					first = start
				}
				if start.After(last) {
					last = start
				}
			}
		}
	}
	return first, last
}
