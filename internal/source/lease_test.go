package source_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"tailer/internal/source"
)

// TestLender gives what comes to one reader after another, and loses nothing
// when the first is closed in the middle of a read.
func TestLender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		lender := source.NewLender(r)
		first := lender.Lease()
		read := func(from io.Reader, n int) string {
			t.Helper()
			b := make([]byte, n)
			n, err := from.Read(b)
			if err != nil {
				t.Error(err)
			}
			return string(b[:n])
		}
		go func() { _, _ = io.WriteString(w, "one two") }()
		if got := read(first, 3); got != "one" {
			t.Fatalf("read %q", got)
		}
		if got := read(first, 9); got != " two" {
			t.Fatalf("read %q", got)
		}
		ended := make(chan error)
		go func() {
			_, err := first.Read(make([]byte, 9))
			ended <- err
		}()
		synctest.Wait()
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil || errors.Is(err, io.EOF) {
			t.Errorf("a closed lease reads %v", err)
		}
		go func() {
			_, _ = io.WriteString(w, "three")
			_ = w.Close()
		}()
		rest, err := io.ReadAll(lender.Lease())
		if err != nil || string(rest) != "three" || strings.Contains(string(rest), "one") {
			t.Errorf("the second reader has %q, %v", rest, err)
		}
	})
}
