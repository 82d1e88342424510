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
	s.api = apiFor(version)
	s.logger.Info("langfuse server found", "version", version, "api", s.api)
	return s.api, nil
}

// forget makes the next Send look at the server again: it is not what it was.
func (s *Sink) forget() {
	if s.cfg.API == APIAuto {
		s.api = ""
	}
}

// apiFor is the way to write that a version of Langfuse takes: v2 and v3 before
// 3.22 have no OTLP end point, v4 takes nothing else. Who does not tell the
// version (a gateway that hides /health) is taken to be new.
func apiFor(version string) string {
	const firstOTLPMinor = 22
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return APIOTLP
	}
	minor := 0
	if len(parts) > 1 {
		minor, _ = strconv.Atoi(parts[1]) // "3.x" is an old 3
	}
	if major < 3 || (major == 3 && minor < firstOTLPMinor) {
		return APIIngestion
	}
	return APIOTLP
}

// elsewhere adds to a 404 or 405 what it means, and looks at the server again.
func (s *Sink) elsewhere(failure *ship.SendError, path string) {
	if failure.Status == http.StatusNotFound || failure.Status == http.StatusMethodNotAllowed {
		failure.Err = fmt.Errorf("no %s on this server: check the base URL: %w", path, failure.Err)
		s.forget()
	}
}
