package source

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benchLog is a log in which, as in a proxy's DEBUG log, most lines are short and
// most bytes are in long lines.
func benchLog() []string {
	var log []string
	long := strings.Repeat(`{'role': 'user', 'content': "some words of text, again and again, without an end"}, `, 450)
	for i := range 4000 {
		log = append(log, `{"message": "litellm.proxy.proxy_server.py::startup() - CHECKING \"PREMIUM\" USER - False and some more words", "level": "DEBUG", "timestamp": "2026-11-23T09:13:09.058163"}`)
		if i%90 == 0 {
			log = append(log, long)
		}
	}
	return log
}

func benchmarkLog(b *testing.B, log string) {
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		drainReader(b, Input{Path: "-"}, strings.NewReader(log))
	}
}

func drainReader(b *testing.B, in Input, stdin io.Reader) {
	r, err := Open(in, stdin, Config{})
	if err != nil {
		b.Fatal(err)
	}
	for {
		if _, err := r.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkPlainFile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "app.log")
	log := bytes.Repeat([]byte(strings.Join(benchLog(), "\n")+"\n"), 32)
	if err := os.WriteFile(path, log, 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		drainReader(b, Input{Path: path}, nil)
	}
}

func BenchmarkDocker(b *testing.B) { benchmarkLog(b, strings.Repeat(dockerLog(split(benchLog())), 8)) }

func BenchmarkCRI(b *testing.B) { benchmarkLog(b, strings.Repeat(criLog(split(benchLog())), 8)) }

func BenchmarkGzip(b *testing.B) {
	log := strings.Repeat(strings.Join(benchLog(), "\n")+"\n", 8)
	packed := gzipped(b, log)
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		drainReader(b, Input{Path: "-"}, bytes.NewReader(packed))
	}
}
