package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Server answers /metrics, /-/healthy and /-/ready.
type Server struct {
	http  *http.Server
	addr  string
	ready atomic.Bool
	ended chan error
}

const readHeaderTime = 5 * time.Second

// Listen serves m on address until Close. Anybody who can reach the address can
// read it: only loopback is taken. Port 0 is any free one.
func Listen(address string, m *Metrics) (*Server, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("metrics address %q: it must be HOST:PORT", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("metrics address %q: only loopback is served; put a proxy that asks for a password in front", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics: %w", err)
	}
	s := &Server{addr: listener.Addr().String(), ended: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { answer(w, true, "healthy") })
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.ready.Load(), "ready") })
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTime}
	go func() { s.ended <- s.http.Serve(listener) }()
	return s, nil
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

// SetReady says whether logs are being followed.
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
