package ship

import (
	"bytes"
	"slices"
	"testing"

	"tailer/ship/otlp"
)

func TestItemRestored(t *testing.T) {
	first := newItem(t, "a")
	again, err := RestoreItem(first.Payload(), first.At(), first.Token())
	if err != nil {
		t.Fatal(err)
	}
	want := otlp.AppendLine(nil, first.Spans())
	if got := otlp.AppendLine(nil, again.Spans()); !bytes.Equal(got, want) || again.TraceID() != first.TraceID() {
		t.Errorf("got %s, want %s", got, want)
	}
	joined := slices.Concat(first.Payload(), again.Payload())
	if _, err := RestoreItem(joined, first.At(), nil); err == nil {
		t.Error("two exchanges in one item: accepted")
	}
	if _, err := RestoreItem([]byte("no protobuf"), first.At(), nil); err == nil {
		t.Error("garbage: accepted")
	}
}
