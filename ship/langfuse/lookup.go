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
	"slices"
	"strconv"
	"time"

	"tailer/ship"
)

const (
	pageRows = 1000 // the most that the server gives at once
	byTrace  = 2    // so few items are asked for one by one: others may have written much meanwhile
	// span is the longest time that one question covers, so that a few items far
	// apart do not read all that lies between.
	span = time.Hour
)

var _ ship.Asker = (*Sink)(nil)

// rowKey names a row of a v4 server.
type rowKey struct{ traceID, spanID string }

// ambiguous tells whether the server may have stored what it did not confirm. It
// has not if nobody was there, or if it said so with less than 500.
func ambiguous(failure *ship.SendError) bool {
	var network *net.OpError
	if errors.As(failure.Err, &network) && network.Op == "dial" {
		return false
	}
	return failure.Status == 0 || failure.Status >= http.StatusInternalServerError
}

// Lag implements ship.Asker.
func (s *Sink) Lag() time.Duration { return s.cfg.VisibleAfter }

// Folds implements ship.Asker: v2 and v3 make one of equal ids, v4 keeps every
// row. A server that hides its version may be either.
func (s *Sink) Folds(ctx context.Context) (bool, error) {
	if s.version == "" {
		version, err := s.Version(ctx)
		if err != nil {
			return false, err
		}
		s.version = version
	}
	const firstRows = 4
	n := major(s.version)
	return n != 0 && n < firstRows, nil
}

// Has implements ship.Asker, by GET /api/public/v2/observations: an item is there
// if all its spans are.
func (s *Sink) Has(ctx context.Context, items []*ship.Item) (map[*ship.Item]bool, error) {
	found := make(map[rowKey]bool)
	for _, group := range closeTogether(items) {
		if len(group) > byTrace {
			if err := s.rows(ctx, within(group), found); err != nil {
				return nil, err
			}
			continue
		}
		for _, item := range group {
			query := within([]*ship.Item{item})
			query.Set("traceId", item.TraceID())
			if err := s.rows(ctx, query, found); err != nil {
				return nil, err
			}
		}
	}
	has := make(map[*ship.Item]bool, len(items))
	for _, item := range items {
		has[item] = hasAll(found, item)
	}
	return has, nil
}

// closeTogether splits items into groups that lie within one span of time.
func closeTogether(items []*ship.Item) (groups [][]*ship.Item) {
	sorted := slices.Clone(items)
	slices.SortFunc(sorted, func(a, b *ship.Item) int { return a.Start().Compare(b.Start()) })
	first := 0
	for i := range sorted {
		if sorted[i].Start().Sub(sorted[first].Start()) > span {
			groups, first = append(groups, sorted[first:i]), i
		}
	}
	return append(groups, sorted[first:])
}

// within selects the rows of the time of items.
func within(items []*ship.Item) url.Values {
	from, to := startsOf(items)
	return url.Values{
		"fromStartTime": {milliseconds(from)},
		"toStartTime":   {milliseconds(to.Add(time.Millisecond))}, // not included
	}
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

// rows adds to found what the server has of a selection, page by page.
func (s *Sink) rows(ctx context.Context, query url.Values, found map[rowKey]bool) error {
	query.Set("fields", "core")
	query.Set("limit", strconv.Itoa(pageRows))
	for {
		answer, err := s.client.do(ctx, http.MethodGet, "api/public/v2/observations?"+query.Encode(), http.Header{}, nil)
		if err != nil {
			return err
		}
		if failure := answer.failure(); failure != nil {
			if busy(failure.Status) || failure.Class == ship.KeysRefused {
				failure.Err = fmt.Errorf("look up spans: %w", failure.Err)
				return failure
			}
			return fmt.Errorf("look up spans: %w: %w", ship.ErrCannotAsk, failure.Err)
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
		if err := json.Unmarshal(answer.body, &page); err != nil {
			return fmt.Errorf("look up spans: %w: %w", ship.ErrCannotAsk, err)
		}
		for _, row := range page.Data {
			found[rowKey{row.TraceID, row.ID}] = true
		}
		if page.Meta.Cursor == "" || len(page.Data) == 0 {
			return nil
		}
		query.Set("cursor", page.Meta.Cursor)
	}
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
