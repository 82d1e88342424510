package parse_test

import (
	"testing"
	"time"

	"tailer/parse"
)

// readings are stamps of a log in order, and the instants that they mean.
type reading struct {
	text      string        // "15:04:05" of a text record
	json      string        // stamp of a JSON record
	container time.Time     // a container's stamp of the same line
	absolute  time.Time     // a time inside the record, told to the clock afterwards
	want      string        // RFC 3339; "": the stamp is none
	shift     time.Duration // by how much earlier times move, after absolute
}

func utc(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{} // the comparison then fails
	}
	return t
}

func TestClock(t *testing.T) {
	november := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name     string
		cfg      parse.ClockConfig
		readings []reading
		source   parse.DateSource
	}{
		{
			"one day", parse.ClockConfig{Location: time.UTC, Date: november},
			[]reading{
				{text: "09:00:00", want: "2026-11-23T09:00:00Z"},
				{text: "17:30:05", want: "2026-11-23T17:30:05Z"},
				{text: "17:30:04", want: "2026-11-23T17:30:04Z"},
			},
			parse.DateFlag,
		},
		{
			"past midnight", parse.ClockConfig{Location: time.UTC, Date: november},
			[]reading{
				{text: "23:59:59", want: "2026-11-23T23:59:59Z"},
				{text: "00:00:00", want: "2026-11-24T00:00:00Z"},
				{text: "12:00:00", want: "2026-11-24T12:00:00Z"},
				{text: "23:00:00", want: "2026-11-24T23:00:00Z"},
				{text: "00:30:00", want: "2026-11-25T00:30:00Z"},
			},
			parse.DateFlag,
		},
		{
			"a quiet night", parse.ClockConfig{Location: time.UTC, Date: november},
			[]reading{
				{text: "17:45:00", want: "2026-11-23T17:45:00Z"},
				{text: "08:00:00", want: "2026-11-24T08:00:00Z"}, // a log does not go back by hours
				{text: "12:30:00", want: "2026-11-24T12:30:00Z"},
				{text: "07:00:00", want: "2026-11-25T07:00:00Z"},
			},
			parse.DateFlag,
		},
		{
			"a record that is minutes late", parse.ClockConfig{Location: time.UTC, Date: november},
			[]reading{
				{text: "17:45:00", want: "2026-11-23T17:45:00Z"},
				{text: "17:41:00", want: "2026-11-23T17:41:00Z"},
				{text: "17:45:01", want: "2026-11-23T17:45:01Z"},
			},
			parse.DateFlag,
		},
		{
			"a late record from before midnight", parse.ClockConfig{Location: time.UTC, Date: november},
			[]reading{
				{text: "23:59:59", want: "2026-11-23T23:59:59Z"},
				{text: "00:00:01", want: "2026-11-24T00:00:01Z"},
				{text: "23:59:58", want: "2026-11-23T23:59:58Z"},
				{text: "00:00:02", want: "2026-11-24T00:00:02Z"},
			},
			parse.DateFlag,
		},
		{
			"new year", parse.ClockConfig{Location: time.UTC, Date: time.Date(2027, 12, 31, 0, 0, 0, 0, time.UTC)},
			[]reading{{text: "23:59:59", want: "2027-12-31T23:59:59Z"}, {text: "00:00:01", want: "2028-01-01T00:00:01Z"}},
			parse.DateFlag,
		},
		{
			"leap day", parse.ClockConfig{Location: time.UTC, Date: time.Date(2028, 2, 28, 0, 0, 0, 0, time.UTC)},
			[]reading{{text: "23:59:59", want: "2028-02-28T23:59:59Z"}, {text: "00:00:01", want: "2028-02-29T00:00:01Z"}},
			parse.DateFlag,
		},
		{
			"Tokyo, where it is tomorrow already", parse.ClockConfig{Location: tokyo, Date: time.Date(2026, 11, 24, 0, 0, 0, 0, tokyo)},
			[]reading{{text: "08:59:59", want: "2026-11-23T23:59:59Z"}, {text: "09:00:00", want: "2026-11-24T00:00:00Z"}},
			parse.DateFlag,
		},
		{
			"file time in Tokyo", parse.ClockConfig{Location: tokyo, ModTime: utc("2026-11-23T20:00:00Z")},
			[]reading{{text: "04:30:00", want: "2026-11-23T19:30:00Z"}},
			parse.DateModTime,
		},
		{
			"clocks go forward in Berlin", parse.ClockConfig{Location: berlin, Date: time.Date(2026, 3, 29, 0, 0, 0, 0, berlin)},
			[]reading{
				{text: "01:59:59", want: "2026-03-29T00:59:59Z"},
				{text: "03:00:00", want: "2026-03-29T01:00:00Z"},
				{text: "12:00:00", want: "2026-03-29T10:00:00Z"},
			},
			parse.DateFlag,
		},
		{
			"clocks go back in Berlin", parse.ClockConfig{Location: berlin, Date: time.Date(2026, 10, 25, 0, 0, 0, 0, berlin)},
			[]reading{
				{text: "01:30:00", want: "2026-10-24T23:30:00Z"},
				{text: "02:10:00", want: "2026-10-25T00:10:00Z"},
				{text: "02:50:00", want: "2026-10-25T00:50:00Z"},
				{text: "02:05:00", want: "2026-10-25T01:05:00Z"}, // the hour comes again
				{text: "02:50:00", want: "2026-10-25T01:50:00Z"},
				{text: "03:00:00", want: "2026-10-25T02:00:00Z"},
			},
			parse.DateFlag,
		},
		{
			"a late record in the hour that comes twice", parse.ClockConfig{Location: berlin, Date: time.Date(2026, 10, 25, 0, 0, 0, 0, berlin)},
			[]reading{
				{text: "02:50:00", want: "2026-10-25T00:50:00Z"},
				{text: "02:48:00", want: "2026-10-25T00:48:00Z"},
				{text: "02:58:00", want: "2026-10-25T00:58:00Z"},
				{text: "02:02:00", want: "2026-10-25T01:02:00Z"},
				{text: "02:01:00", want: "2026-10-25T01:01:00Z"},
			},
			parse.DateFlag,
		},
		{
			"clocks go back in Berlin, JSON", parse.ClockConfig{Location: berlin},
			[]reading{
				{json: "2026-10-25T02:59:59.999999", want: "2026-10-25T00:59:59.999999Z"},
				{json: "2026-10-25T02:00:00.000001", want: "2026-10-25T01:00:00.000001Z"},
				{json: "2026-10-25T02:59:59.000000", want: "2026-10-25T01:59:59Z"},
				{json: "2026-10-25T03:00:00.000000", want: "2026-10-25T02:00:00Z"},
			},
			parse.DateStamps,
		},
		{
			"clocks go forward in Berlin, JSON", parse.ClockConfig{Location: berlin},
			[]reading{{json: "2026-03-29T01:59:59.5", want: "2026-03-29T00:59:59.5Z"}, {json: "2026-03-29T03:00:00", want: "2026-03-29T01:00:00Z"}},
			parse.DateStamps,
		},
		{
			"a short step back is no change of clocks", parse.ClockConfig{Location: berlin, Date: time.Date(2026, 7, 1, 0, 0, 0, 0, berlin)},
			[]reading{{text: "14:50:00", want: "2026-07-01T12:50:00Z"}, {text: "14:00:00", want: "2026-07-01T12:00:00Z"}},
			parse.DateFlag,
		},
		{
			"a payload sets the date", parse.ClockConfig{Location: time.UTC, ModTime: utc("2026-12-01T12:00:00Z")},
			[]reading{
				{text: "09:00:00", want: "2026-12-01T09:00:00Z", absolute: utc("2026-11-23T08:59:58Z"), shift: -8 * 24 * time.Hour},
				{text: "09:00:01", want: "2026-11-23T09:00:01Z", absolute: utc("2026-11-23T09:00:00Z")},
				{text: "20:00:00", want: "2026-11-23T20:00:00Z"},
				{text: "00:00:01", want: "2026-11-24T00:00:01Z"},
			},
			parse.DateRecords,
		},
		{
			"a payload from before midnight sets no other date", parse.ClockConfig{Location: time.UTC, Date: november},
			[]reading{
				{text: "00:00:01", want: "2026-11-23T00:00:01Z", absolute: utc("2026-11-22T23:59:59Z")},
				{text: "00:00:02", want: "2026-11-23T00:00:02Z"},
			},
			parse.DateRecords,
		},
		{
			"a payload sets the date across the end of summer time", parse.ClockConfig{Location: berlin, ModTime: utc("2026-11-20T12:00:00Z")},
			[]reading{
				{text: "09:00:00", want: "2026-11-20T08:00:00Z", absolute: utc("2026-10-20T06:59:59Z"), shift: -31*24*time.Hour - time.Hour},
				{text: "09:00:01", want: "2026-10-20T07:00:01Z"},
			},
			parse.DateRecords,
		},
		{
			"a container tells day and time", parse.ClockConfig{Location: tokyo, ModTime: utc("2027-01-01T00:00:00Z")},
			[]reading{
				{text: "08:59:59", container: utc("2026-11-23T23:59:59.123456789Z"), want: "2026-11-23T23:59:59.123456789Z"},
				{text: "09:00:00", want: "2026-11-24T00:00:00Z"}, // a line that lost its envelope
			},
			parse.DateStamps,
		},
		{
			"no stamps", parse.ClockConfig{Location: time.UTC, Date: november},
			[]reading{
				{json: ""},
				{json: "2026-11-23"},
				{json: "2026-11-23T09:16"},
				{json: "2026-13-01T00:00:00"},
				{json: "2026-00-01T00:00:00"},
				{json: "2026-11-32T00:00:00"},
				{json: "2026-11-00T00:00:00"},
				{json: "2026-11-23T24:00:00"},
				{json: "2026-11-23T09:60:00"},
				{json: "1999-11-23T09:16:00"},
				{json: "3000-11-23T09:16:00"},
				{json: "2026/11/23T09:16:00"},
				{json: "2026-11-23T09.16.00"},
				{json: "yyyy-mm-ddThh:mm:ss"},
			},
			parse.DateFlag,
		},
		{
			"fractions", parse.ClockConfig{Location: time.UTC},
			[]reading{
				{json: "2026-11-23T09:16:01", want: "2026-11-23T09:16:01Z"},
				{json: "2026-11-23T09:16:01.5", want: "2026-11-23T09:16:01.5Z"},
				{json: "2026-11-23T09:16:01.000001", want: "2026-11-23T09:16:01.000001Z"},
				{json: "2026-11-23T09:16:01.123456789012", want: "2026-11-23T09:16:01.123456789Z"},
				{json: "2026-11-23 09:16:02", want: "2026-11-23T09:16:02Z"},
			},
			parse.DateStamps,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			clock := parse.NewClock(test.cfg)
			for i, r := range test.readings {
				got, ok := read(clock, r)
				if want := utc(r.want); !got.Equal(want) || ok != (r.want != "") {
					t.Errorf("reading %d: %v, %v; want %v", i+1, got, ok, want)
				}
				if r.absolute.IsZero() {
					continue
				}
				if shift := clock.Anchor(got, r.absolute).By; shift != r.shift {
					t.Errorf("reading %d: shift %v, want %v", i+1, shift, r.shift)
				}
			}
			if clock.Source() != test.source {
				t.Errorf("dates from %q, want %q", clock.Source(), test.source)
			}
		})
	}
}

