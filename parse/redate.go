package parse

import (
	"time"

	"github.com/tidwall/gjson"

	"tailer"
)

// anchor sets the clock by the absolute time in a record.
func (p *Parser) anchor(r *tailer.Record) {
	p.redate(r, p.clock.Anchor(r.Time, latest(r.Call.End, r.Call.Start)))
}

// redate moves what was dated wrongly.
func (p *Parser) redate(r *tailer.Record, move Move) {
	if move.By == 0 {
		return
	}
	p.records = append(p.records, tailer.Record{Kind: tailer.KindRedate, Shift: move.By, Since: move.Since})
	r.Time = r.Time.Add(move.By)
}

// created sets the clock by the provider's own word on when it answered, where
// the day is a guess.
func (p *Parser) created(r *tailer.Record) {
	if at := gjson.GetBytes(r.Call.Response, "created"); at.Type == gjson.Number {
		if created := time.Unix(at.Int(), 0).UTC(); isPossible(created) {
			p.redate(r, p.clock.Suggest(r.Time, created))
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return a
}
