package metrics

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tailer/internal/loopback"
)

// Server answers /metrics, /-/healthy and /-/ready.
type Server struct {
	http  *http.Server
	addr  string
	ready atomic.Bool
	began time.Time
	beat  atomic.Int64 // when there was progress last, ns since began
	ended chan error
}

const readHeaderTime = 5 * time.Second

// Listen serves m on address until Close. With a token, who asks for metrics must
// bear it; without one, only loopback is taken. Port 0 is any free one.
func Listen(address, token string, m *Metrics) (*Server, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("metrics address %q: it must be HOST:PORT", address)
	}
	if token == "" && !loopback.Host(host) {
		return nil, fmt.Errorf("metrics address %q: any but loopback needs metrics.token_file", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	s := &Server{addr: listener.Addr().String(), began: time.Now(), ended: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", guarded(token, promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.healthy(time.Since(s.began)), "healthy") })
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.ready.Load(), "ready") })
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTime}
	go func() { s.ended <- s.http.Serve(listener) }()
	return s, nil
}

// guarded lets through who bears the token.
func guarded(token string, next http.Handler) http.Handler {
	if token == "" {
		return next
	}
	want := sha256.Sum256([]byte("Bearer " + token)) // of one length, whatever is sent
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the token of metrics.token_file is needed", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, yes bool, word string) {
	if !yes {
		http.Error(w, "not "+word, http.StatusServiceUnavailable)
		return
	}
	_, _ = fmt.Fprintln(w, word) // who asked may have gone
}

// Addr returns host and port.
func (s *Server) Addr() string { return s.addr }

// silence is how long there may be no progress: longer than a watchdog waits.
const silence = 3 * time.Minute

// Alive says that there is progress.
func (s *Server) Alive() { s.beat.Store(int64(time.Since(s.began))) }

// healthy tells whether there was progress not long before a time since began.
func (s *Server) healthy(at time.Duration) bool { return at-time.Duration(s.beat.Load()) < silence }

// SetReady says whether logs are being followed, and their places saved.
func (s *Server) SetReady(ready bool) { s.ready.Store(ready) }

// Close ends the server, and waits for answers that are under way for a second.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	if served := <-s.ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
