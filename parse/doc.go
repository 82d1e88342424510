// Package parse turns the lines of a LiteLLM proxy's log into records. It does
// no I/O, starts no goroutine and asks no clock but the one it is given.
//
// A Parser is fed line by line and hands out a record when it is complete:
//
//	p := parse.New(parse.NewClock(parse.ClockConfig{Location: time.UTC}))
//	for _, record := range p.Feed(line) { … }
//	for _, record := range p.Flush() { … }
//
// What it relies on:
//
//   - a record starts at the beginning of a line, or in the middle of one only
//     where no quoted text could have put it;
//   - of a JSON record only message, level and timestamp are trusted;
//   - the kind of a record is told by the first words of its message, never by
//     words inside it: prompts contain anything.
//
// Text that fits nothing is counted, never guessed at. Package pyrepr reads the
// Python that LiteLLM prints.
package parse
