package parse_test

import (
	"testing"
	"time"

	"tailer"
	"tailer/parse"
)

// TestDayCounter counts the midnights of logs that state no date.
func TestDayCounter(t *testing.T) {
	text := func(tod string) string { return tod + " - LiteLLM Proxy:DEBUG: x.py:1 - hello" }
	for _, test := range []struct {
		name  string
		lines []string
		end   string
		first string // "" where the log states its dates
	}{
		{"one day", []string{text("09:00:00"), text("10:00:00")}, "2026-11-23T10:00:05Z", "2026-11-23"},
		{"three nights", []string{text("23:00:00"), text("01:00:00"), text("22:00:00"), text("08:00:00"), "debris", text("06:00:00"), text("08:00:00")}, "2026-11-23T08:00:05Z", "2026-11-20"},
		{"written after midnight", []string{text("23:59:00")}, "2026-11-24T00:00:05Z", "2026-11-23"},
		{"a late writer", []string{text("00:00:01"), text("23:59:59"), text("00:00:02")}, "2026-11-23T00:01:00Z", "2026-11-23"},
		{"clocks set back", []string{text("02:59:00"), text("02:00:00")}, "2026-11-23T03:00:00Z", "2026-11-23"},
		{"empty", nil, "2026-11-23T10:00:05Z", "2026-11-23"},
		{"JSON record", []string{`{"message": "a", "level": "DEBUG", "timestamp": "2026-11-23T09:00:00.1"}`}, "2026-11-23T10:00:05Z", ""},
		{"a time in a record", []string{text("09:00:00") + " {'start_time': datetime.datetime(2026, 11, 23, 9, 0)}"}, "2026-11-23T10:00:05Z", ""},
		{"a provider's time", []string{text("09:00:00") + " ModelResponse(id='x', created=1795425189)"}, "2026-11-23T10:00:05Z", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			end, err := time.Parse(time.RFC3339, test.end)
			if err != nil {
				t.Fatal(err)
			}
			var days parse.DayCounter
			for _, line := range test.lines {
				if !days.Feed(&tailer.Line{Bytes: []byte(line)}) {
					if test.first != "" {
						t.Fatalf("%q states a date", line)
					}
					return
				}
			}
			if got := days.First(end).Format(time.DateOnly); got != test.first {
				t.Errorf("first day %s, want %q", got, test.first)
			}
		})
	}
	var days parse.DayCounter
	if days.Feed(&tailer.Line{Stamp: day}) {
		t.Error("a container's stamp is no date")
	}
}

// TestSilentDays sets the date right after days without a record: what was logged
// before the pause stays.
func TestSilentDays(t *testing.T) {
	clock := parse.NewClock(parse.ClockConfig{Location: time.UTC, Date: day})
	at := func(hour, minute int) time.Time {
		at, _ := clock.Text(hour, minute, 0, time.Time{})
		return at
	}
	first := at(9, 0)
	if move := clock.Anchor(first, day.Add(9*time.Hour)); move.By != 0 {
		t.Fatalf("move %+v", move)
	}
	before := at(9, 30)
	after := at(11, 0) // three days later
	late := at(11, 1)
	move := clock.Anchor(late, day.AddDate(0, 0, 3).Add(11*time.Hour+time.Minute))
	if move.By != 3*24*time.Hour || !move.Since.Equal(after) || !before.Before(move.Since) {
		t.Errorf("move %+v, want three days since %v", move, after)
	}
	if got, want := at(11, 2), day.AddDate(0, 0, 3).Add(11*time.Hour+2*time.Minute); !got.Equal(want) {
		t.Errorf("then %v, want %v", got, want)
	}
}

// TestSuggest believes a provider's time only where the day is a guess and the
// time of day agrees.
func TestSuggest(t *testing.T) {
	file := day.AddDate(0, 0, 5).Add(20 * time.Hour)
	for _, test := range []struct {
		name   string
		cfg    parse.ClockConfig
		stated time.Time
		want   time.Duration
	}{
		{"guess", parse.ClockConfig{ModTime: file}, day.Add(9*time.Hour + time.Minute), -5 * 24 * time.Hour},
		{"--date", parse.ClockConfig{Date: day}, day.AddDate(0, 0, 2).Add(9 * time.Hour), 0},
		{"cached answer", parse.ClockConfig{ModTime: file}, day.Add(4 * time.Hour), 0},
		{"no time", parse.ClockConfig{ModTime: file}, time.Unix(0, 0), 0},
	} {
		test.cfg.Location = time.UTC
		clock := parse.NewClock(test.cfg)
		at, _ := clock.Text(9, 0, 0, time.Time{})
		if move := clock.Suggest(at, test.stated); move.By != test.want {
			t.Errorf("%s: move %+v, want %v", test.name, move, test.want)
		}
		if test.want != 0 && clock.Source() != parse.DateAnswers {
			t.Errorf("%s: dates from %s", test.name, clock.Source())
		}
	}
}
