// Package kafka is the source for fleets whose logs already flow through Kafka:
// a member of a consumer group, which reads the partitions that the group gives
// it as lines.
//
// Partitions must be keyed by what runs the proxy (pod, host), so that the
// records of one request meet in one partition. Each key is a writer of its own
// (Line.Writer): its lines are never mixed with another's.
//
//	consumer, err := kafka.New(kafka.Config{Brokers: brokers, Topics: topics, Group: "tailer"})
//	err = consumer.Run(ctx, func(ctx context.Context, p *kafka.Partition) error {
//		for ctx.Err() == nil {
//			line, err := p.Next() // tailer.ErrPause: p.Wait
//			…
//		}
//		return p.Commit(context.WithoutCancel(ctx), low, resolved)
//	})
//
// Invariants:
//   - A line's position is its record's offset times 2^20, plus its number in the
//     record. Position.Source names topic and partition, whoever reads them.
//   - Offsets are committed by Commit and by nothing else: never on a timer, and
//     never ahead of it.
//   - A partition that is taken away in good order is kept until its reader has
//     returned, so that its last commit still counts.
//   - Memory is bounded: a partition whose reader is slow is paused.
//
// What a member delivered above the offset it committed stands beside that offset,
// as its metadata, for the next one (Resume). What it delivered after its last
// commit, before it was killed, is known to nobody but the receiver: the end of the
// partition at its assignment tells which records that may concern (Replayed).
//
// It does not know what a line means, and it does not create topics or keys.
// Brokers from 0.10 on; tested with Apache Kafka 4 and franz-go's kfake.
package kafka
