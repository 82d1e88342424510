package ship

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"tailer"
	"tailer/ship/otlp"
)

func ExampleDelivery() {
	sink, err := NewFileSink("-", io.Discard)
	if err != nil {
		fmt.Println(err)
		return
	}
	delivery, err := New(Config{
		DeadLetters: NewDeadLetters("dead.jsonl"),
		OnResolved:  func(token any, outcome Outcome) { fmt.Println(token, outcome) },
	}, Target{Name: "stdout", Sink: sink})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- delivery.Run(ctx) }()

	exchange := &tailer.Exchange{CallID: "call-1", CallType: "acompletion", Start: time.Unix(1, 0), End: time.Unix(2, 0)}
	item, err := NewItem(otlp.Encode(exchange, otlp.Config{Version: "1.2.3"}), time.Now(), "lines 1 to 7")
	if err == nil {
		err = errors.Join(delivery.Deliver(ctx, item), delivery.Flush(ctx))
	}
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		fmt.Println(err)
	}
	// Output: lines 1 to 7 delivered
}
