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

func ExampleShipper() {
	sink, err := NewFileSink("-", io.Discard)
	if err != nil {
		fmt.Println(err)
		return
	}
	shipper, err := New(sink, Config{
		DeadLetters: NewDeadLetters("dead.jsonl"),
		OnResolved: func(items []*Item, outcome Outcome) {
			for _, item := range items {
				fmt.Println(item.Token(), outcome)
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	exchange := &tailer.Exchange{CallID: "call-1", CallType: "acompletion", Start: time.Unix(1, 0), End: time.Unix(2, 0)}
	item, err := NewItem(otlp.Encode(exchange, otlp.Config{Version: "1.2.3"}), time.Now(), "lines 1 to 7")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := errors.Join(shipper.Deliver(ctx, item), shipper.Flush(ctx)); err != nil {
		fmt.Println(err)
	}
	// Output: lines 1 to 7 delivered
}
