package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commitTime bounds one commit.
const commitTime = 10 * time.Second

// commit is what was committed last.
type commit struct {
	low      int64
	metadata string
}

// Commit tells the group that everything below position low is accepted, and which
// positions above it are resolved (ascending), and returns when the brokers know.
// It does nothing if they do already. ErrLost says that the partition is somebody
// else's.
func (p *Partition) Commit(ctx context.Context, low int64, resolved []int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	low /= unit // a record is accepted as a whole
	next := commit{low, packResolved(low*unit, resolved)}
	switch {
	case p.gone:
		return ErrLost
	case next == p.committed || low < p.committed.low:
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commitTime)
	defer cancel()
	if err := p.send(ctx, next); err != nil {
		return fmt.Errorf("commit %s: %w", p.source, err)
	}
	p.committed = next
	return nil
}

// send commits and reads what the coordinator says of it.
func (p *Partition) send(ctx context.Context, c commit) error {
	var failed error
	ctx = kgo.PreCommitFnContext(ctx, func(request *kmsg.OffsetCommitRequest) error {
		for i := range request.Topics {
			for j := range request.Topics[i].Partitions {
				request.Topics[i].Partitions[j].Metadata = &c.metadata
			}
		}
		return nil
	})
	offsets := map[string]map[int32]kgo.EpochOffset{p.at.topic: {p.at.partition: {Epoch: -1, Offset: c.low}}}
	p.client.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			failed = err
			return
		}
		for _, topic := range answer.Topics {
			for _, partition := range topic.Partitions {
				failed = errors.Join(failed, kerr.ErrorForCode(partition.ErrorCode))
			}
		}
	})
	if errors.Is(failed, kerr.IllegalGeneration) || errors.Is(failed, kerr.UnknownMemberID) || errors.Is(failed, kerr.FencedInstanceID) {
		return ErrLost
	}
	return failed
}
