package push

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"tailer/internal/loopback"
)

const (
	headerTime = 5 * time.Second
	bodyTime   = 2 * time.Minute
	idleTime   = time.Minute
	closeTime  = 5 * time.Second
	maxHeader  = 16 << 10 // bytes
	maxSenders = 500      // connections at a time; more wait
)

// A Server serves a Handler until Close.
type Server struct {
	http  *http.Server
	addr  string
	ended chan error
}

// Listen serves handler on address. Without a token, only loopback is taken. Port
// 0 is any free one.
func Listen(address string, handler *Handler) (*Server, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("http address %q: it must be HOST:PORT", address)
	}
	if handler.cfg.Token == "" && !loopback.Host(host) {
		return nil, fmt.Errorf("http address %q: any but loopback needs token_file", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for deliveries: %w", err)
	}
	s := &Server{
		http: &http.Server{Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader},
		addr: listener.Addr().String(), ended: make(chan error, 1),
	}
	go func() { s.ended <- s.http.Serve(newBounded(listener, maxSenders)) }()
	return s, nil
}

// Addr returns host and port.
func (s *Server) Addr() string { return s.addr }

// Close takes what is under way, but for no longer than 5 s, and nothing more.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close() // its sender was not answered, so it comes again
	}
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// bounded is a listener that accepts so many connections at a time.
type bounded struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newBounded(l net.Listener, most int) *bounded {
	return &bounded{Listener: l, places: make(chan struct{}, most), closed: make(chan struct{})}
}

// Accept implements net.Listener.
func (b *bounded) Accept() (net.Conn, error) {
	select {
	case b.places <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	conn, err := b.Listener.Accept()
	if err != nil {
		<-b.places
		return nil, err
	}
	return &placed{Conn: conn, leave: sync.OnceFunc(func() { <-b.places })}, nil
}

// Close implements net.Listener.
func (b *bounded) Close() error {
	b.once.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

// placed is a connection that gives its place back.
type placed struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (p *placed) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
