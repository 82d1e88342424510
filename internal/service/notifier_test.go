package service_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tailer/internal/service"
)

// TestNotifier reads what systemd would.
func TestNotifier(t *testing.T) {
	dir, err := os.MkdirTemp("", "n") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "s")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	t.Setenv("NOTIFY_SOCKET", path)
	n := service.New()
	for _, step := range []struct {
		do   func()
		want string
	}{
		{n.Ready, "READY=1"}, {n.Reloading, "RELOADING=1"}, {n.Alive, "WATCHDOG=1"},
		{func() { n.Status("3 logs") }, "STATUS=3 logs"}, {n.Stopping, "STOPPING=1"},
	} {
		step.do()
		b := make([]byte, 100)
		if err := socket.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		size, err := socket.Read(b)
		if got := string(b[:size]); err != nil || got != step.want {
			t.Errorf("systemd is told %q, %v; want %q", got, err, step.want)
		}
	}
}

// TestNobody does nothing without a service manager.
func TestNobody(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	service.New().Ready()
}
