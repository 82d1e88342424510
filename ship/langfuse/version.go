package langfuse

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"tailer/ship"
)

// Version asks the server for its version, such as "3.225.4". It needs no valid
// keys. It is "" when something answers that does not tell.
func (s *Sink) Version(ctx context.Context) (string, error) {
	answer, err := s.client.do(ctx, http.MethodGet, "api/public/health", http.Header{}, nil)
	if err != nil {
		return "", fmt.Errorf("ask langfuse for its version: %w", err)
	}
	var health struct {
		Version string `json:"version"`
	}
	// An unhealthy server (503) tells its version too.
	if !answer.isPage() && json.Unmarshal(answer.body, &health) == nil && health.Version != "" {
		return health.Version, nil
	}
	if failure := answer.failure(); failure != nil && busy(failure.Status) {
		return "", fmt.Errorf("ask langfuse for its version: %w", failure)
	}
	return "", nil
}

func busy(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

// choose returns the way to write, which it finds out once.
func (s *Sink) choose(ctx context.Context) (string, error) {
	if s.api != "" {
		return s.api, nil
	}
	if s.cfg.API != APIAuto {
		s.api = s.cfg.API
		return s.api, nil
	}
	version, err := s.Version(ctx)
	if err != nil {
		return "", err
	}
	s.version, s.api = version, apiFor(version)
	s.logger.Info("langfuse server found", "version", version, "api", s.api)
	return s.api, nil
}

// forget makes the next Send look at the server again: it is not what it was.
func (s *Sink) forget() {
	s.version = ""
	if s.cfg.API == APIAuto {
		s.api = ""
	}
}

// apiFor is the way to write that a version of Langfuse takes: v2 and v3 before
// 3.22 have no OTLP end point, v4 takes nothing else. Who does not tell the
// version (a gateway that hides /health) is taken to be new.
func apiFor(version string) string {
	const first, firstMinor = 3, 22
	n := major(version)
	if n == 0 || n > first {
		return APIOTLP
	}
	_, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	if m, err := strconv.Atoi(minor); n == first && err == nil && m >= firstMinor {
		return APIOTLP
	}
	return APIIngestion
}

// major is the first number of a version, 0 when it has none.
func major(version string) int {
	text, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// elsewhere adds to a 404 or 405 what it means, and looks at the server again.
func (s *Sink) elsewhere(failure *ship.SendError, path string) {
	if failure.Status == http.StatusNotFound || failure.Status == http.StatusMethodNotAllowed {
		failure.Err = fmt.Errorf("no %s on this server: check the base URL: %w", path, failure.Err)
		s.forget()
	}
}
