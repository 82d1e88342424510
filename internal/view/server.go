package view

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"sync"
	"time"

	"tailer/internal/page"
	"tailer/ship/sqlite"
)

// Server shows one store. Its Handler may be used concurrently.
type Server struct {
	cfg   Config
	pages http.Handler
	store *store
	live  *live
}

// New checks the configuration. ErrToken: strangers could read.
func New(cfg Config) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, store: &store{path: cfg.Store}}
	s.live = newLive(&s.cfg, s.store)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.report)
	mux.HandleFunc("GET /report.json", s.reportJSON)
	mux.HandleFunc("GET /report.csv", s.reportCSV)
	mux.HandleFunc("GET /requests", s.list)
	mux.HandleFunc("GET /requests/{trace}/{span}", s.request)
	mux.HandleFunc("GET /requests/{trace}/{span}/otlp.json", s.spans)
	mux.HandleFunc("POST /logout", logout)
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusSeeOther) })
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		s.told(page.WriteMessage(w, "Nothing here", "There is no such page."))
	})
	s.pages = s.guard(mux)
	return s, nil
}

// Handler answers requests.
func (s *Server) Handler() http.Handler { return s.pages }

// Run listens until ctx ends. It returns when all that it started has ended, nil
// if it was told to stop.
func (s *Server) Run(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.cfg.Listen, err)
	}
	server := &http.Server{
		Handler: s.pages, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	s.cfg.Logger.Info("viewer listens", "address", "http://"+listener.Addr().String(), "store", s.cfg.Store)
	s.live.prepare()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(server.Shutdown(last), <-ended)
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	s.Close()
	return err
}

// Close ends what goes on in the background, and the reading of the store.
func (s *Server) Close() {
	s.live.close()
	s.store.close()
}

// told logs what a page could not be told to a browser for.
func (s *Server) told(err error) {
	if err != nil {
		s.cfg.Logger.Debug("page not written", "err", err)
	}
}

// fail says that a page cannot be shown, to the browser and in the log.
func (s *Server) fail(w http.ResponseWriter, err error) {
	if errors.Is(err, context.Canceled) {
		return // the browser has gone
	}
	s.cfg.Logger.Error("store not read", "err", err)
	w.WriteHeader(http.StatusInternalServerError)
	s.told(page.WriteMessage(w, "The store cannot be read", "tailer's log says why. The next try may go well."))
}

// store opens the reader when the file is there.
type store struct {
	path   string
	mu     sync.Mutex
	reader *sqlite.Reader // guarded by mu; nil until the file is there
}

// open returns the reader; nil without an error when there is no store yet.
func (s *store) open(ctx context.Context) (*sqlite.Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader != nil {
		return s.reader, nil
	}
	reader, err := sqlite.OpenReader(ctx, s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // no store is not a failure
	}
	s.reader = reader
	return reader, err
}

func (s *store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader != nil {
		_ = s.reader.Close() // it was only read
		s.reader = nil
	}
}

// advice says what to do when there is no store.
func (s *Server) advice() string {
	return "There is no store at " + s.cfg.Store + ". `tailer run` makes it when no Langfuse is configured; `tailer backfill --to sqlite:" + s.cfg.Store + " FILE` fills it from logs. Then load this page again."
}
