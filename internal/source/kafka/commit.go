package kafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commit sends one offset and reads what the coordinator says of it.
func (p *Partition) commit(ctx context.Context, low int64) error {
	var failed error
	offsets := map[string]map[int32]kgo.EpochOffset{p.at.topic: {p.at.partition: {Epoch: -1, Offset: low}}}
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