func read(clock *parse.Clock, r reading) (time.Time, bool) {
	if r.text == "" {
		return clock.JSON([]byte(r.json))
	}
	tod, err := time.Parse(time.TimeOnly, r.text)
	if err != nil {
		return time.Time{}, false
	}
	at, _ := clock.Text(tod.Hour(), tod.Minute(), tod.Second(), r.container)
	return at, true
}

// TestCoarse says which times are exact to a second only.
func TestCoarse(t *testing.T) {
	clock := parse.NewClock(parse.ClockConfig{Location: time.UTC, Date: day})
	if _, coarse := clock.Text(9, 0, 0, time.Time{}); !coarse {
		t.Error("a text stamp is not coarse")
	}
	if _, coarse := clock.Text(9, 0, 0, day.Add(9*time.Hour)); !coarse {
		t.Error("a syslog stamp is not coarse")
	}
	if _, coarse := clock.Text(9, 0, 0, day.Add(9*time.Hour+time.Millisecond)); coarse {
		t.Error("a container's stamp is coarse")
	}
}

// TestClockAnchorsNothing leaves dates alone that the log states itself.
func TestClockAnchorsNothing(t *testing.T) {
	clock := parse.NewClock(parse.ClockConfig{Location: time.UTC})
	at, ok := clock.JSON([]byte("2026-11-23T09:00:00"))
	if !ok {
		t.Fatal("no stamp")
	}
	if shift := clock.Anchor(at, at.AddDate(0, 0, -3)).By; shift != 0 {
		t.Errorf("shift %v", shift)
	}
	clock = parse.NewClock(parse.ClockConfig{Location: time.UTC, Date: day})
	at, _ = clock.Text(9, 0, 0, time.Time{})
	if shift := clock.Anchor(at, time.Time{}).By; shift != 0 {
		t.Errorf("shift %v by no time", shift)
	}
	if shift := clock.Anchor(time.Time{}, at).By; shift != 0 {
		t.Errorf("shift %v of no time", shift)
	}
}

