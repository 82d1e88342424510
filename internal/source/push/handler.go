package push

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	defaultMaxBody    = 64 << 20
	defaultConcurrent = 4
	retryAfter        = "5" // seconds
)

// Config bounds what a handler takes. The zero value takes from everybody.
type Config struct {
	Token      string       // that `Authorization: Bearer` must hold; "": none is asked for
	MaxBody    int64        // bytes of a body, decompressed; 0: 64 MiB
	Concurrent int          // bodies held at a time; more wait; 0: 4
	Logger     *slog.Logger // nil: silent
}

// String hides the token.
func (Config) String() string { return "push.Config" }

// GoString hides the token.
func (Config) GoString() string { return "push.Config" }

// LogValue hides the token.
func (Config) LogValue() slog.Value { return slog.StringValue("push.Config") }

// A Handler takes what shippers deliver. It is safe for concurrent use.
type Handler struct {
	spool  Spool
	cfg    Config
	places chan struct{}
	mux    *http.ServeMux
}

// New returns a handler that writes to spool.
func New(spool Spool, cfg Config) (*Handler, error) {
	if spool == nil {
		return nil, errors.New("push needs a spool")
	}
	if cfg.MaxBody < 0 || cfg.Concurrent < 0 {
		return nil, errors.New("push limits must not be negative")
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = defaultMaxBody
	}
	if cfg.Concurrent == 0 {
		cfg.Concurrent = defaultConcurrent
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Logger = cfg.Logger.With("component", "push")
	h := &Handler{spool: spool, cfg: cfg, places: make(chan struct{}, cfg.Concurrent), mux: http.NewServeMux()}
	h.mux.HandleFunc("POST /v1/logs", func(w http.ResponseWriter, r *http.Request) { h.take(w, r, fromOTLP) })
	h.mux.HandleFunc("POST /lines", func(w http.ResponseWriter, r *http.Request) { h.take(w, r, fromLines) })
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.cfg.Token != "" {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(token), []byte(h.cfg.Token)) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="tailer"`)
			http.Error(w, "a token is needed", http.StatusUnauthorized)
			return
		}
	}
	h.mux.ServeHTTP(w, r)
}

// errType says that a body is of no kind that is known.
var errType = errors.New("unknown content type")

// decoder reads a body of a media type. What it makes of it has at most limit bytes.
type decoder func(r *http.Request, kind string, body []byte, limit int64) ([]Entry, error)

func fromOTLP(_ *http.Request, kind string, body []byte, _ int64) ([]Entry, error) {
	switch kind {
	case "application/x-protobuf":
		return decodeOTLP(body, false)
	case "application/json":
		return decodeOTLP(body, true)
	}
	return nil, errType
}

func fromLines(r *http.Request, kind string, body []byte, limit int64) ([]Entry, error) {
	field, writer := r.URL.Query().Get("field"), r.URL.Query().Get("writer")
	switch kind {
	case "text/plain", "":
		return decodeText(body, writer, limit)
	case "application/json", "application/x-ndjson":
		return decodeJSON(body, field, writer, limit)
	}
	return nil, errType
}

// take reads one body and spools what it holds.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, decode decoder) {
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
	case <-r.Context().Done():
		return
	}
	body, err := h.read(r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && r.Header.Get("Content-Type") != "" {
		h.refuse(w, errType)
		return
	}
	entries, err := decode(r, kind, body, h.cfg.MaxBody)
	if err != nil {
		h.refuse(w, err)
		return
	}
	if len(entries) > 0 {
		if err := h.spool.Append(r.Context(), entries); err != nil {
			h.unavailable(w, err)
			return
		}
	}
	if kind == "application/x-protobuf" || strings.HasSuffix(r.URL.Path, "/logs") {
		w.Header().Set("Content-Type", kind)
		if kind == "application/json" {
			_, _ = io.WriteString(w, "{}") // ExportLogsServiceResponse: all was taken
		}
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// errTooLarge says that a body, or what is made of it, is longer than Config.MaxBody.
var errTooLarge = errors.New("body too large")

// read returns the whole body, decompressed.
func (h *Handler) read(r *http.Request) ([]byte, error) {
	var src io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(src)
		if err != nil {
			return nil, fmt.Errorf("body is not gzip: %w", err)
		}
		src = z
	case "zstd":
		z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(h.cfg.MaxBody)))
		if err != nil {
			return nil, fmt.Errorf("body is not zstd: %w", err)
		}
		defer z.Close()
		src = z
	default:
		return nil, errType
	}
	body, err := io.ReadAll(io.LimitReader(src, h.cfg.MaxBody+1))
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded), int64(len(body)) > h.cfg.MaxBody:
		return nil, errTooLarge
	case err != nil:
		return nil, fmt.Errorf("read body: %w", err)
	}
	return body, nil
}

// refuse answers a body that will never be taken.
func (h *Handler) refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	switch {
	case errors.Is(err, errTooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errType):
		status = http.StatusUnsupportedMediaType
	}
	h.cfg.Logger.Warn("delivery refused", "status", status, "err", err)
	http.Error(w, err.Error(), status)
}

// unavailable answers a body that may be taken later.
func (h *Handler) unavailable(w http.ResponseWriter, err error) {
	h.cfg.Logger.Warn("delivery not taken", "status", http.StatusServiceUnavailable, "err", err)
	w.Header().Set("Retry-After", retryAfter)
	http.Error(w, "try again later", http.StatusServiceUnavailable)
}
