package langfuse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tailer/ship"
)

// maxIngestion is in bytes. The server's limit is 4.5 MiB; Langfuse's own SDK v2
// keeps to this, and events repeat the input of their span.
const maxIngestion = 2_500_000

// group is a part of the items that makes one ingestion request.
type group struct {
	items []*ship.Item
	ids   map[string]*ship.Item // event id → item
	body  []byte
}

// ingest sends items by JSON ingestion, in several requests if they are large.
func (s *Sink) ingest(ctx context.Context, items []*ship.Item) error {
	groups, err := s.groups(items)
	if err != nil {
		return err
	}
	failed := make(map[*ship.Item]*ship.SendError)
	for i, g := range groups {
		err := s.post(ctx, g, failed)
		var failure *ship.SendError
		switch {
		case err == nil:
		case i == 0 || !errors.As(err, &failure):
			return err
		default:
			// What came before is delivered. The rest comes again, and then its
			// refusal concerns a request of its own.
			for _, rest := range groups[i:] {
				for _, item := range rest.items {
					failed[item] = &ship.SendError{Status: failure.Status, RetryAfter: failure.RetryAfter, Err: failure.Err}
				}
			}
			return &ship.PartialError{Failed: failed}
		}
	}
	if len(failed) > 0 {
		return &ship.PartialError{Failed: failed}
	}
	return nil
}

func (s *Sink) groups(items []*ship.Item) ([]*group, error) {
	var groups []*group
	var last *group
	for _, item := range items {
		events := s.events(item)
		if len(events) == 0 { // nothing to add: that is delivered
			continue
		}
		text, err := marshalEvents(events)
		if err != nil {
			return nil, err
		}
		if last == nil || len(last.body)+len(text) > maxIngestion {
			last = &group{ids: make(map[string]*ship.Item), body: []byte(`{"batch":[`)}
			groups = append(groups, last)
		} else {
			last.body = append(last.body, ',')
		}
		last.body = append(last.body, text...)
		last.items = append(last.items, item)
		for _, e := range events {
			last.ids[e.ID] = item
		}
	}
	for _, g := range groups {
		g.body = append(g.body, "]}"...)
	}
	return groups, nil
}

// marshalEvents writes events with commas between them.
func marshalEvents(events []event) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for i, e := range events {
		if i > 0 {
			out.Truncate(out.Len() - 1) // the encoder's newline
			out.WriteByte(',')
		}
		if err := encoder.Encode(e); err != nil {
			return nil, fmt.Errorf("encode event %s: %w", e.Type, err)
		}
	}
	out.Truncate(max(out.Len()-1, 0))
	return out.Bytes(), nil
}

// post sends one group and adds the items that were not stored to failed. The
// body must not be gzipped: the server (v2 to v4) does not inflate it.
func (s *Sink) post(ctx context.Context, g *group, failed map[*ship.Item]*ship.SendError) error {
	const path = "api/public/ingestion"
	answer, err := s.client.do(ctx, http.MethodPost, path, http.Header{
		"Content-Type":           {"application/json"},
		"X-Langfuse-Sdk-Name":    {"tailer"},
		"X-Langfuse-Sdk-Version": {s.cfg.Version},
		"X-Langfuse-Public-Key":  {s.cfg.PublicKey},
	}, g.body)
	if err != nil {
		return err
	}
	if failure := answer.failure(); failure != nil {
		s.elsewhere(failure, path)
		return failure
	}
	return s.readOutcomes(answer, g, failed)
}

// outcomes is the body of a 207 (Langfuse v2 to v4): what became of each event.
type outcomes struct {
	Successes []struct {
		ID string `json:"id"`
	} `json:"successes"`
	Errors []struct {
		ID      string `json:"id"`
		Status  int    `json:"status"`
		Message string `json:"message"`
		Error   any    `json:"error"`
	} `json:"errors"`
}

// readOutcomes counts an item as delivered when all of its events are. A 400 is
// for ever; anything else, silence included, is not.
func (s *Sink) readOutcomes(answer *reply, g *group, failed map[*ship.Item]*ship.SendError) error {
	var said outcomes
	if err := json.Unmarshal(answer.body, &said); err != nil {
		return &ship.SendError{Status: answer.status, Err: fmt.Errorf("decode ingestion answer: %w", err)}
	}
	open := make(map[string]*ship.Item, len(g.ids))
	for id, item := range g.ids {
		open[id] = item
	}
	for _, success := range said.Successes {
		delete(open, success.ID)
	}
	for _, item := range open {
		failed[item] = &ship.SendError{Status: answer.status, Err: errors.New("server did not confirm every event")}
	}
	for _, e := range said.Errors {
		item := g.ids[e.ID]
		if item == nil {
			continue
		}
		failure := &ship.SendError{Status: e.Status, Err: errors.New(ship.OneLine(eventReason(e.Message, e.Error)))}
		switch {
		case strings.Contains(e.Message, "Event type not accepted"):
			failure.Err = errors.New("langfuse v4 takes no traces by JSON ingestion: set the api to auto or otlp")
			s.forget()
			if s.cfg.Mode == ModeUpsert {
				return errNoUpsert
			}
		case e.Status == http.StatusBadRequest:
			failure.Class = ship.Refused
		}
		if before := failed[item]; before == nil || before.Class != ship.Refused {
			failed[item] = failure
		}
	}
	return nil
}

// eventReason joins the kind of a refusal with its details, which tell the field.
func eventReason(message string, details any) string {
	if text, ok := details.(string); ok && text != "" && text != message {
		return message + ": " + text
	}
	return message
}
