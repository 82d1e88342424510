package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tailer/ship"
)

// What waits for a sink waits for its heir, but for what that one has, or waits for,
// itself. Other sinks are as before, and so is the file's order.
func TestAdopt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	db := openAt(t, path, Config{})
	const former, heir, other = "langfuse a", "langfuse b", "file:x"
	numbers := map[string]ship.Sinks{}
	for _, name := range []string{former, heir, other} {
		number, _, err := db.Sink(name)
		if err != nil {
			t.Fatal(err)
		}
		numbers[name] = ship.SinkSet(number)
	}
	changes := &ship.Changes{}
	for n, owing := range []ship.Sinks{
		numbers[former],
		numbers[former] | numbers[other],
		numbers[former], // 2: the heir has it
		numbers[former], // 3: it waits for the heir already
		numbers[other],
	} {
		e := entry(n)
		e.Owing = owing
		changes.Put = append(changes.Put, ship.Put{Entry: e, Payload: []byte{byte(n)}})
	}
	again := entry(3)
	again.Owing = numbers[heir]
	changes.Put = append(changes.Put, ship.Put{Entry: again, Payload: []byte{3}})
	changes.Done = append(changes.Done, ship.Done{Key: key(2), Sink: 1, At: time.Unix(7, 0)})
	if err := db.Commit(changes); err != nil {
		t.Fatal(err)
	}
	told, err := db.Waiting()
	if err != nil || len(told) != 3 || told[1].Sink != former || told[1].Items != 4 || told[1].Bytes != 6 || !told[1].Oldest.Equal(time.Unix(9, 0)) {
		t.Errorf("waiting: %+v, %v", told, err)
	}
	for _, want := range []int{4, 0} {
		if n, err := db.Adopt(former, heir); n != want || err != nil {
			t.Errorf("%d adopted, %v; want %d", n, err, want)
		}
	}
	if n, err := db.Adopt("nobody", heir); n != 0 || err != nil {
		t.Errorf("of a sink that never was: %d, %v", n, err)
	}
	if _, err := WaitingAt(path); !errors.Is(err, ErrInUse) {
		t.Errorf("while it is open: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	told, err = WaitingAt(path)
	if err != nil || len(told) != 2 || told[0].Sink != other || told[0].Items != 2 || told[1].Sink != heir || told[1].Items != 3 {
		t.Errorf("afterwards: %+v, %v", told, err)
	}
	db = openAt(t, path, Config{})
	want := map[uint64]ship.Sinks{1: numbers[heir], 2: numbers[heir] | numbers[other], 5: numbers[other], 6: numbers[heir]}
	for _, e := range waiting(t, db) {
		if e.Owing != want[e.Seq] {
			t.Errorf("item %d waits for %b, want %b", e.Seq, e.Owing, want[e.Seq])
		}
		delete(want, e.Seq)
	}
	if len(want) > 0 {
		t.Errorf("gone: %v", want)
	}
	if _, err := WaitingAt(path + ".none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
}
