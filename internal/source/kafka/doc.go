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
//		for {
//			line, err := p.Next() // io.EOF: the group took the partition away
//			…
//			err = p.Commit(ctx, low) // everything below is accepted
//		}
//	})
//
// Invariants:
//   - A line's position is its record's offset; End is the offset after it.
//     Position.Source names topic and partition, whoever reads them.
//   - Offsets are committed by Commit and by nothing else: never on a timer, and
//     never ahead of it.
//   - A partition that is taken away in good order is kept until its reader has
//     returned, so that what it commits last still counts.
//   - Memory is bounded: a partition whose reader is slow is paused.
//
// Which member has delivered what above the committed offset is not known to the
// next one. It is told the end of the partition as it took it over (Replayed):
// what was built of lines before that may be delivered already.
//
// It does not know what a line means, and it does not create topics or keys.
// Brokers from 0.10 on; tested with Apache Kafka 4 and franz-go's kfake.
package kafka
