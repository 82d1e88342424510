package langfuse

import (
	"context"
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
	found := wanted(items)
	note := func(row rowKey) {
		if _, asked := found[row]; asked {
			found[row] = true
		}
	}
	for _, group := range closeTogether(items) {
		if len(group) > byTrace {
			if err := s.rows(ctx, within(group), note); err != nil {
				return nil, err
			}
			continue
		}
		for _, item := range group {
			query := within([]*ship.Item{item})
			query.Set("traceId", item.TraceID())
			if err := s.rows(ctx, query, note); err != nil {
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

// wanted are the rows of items, none of them found yet: what others write in the same
// time need not be remembered.
func wanted(items []*ship.Item) map[rowKey]bool {
	rows := map[rowKey]bool{}
	for _, item := range items {
		for _, row := range keysOf(item) {
			rows[row] = false
		}
	}
	return rows
}

func hasAll(rows map[rowKey]bool, item *ship.Item) bool {
	return !slices.ContainsFunc(keysOf(item), func(row rowKey) bool { return !rows[row] })
}

// rowsShown is one page of rows.
type rowsShown struct {
	Data []struct {
		ID      string `json:"id"`
		TraceID string `json:"traceId"`
	} `json:"data"`
	Meta struct {
		Cursor string `json:"cursor"`
	} `json:"meta"`
}

// rows calls each for what the server has of a selection, page by page.
func (s *Sink) rows(ctx context.Context, query url.Values, each func(rowKey)) error {
	query.Set("fields", "core")
	query.Set("limit", strconv.Itoa(pageRows))
	for {
		page, err := s.page(ctx, query)
		if err != nil {
			return err
		}
		for _, row := range page.Data {
			each(rowKey{row.TraceID, row.ID})
		}
		if page.Meta.Cursor == "" || len(page.Data) == 0 {
			return nil
		}
		query.Set("cursor", page.Meta.Cursor)
	}
}

const (
	pageTries = 4 // of one page
	// pagePatience is how long a server may ask to wait for one page. Langfuse Cloud
	// counts requests by the minute.
	pagePatience = 2 * time.Minute
)

// page asks for one page. Where the server is busy in the middle of many, or says
// something that is no page, the same is asked for again: to begin anew would, under a
// limit of requests, never end.
func (s *Sink) page(ctx context.Context, query url.Values) (*rowsShown, error) {
	const path = "api/public/v2/observations?"
	for try := 1; ; try++ {
		page, err := s.askPage(ctx, path+query.Encode())
		var failure *ship.SendError
		transient := errors.As(err, &failure) && failure.Class == ship.Transient
		again := transient && query.Get("cursor") != "" || errors.Is(err, errNoPage)
		if err == nil || !again || try == pageTries || transient && failure.RetryAfter > pagePatience {
			return page, err
		}
		pause := firstPause << try
		if transient {
			pause = max(pause, failure.RetryAfter)
		}
		if err := rest(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// firstPause is half of the first wait for a page.
const firstPause = time.Second / 2

// errNoPage says that a success is none.
var errNoPage = errors.New("the answer holds no rows")

func (s *Sink) askPage(ctx context.Context, path string) (*rowsShown, error) {
	answer, err := s.client.do(ctx, http.MethodGet, path, http.Header{}, nil)
	if err != nil {
		return nil, err
	}
	if failure := answer.failure(); failure != nil {
		if tellsNothing(answer, failure) {
			failure.Err = fmt.Errorf("look up spans: %w", failure.Err)
			return nil, failure
		}
		return nil, fmt.Errorf("look up spans: %w: %w", ship.ErrCannotAsk, failure.Err)
	}
	var page rowsShown
	if err := json.Unmarshal(answer.body, &page); err != nil || page.Data == nil {
		return nil, fmt.Errorf("look up spans: %w: %w", ship.ErrCannotAsk, errNoPage)
	}
	return &page, nil
}

// tellsNothing reports whether a failure says nothing of what the server could show: it
// is busy, refuses the keys, or is not reached, for a proxy answers in its place. That
// there is no such way to read is what 404 says, by whomever.
func tellsNothing(answer *reply, failure *ship.SendError) bool {
	if failure.Status == http.StatusNotFound || failure.Status == http.StatusMethodNotAllowed {
		return false
	}
	return failure.Status < http.StatusBadRequest || failure.Class == ship.KeysRefused || busy(failure.Status) || answer.isPage()
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