// FuzzClock reads any stamps in any order: no panic, no time outside of what
// stamps can say, and Last never goes back but by an anchor.
func FuzzClock(f *testing.F) {
	f.Add([]byte("\x00\x17\x3b\x3b\x00\x00\x00\x01"), "2026-10-25T02:00:00.000001", int64(1_795_425_360))
	f.Add([]byte("\x01\x02\x03\x04\x02\x02\x02\x02\x03\x00\x00\x00"), "2026-03-29T01:59:59", int64(0))
	f.Add([]byte{3, 255, 255, 255, 2, 0, 0, 0, 0, 23, 59, 59, 1, 0, 0, 0}, "2999-12-31T23:59:60", int64(-1))
	f.Fuzz(func(t *testing.T, steps []byte, stamp string, seconds int64) {
		for _, location := range []*time.Location{time.UTC, berlin, tokyo} {
			cfg := parse.ClockConfig{Location: location, Date: day}
			one, two := parse.NewClock(cfg), parse.NewClock(cfg)
			for i := 0; i+3 < len(steps) && i < 400; i += 4 {
				before := one.Last()
				got := step(one, steps[i:i+4], stamp, seconds)
				if again := step(two, steps[i:i+4], stamp, seconds); !got.Equal(again) {
					t.Fatalf("step %d: %v, then %v", i/4, got, again)
				}
				if !got.IsZero() && got.Location() != time.UTC {
					t.Fatalf("step %d: %v is not UTC", i/4, got)
				}
				if steps[i]%4 != 3 && one.Last().Before(before) {
					t.Fatalf("step %d: last time went from %v back to %v", i/4, before, one.Last())
				}
				if steps[i]%4 != 3 && got.After(one.Last()) {
					t.Fatalf("step %d: %v is later than the last time, %v", i/4, got, one.Last())
				}
			}
		}
	})
}

// step does one thing to a clock and returns the time that it gave.
func step(clock *parse.Clock, b []byte, stamp string, seconds int64) time.Time {
	at := time.Unix(seconds%(1<<36), int64(b[1])).UTC()
	switch b[0] % 4 {
	case 0:
		got, _ := clock.Text(int(b[1])%24, int(b[2])%60, int(b[3])%60, time.Time{})
		return got
	case 1:
		got, _ := clock.JSON([]byte(stamp))
		return got
	case 2:
		got, _ := clock.Text(int(b[1])%24, int(b[2])%60, int(b[3])%60, at)
		return got
	}
	clock.Anchor(clock.Last(), at)
	return time.Time{}
}
