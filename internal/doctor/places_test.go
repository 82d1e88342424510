package doctor_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tailer/internal/doctor"
)

func ids(findings []doctor.Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, f.ID)
	}
	return out
}

func TestOpenWebUI(t *testing.T) {
	const on = "ENABLE_FORWARD_USER_INFO_HEADERS=true\n"
	for _, test := range []struct {
		name, text string
		values     map[string]string
		want       []string
		fixed      string
	}{
		{"good", on, map[string]string{"ENABLE_FORWARD_USER_INFO_HEADERS": "True"}, nil, on},
		{"off", "A=b\n", nil, []string{"owui-forward-off"}, "A=b\n" + on},
		{"one is not true", "# x\nexport ENABLE_FORWARD_USER_INFO_HEADERS=1\nA=b\n", map[string]string{"ENABLE_FORWARD_USER_INFO_HEADERS": "1"}, []string{"owui-forward-off"}, "# x\n" + on + "A=b\n"},
		{
			"renamed", on + "FORWARD_SESSION_INFO_HEADER_CHAT_ID=X-Session-ID\n",
			map[string]string{"ENABLE_FORWARD_USER_INFO_HEADERS": "true", "FORWARD_SESSION_INFO_HEADER_CHAT_ID": "X-Session-ID"},
			[]string{"owui-header-renamed"}, on + "# FORWARD_SESSION_INFO_HEADER_CHAT_ID=X-Session-ID\n",
		},
		{
			"renamed to its own name", on,
			map[string]string{"ENABLE_FORWARD_USER_INFO_HEADERS": "true", "FORWARD_USER_INFO_HEADER_USER_EMAIL": "x-openwebui-user-email"}, nil, on,
		},
		{"token", on, map[string]string{"ENABLE_FORWARD_USER_INFO_HEADERS": "true", "FORWARD_USER_INFO_HEADER_JWT_SECRET": "s3cret"}, []string{"owui-jwt"}, on},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := doctor.NewOpenWebUI("webui.env", []byte(test.text), test.values)
			if got := ids(w.Findings()); !slices.Equal(got, test.want) {
				t.Errorf("found %v, want %v", got, test.want)
			}
			if got := w.Fixed(); got != test.fixed {
				t.Errorf("corrected %q, want %q", got, test.fixed)
			}
		})
	}
}

func TestHost(t *testing.T) {
	dir := t.TempDir()
	private := filepath.Join(dir, "private")
	open := filepath.Join(dir, "open")
	for path, mode := range map[string]os.FileMode{private: 0o700, open: 0o755} {
		if err := os.Mkdir(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for path, mode := range map[string]os.FileMode{"private.log": 0o640, "open.log": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, path), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(dir, "docker.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for _, test := range []struct {
		name string
		look func(*doctor.Host)
		want []string
	}{
		{"private log", func(h *doctor.Host) { h.LogFile(filepath.Join(dir, "private.log")) }, nil},
		{"open log", func(h *doctor.Host) { h.LogFile(filepath.Join(dir, "open.log")) }, []string{"host-log-world"}},
		{"no log", func(h *doctor.Host) { h.LogFile(filepath.Join(dir, "none.log")) }, []string{"host-log-unreadable"}},
		{"private state", func(h *doctor.Host) { h.StateDir(private) }, nil},
		{"open state", func(h *doctor.Host) { h.StateDir(open) }, []string{"host-state-open"}},
		{"state to be made", func(h *doctor.Host) { h.StateDir(filepath.Join(private, "new")) }, nil},
		{"state that cannot be made", func(h *doctor.Host) { h.StateDir(filepath.Join(dir, "no", "such")) }, []string{"host-state"}},
		{"state is a file", func(h *doctor.Host) { h.StateDir(filepath.Join(dir, "open.log")) }, []string{"host-state"}},
		{"socket of root and its group", func(h *doctor.Host) { chmod(t, socket, 0o660); h.DockerSocket(socket) }, nil},
		{"socket of everybody", func(h *doctor.Host) { chmod(t, socket, 0o666); h.DockerSocket(socket) }, []string{"host-docker-world"}},
		{"no socket", func(h *doctor.Host) { h.DockerSocket(filepath.Join(dir, "none.sock")) }, []string{"host-docker-socket"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h doctor.Host
			test.look(&h)
			if got := ids(h.Findings()); !slices.Equal(got, test.want) {
				t.Errorf("found %v, want %v: %+v", got, test.want, h.Findings())
			}
		})
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestServer(t *testing.T) {
	now := time.Date(2026, time.November, 27, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		server doctor.Server
		first  time.Time
		want   []string
	}{
		{"good v4", doctor.Server{Version: "4.16.0", EventsOnly: true, API: "auto", Mode: "own"}, now, nil},
		{"good v3", doctor.Server{Version: "3.225.4", API: "auto", Mode: "upsert"}, now, nil},
		{"no answer", doctor.Server{Unreachable: errors.New("connection refused")}, now, []string{"langfuse-unreachable"}},
		{"wrong keys", doctor.Server{KeysRefused: true, Version: "4.16.0"}, now, []string{"langfuse-keys"}},
		{"v2", doctor.Server{Version: "2.95.12", API: "auto"}, now, []string{"langfuse-version"}},
		{"v2 by OTLP", doctor.Server{Version: "2.95.12", API: "otlp"}, now, []string{"langfuse-write-mode"}},
		{"early v3", doctor.Server{Version: "3.21.0", API: "auto"}, now, []string{"langfuse-version"}},
		{"v3 with OTLP", doctor.Server{Version: "3.22.0", API: "otlp"}, now, nil},
		{"v4 by ingestion", doctor.Server{Version: "4.16.0", EventsOnly: true, API: "ingestion"}, now, []string{"langfuse-write-mode"}},
		{"v4 dual by ingestion", doctor.Server{Version: "4.16.0", API: "ingestion"}, now, nil},
		{"v4 upsert", doctor.Server{Version: "4.16.0", EventsOnly: true, API: "auto", Mode: "upsert"}, now, []string{"langfuse-write-mode"}},
		{"younger than the retention", doctor.Server{Version: "4.16.0", RetentionDays: 30}, now.AddDate(0, 0, -29), nil},
		{"older than the retention", doctor.Server{Version: "4.16.0", RetentionDays: 30}, now.AddDate(0, 0, -30), []string{"langfuse-retention"}},
		{"no retention", doctor.Server{Version: "4.16.0"}, now.AddDate(-3, 0, 0), nil},
		{"version not told", doctor.Server{}, now, nil},
		{"both write", doctor.Server{Version: "4.16.0", Twice: 3}, now, []string{"langfuse-both-write"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := ids(test.server.Findings(test.first, now)); !slices.Equal(got, test.want) {
				t.Errorf("found %v, want %v", got, test.want)
			}
		})
	}
}
