package ship

import (
	"context"
	"net/http"
	"time"
)

const (
	// fewFailures is how often a sink may answer with a failure before it may be the
	// items that it does not like.
	fewFailures = 3
	// illWait is the longest pause between two tries of an item that is known to be ill.
	illWait = time.Hour
)

// ill is a group of items whose requests are answered with failures again and again,
// as a firewall does that does not like what one of them says. It is sent by itself,
// taking turns with others, and halved if they are taken and it is not. An item that
// is left alone so is put aside: see putAside.
type ill struct {
	parcels []*parcel // that wait to be sent, the others being in doubt or under way
	fails   int       // since it was halved last
	taken   int       // lane.taken when it failed last
}

// postpone puts back a batch whose request failed. Once its items have failed too often,
// they are a group of their own.
func (l *lane) postpone(ctx context.Context, batch []*parcel, failure *SendError) error {
	repeat := l.mayRepeat(ctx, failure)
	switch {
	case l.isBlameless(batch, failure, repeat):
		l.again(batch, repeat)
		return l.trouble(failure)
	case batch[0].ill == nil:
		others, suspects := l.suspect(batch)
		l.again(others, repeat)
		l.again(suspects, repeat)
		return l.trouble(failure)
	}
	group := batch[0].ill
	group.fails++
	proven := group.taken < l.taken // meanwhile the sink took something else
	group.taken = l.taken
	half := len(batch) / 2
	switch {
	case half == 0 && (proven || batch[0].tries > 0):
		if batch[0].tries == 0 {
			l.logger.Warn("an item is not taken while others are; it is tried again by itself, less and less often",
				"key", batch[0].entry.Key.String(), "status", failure.Status, "err", failure.Err)
		}
		return l.putAside(batch, failure, repeat)
	case half > 0 && (proven || group.fails >= fewFailures):
		for _, part := range [][]*parcel{batch[:half], batch[half:]} {
			l.join(&ill{taken: l.taken}, part)
			l.again(part, repeat)
		}
	default:
		l.again(batch, repeat)
	}
	if !proven {
		return l.trouble(failure)
	}
	l.pause = time.Now().Add(max(l.d.cfg.InitialWait, failure.RetryAfter))
	l.countFailure()
	return nil
}

// isBlameless tells whether a failure says nothing of what was sent: nobody was there,
// or it was too much at once. A request that ended without an answer is sent in smaller
// parts first, where that is safe.
func (l *lane) isBlameless(batch []*parcel, failure *SendError, repeat bool) bool {
	if failure.Status == 0 {
		return !failure.Unknown || repeat && len(batch) > 1
	}
	return failure.Status == http.StatusTooManyRequests
}

// suspect makes a group of those of a batch that have failed too often.
func (l *lane) suspect(batch []*parcel) (others, suspects []*parcel) {
	for _, p := range batch {
		if p.fails++; p.fails < fewFailures {
			others = append(others, p)
		} else {
			suspects = append(suspects, p)
		}
	}
	l.join(&ill{taken: l.taken}, suspects)
	return others, suspects
}

func (l *lane) join(group *ill, parcels []*parcel) {
	for _, p := range parcels {
		p.ill = group
	}
}

// queueIll lets parcels of one group wait for the group's turn.
func (l *lane) queueIll(parcels ...*parcel) {
	group := parcels[0].ill
	if len(group.parcels) == 0 {
		l.sick = append(l.sick, group)
	}
	group.parcels = append(group.parcels, parcels...)
}

func (l *lane) nextIll() []*parcel {
	if len(l.sick) == 0 {
		return nil
	}
	group := l.sick[0]
	l.sick = l.sick[1:]
	parcels := group.parcels
	group.parcels = nil
	return parcels
}

// next takes the batch that is to be sent. A group that is ill has its turn when
// something else was taken since its last, for then it can be told what ails, and
// after each other batch.
func (l *lane) next() []*parcel {
	if len(l.sick) > 0 && (l.illTurn || l.sick[0].taken < l.taken) {
		l.illTurn = false
		return l.nextIll()
	}
	if batch := l.nextWell(); len(batch) > 0 {
		l.illTurn = true
		return batch
	}
	return l.nextIll()
}
