package source_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tailer/internal/source"
	"tailer/state"
)

// fakeDocker is the part of Docker Engine's API that gives a container's log.
type fakeDocker struct {
	mu    sync.Mutex
	id    string
	tty   bool
	log   []logged
	asked []string
	cut   chan struct{} // closed to end all connections
}

type logged struct {
	stamp  time.Time
	stream byte
	text   string
}

func startDocker(t *testing.T) (*fakeDocker, string) {
	t.Helper()
	d := &fakeDocker{id: "c1", cut: make(chan struct{})}
	dir, err := os.MkdirTemp("", "docker") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: d}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return d, socket
}

func (d *fakeDocker) add(second int, stream byte, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log = append(d.log, logged{time.Date(2026, 11, 27, 12, 0, second, 123456789, time.UTC), stream, text})
}

func (d *fakeDocker) disconnect(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.cut)
	d.cut, d.id = make(chan struct{}), id
}

func (d *fakeDocker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked = append(d.asked, r.URL.String())
	id, cut := d.id, d.cut
	d.mu.Unlock()
	switch r.URL.Path {
	case "/containers/litellm/json":
		if id == "" {
			http.Error(w, `{"message":"No such container: litellm"}`, http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Id": id, "Config": map[string]any{"Tty": d.tty}})
		return
	case "/containers/" + id + "/logs":
	default:
		http.NotFound(w, r)
		return
	}
	var since time.Time
	if s := r.URL.Query().Get("since"); s != "" {
		var seconds, nanos int64
		_, _ = fmt.Sscanf(s, "%d.%09d", &seconds, &nanos)
		since = time.Unix(seconds, nanos)
	}
	w.WriteHeader(http.StatusOK)
	for n := 0; ; {
		d.mu.Lock()
		pending := slices.Clone(d.log[n:])
		n = len(d.log)
		d.mu.Unlock()
		for _, l := range pending {
			if l.stamp.Before(since) {
				continue
			}
			text := l.stamp.Format("2006-01-02T15:04:05.000000000Z07:00") + " " + l.text
			if !d.tty {
				head := [8]byte{l.stream}
				binary.BigEndian.PutUint32(head[4:], uint32(len(text)))
				_, _ = w.Write(head[:])
			}
			_, _ = w.Write([]byte(text))
		}
		w.(http.Flusher).Flush()
		select {
		case <-cut:
			return
		case <-r.Context().Done():
			return
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// TestDocker follows a container through a lost connection, its replacement under
// the same name, and a restart.
func TestDocker(t *testing.T) {
	d, socket := startDocker(t)
	c, err := source.NewDocker(socket, "litellm", nil, source.FollowConfig{})
	if err != nil {
		t.Fatal(err)
	}
	tracker := state.NewTracker()
	stream := c.Stream()
	want := func(lines ...string) {
		t.Helper()
		if got := linesOf(t, stream, tracker, len(lines)); !slices.Equal(got, lines) {
			t.Fatalf("read %q, want %q", got, lines)
		}
	}
	d.add(1, 1, "one\n")
	d.add(1, 2, "error\n")
	d.add(2, 1, "a long line, ")
	d.add(2, 2, "of the other stream\n")
	d.add(2, 1, "in two pieces\n")
	want("one", "error", "of the other stream", "a long line, in two pieces")
	d.disconnect("")
	d.add(2, 1, "while away\n")
	d.add(3, 1, "three\n")
	d.disconnect("c2")
	want("while away", "three")
	saved := c.Checkpoints(tracker)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	d.add(3, 1, "while stopped\n")
	if c, err = source.NewDocker(socket, "litellm", saved, source.FollowConfig{}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	stream, tracker = c.Stream(), state.NewTracker()
	tracker.Resume(saved[0].Source, saved[0].Offset, nil)
	d.add(4, 1, "four\n")
	want("while stopped", "four")
	if !slices.ContainsFunc(d.asked, func(u string) bool { return strings.Contains(u, "/containers/c2/logs") }) {
		t.Errorf("the new container was not asked: %q", d.asked)
	}
}

// TestDockerTerminal follows a container that has a terminal, from its end.
func TestDockerTerminal(t *testing.T) {
	d, socket := startDocker(t)
	d.tty = true
	c, err := source.NewDocker(socket, "litellm", nil, source.FollowConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	d.add(1, 1, "one\r\n")
	d.add(2, 1, "two\r\n")
	if got := linesOf(t, c.Stream(), state.NewTracker(), 2); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("read %q", got)
	}
}

// journalctl writes a program that plays journalctl: it puts out the entries of
// its folder behind the cursor it is given, and notes how it was called.
func journalctl(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "journalctl")
	script := `#!/bin/sh
echo "$@" >> "` + dir + `/calls"
after=0
for arg; do
	case $arg in --after-cursor=*) after=${arg#*cursor=s};; esac
done
n=$((after + 1))
while :; do
	if [ -f "` + dir + `/$n" ]; then
		cat "` + dir + `/$n"
		n=$((n + 1))
	else
		[ -f "` + dir + `/die" ] && rm "` + dir + `/die" && echo "journal is rotated" >&2 && exit 1
		sleep 0.02
	fi
done
`
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeEntry(t *testing.T, dir string, n int, message string) {
	t.Helper()
	text := fmt.Sprintf("__CURSOR=s%d\n__REALTIME_TIMESTAMP=%d\n_STREAM_ID=a\n", n, 1795425189000000+n)
	if strings.Contains(message, "\n") {
		text += "MESSAGE\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(message)))) + message + "\n"
	} else {
		text += "MESSAGE=" + message + "\n"
	}
	path := filepath.Join(dir, fmt.Sprint(n))
	if err := os.WriteFile(path+".tmp", []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		t.Fatal(err)
	}
}

// TestJournald follows a unit through the end of journalctl and a restart, and is
// not taken in by a message that imitates an entry.
func TestJournald(t *testing.T) {
	dir := t.TempDir()
	program := journalctl(t, dir)
	c, err := source.NewJournald(program, "litellm.service", nil, source.FollowConfig{})
	if err != nil {
		t.Fatal(err)
	}
	tracker := state.NewTracker()
	stream := c.Stream()
	want := func(lines ...string) {
		t.Helper()
		if got := linesOf(t, stream, tracker, len(lines)); !slices.Equal(got, lines) {
			t.Fatalf("read %q, want %q", got, lines)
		}
	}
	writeEntry(t, dir, 1, "one")
	writeEntry(t, dir, 2, "two\n__CURSOR=s99\n\nMESSAGE=forged")
	want("one", "two", "__CURSOR=s99", "", "MESSAGE=forged")
	if err := os.WriteFile(filepath.Join(dir, "die"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	writeEntry(t, dir, 3, "three")
	want("three")
	saved := c.Checkpoints(tracker)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if saved[0].Cursor != "s3" {
		t.Fatalf("the cursor is %q", saved[0].Cursor)
	}
	writeEntry(t, dir, 4, "four")
	if c, err = source.NewJournald(program, "litellm.service", saved, source.FollowConfig{}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	stream, tracker = c.Stream(), state.NewTracker()
	tracker.Resume(saved[0].Source, saved[0].Offset, nil)
	want("four")
	calls, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil || !strings.Contains(string(calls), "--unit=litellm.service") || !strings.Contains(string(calls), "--after-cursor=s3") {
		t.Errorf("journalctl was called with %q, %v", calls, err)
	}
}
