package push

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestServer takes what old and unusual senders write, and lets no more than so many in.
func TestServer(t *testing.T) {
	spool := &memory{}
	h, err := New(spool, Config{MaxBody: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Listen("127.0.0.1:0", h)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	say := func(request string) (status int) {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, request) // it may be refused before its end
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%.60q: %v", request, err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	for _, test := range []struct {
		name, request string
		status        int
	}{
		{"HTTP/1.0", "POST /lines?writer=a HTTP/1.0\r\nContent-Length: 3\r\n\r\none", 204},
		{"chunked", "POST /lines?writer=b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nt\n\r\n2\r\nwo\r\n0\r\n\r\n", 204},
		{"asks first", "POST /lines HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\nExpect: 100-continue\r\n\r\n", 413},
		{"long headers", "POST /lines HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n", 431},
		{"no POST", "GET /lines HTTP/1.1\r\nHost: x\r\n\r\n", 405},
	} {
		if got := say(test.request); got != test.status {
			t.Errorf("%s: status %d, want %d", test.name, got, test.status)
		}
	}
	if got, want := spool.String(), "a|0||one\nb|0||t\nb|0||wo\n"; got != want {
		t.Errorf("spooled %q, want %q", got, want)
	}
}

// TestBounded accepts one connection at a time.
func TestBounded(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBounded(listener, 1)
	for n := range 3 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		accepted, err := b.Accept()
		if err != nil || len(b.places) != 1 {
			t.Fatalf("connection %d: %v, %d places are taken", n, err, len(b.places))
		}
		_ = conn.Close()
		_, _ = accepted.Close(), accepted.Close()
	}
	b.places <- struct{}{}
	waits := make(chan error)
	go func() {
		_, err := b.Accept()
		waits <- err
	}()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-waits; !errors.Is(err, net.ErrClosed) {
		t.Errorf("when it is closed: %v", err)
	}
}
