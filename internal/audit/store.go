package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// defaultHeld is how many requests are in memory: some 25 MB.
const defaultHeld = 50_000

// store keeps requests by the hour of their start. Beyond max in memory they wait
// in one file for each hour, in a folder of its own.
type store struct {
	parent string
	max    int

	dir   string // "" until something was spilled
	held  map[int64][]Request
	count int            // of held
	sizes map[int64]int  // requests of each hour, wherever they are
	files map[int64]bool // hours that have a file
}

func newStore(parent string, most int) *store {
	if most <= 0 {
		most = defaultHeld
	}
	return &store{parent: parent, max: most, held: map[int64][]Request{}, sizes: map[int64]int{}, files: map[int64]bool{}}
}

// hourOf is the hour of a time, counted from 1970.
func hourOf(t time.Time) int64 {
	seconds := t.Unix()
	hour := seconds / 3600
	if seconds < hour*3600 {
		hour--
	}
	return hour
}

func timeOf(hour int64) time.Time { return time.Unix(hour*3600, 0).UTC() }

func (s *store) add(r *Request) error {
	hour := hourOf(r.Start)
	s.held[hour] = append(s.held[hour], r.own())
	s.sizes[hour]++
	if s.count++; s.count <= s.max {
		return nil
	}
	return s.spill()
}

// hours are all hours with requests, in order.
func (s *store) hours() []int64 { return slices.Sorted(maps.Keys(s.sizes)) }

// spill writes all that is in memory to files.
func (s *store) spill() error {
	if s.dir == "" {
		dir, err := os.MkdirTemp(s.parent, "tailer-audit-")
		if err != nil {
			return fmt.Errorf("make folder for the audit: %w", err)
		}
		s.dir = dir
	}
	for _, hour := range slices.Sorted(maps.Keys(s.held)) {
		if err := s.spillHour(hour); err != nil {
			return err
		}
	}
	clear(s.held)
	s.count = 0
	return nil
}

func (s *store) path(hour int64) string {
	return filepath.Join(s.dir, strconv.FormatInt(hour, 10)+".jsonl")
}

func (s *store) spillHour(hour int64) (err error) {
	const private = 0o600
	file, err := os.OpenFile(s.path(hour), os.O_APPEND|os.O_CREATE|os.O_WRONLY, private)
	if err != nil {
		return fmt.Errorf("keep requests for the audit: %w", err)
	}
	defer func() {
		if closing := file.Close(); err == nil && closing != nil {
			err = fmt.Errorf("keep requests for the audit: %w", closing)
		}
	}()
	s.files[hour] = true
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	for i := range s.held[hour] {
		if err := encoder.Encode(&s.held[hour][i]); err != nil {
			return fmt.Errorf("keep requests for the audit: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("keep requests for the audit: %w", err)
	}
	return nil
}

// load returns the requests of an hour in the order of their start.
func (s *store) load(hour int64) ([]Request, error) {
	requests := make([]Request, 0, s.sizes[hour])
	if s.files[hour] {
		file, err := os.Open(s.path(hour))
		if err != nil {
			return nil, fmt.Errorf("read requests of the audit: %w", err)
		}
		defer func() { _ = file.Close() }() // read-only: nothing is lost
		in := json.NewDecoder(bufio.NewReader(file))
		for {
			var r Request
			err := in.Decode(&r)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, fmt.Errorf("read requests of the audit: %w", err)
			}
			requests = append(requests, r)
		}
	}
	requests = append(requests, s.held[hour]...)
	slices.SortStableFunc(requests, func(a, b Request) int { return a.Start.Compare(b.Start) })
	return requests, nil
}

// forget lets go of an hour that was judged.
func (s *store) forget(hour int64) error {
	s.count -= len(s.held[hour])
	delete(s.held, hour)
	if !s.files[hour] {
		return nil
	}
	delete(s.files, hour)
	if err := os.Remove(s.path(hour)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove requests of the audit: %w", err)
	}
	return nil
}

func (s *store) close() error {
	if s.dir == "" {
		return nil
	}
	dir := s.dir
	s.dir = ""
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove folder of the audit: %w", err)
	}
	return nil
}
