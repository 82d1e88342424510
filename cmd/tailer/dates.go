package main

import (
	"errors"
	"io"
	"time"

	"tailer/internal/source"
	"tailer/parse"
)

// sourceConfig is how an input is read.
func (o *options) sourceConfig(in source.Input) source.Config {
	cfg := source.Config{Location: o.location, Year: o.year(), Before: in.ModTime}
	if in.Live() {
		cfg.Before = time.Now()
	}
	return cfg
}

// clockConfig is how the stamps of an input are read. Of a file that states no
// date the midnights are counted first, back from its name or its time.
func (o *options) clockConfig(in source.Input) parse.ClockConfig {
	cfg := parse.ClockConfig{Location: o.location, Date: o.date, ModTime: in.ModTime}
	if !o.date.IsZero() || in.Live() || in.ModTime.IsZero() {
		return cfg
	}
	days, guess := o.countDays(in)
	if !guess {
		return cfg
	}
	end := in.ModTime.In(o.location)
	cfg.GuessFrom = parse.DateModTime
	const copied = 36 * time.Hour // a log is rotated within a day
	if named := in.Day(); !named.IsZero() && end.Sub(named.Add(24*time.Hour)).Abs() > copied {
		end, cfg.GuessFrom = named.Add(24*time.Hour-time.Second), parse.DateName
	}
	cfg.Guess = days.First(end)
	return cfg
}

// countDays reads an input up to where it states a date; guess is false if it does.
// What is wrong with the input shows again when it is read.
func (o *options) countDays(in source.Input) (days parse.DayCounter, guess bool) {
	lines, err := source.Open(in, nil, o.sourceConfig(in))
	if err != nil {
		return days, false
	}
	defer func() { _ = lines.Close() }()
	for {
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return days, true
		}
		if err != nil || !days.Feed(line) {
			return days, false
		}
	}
}
