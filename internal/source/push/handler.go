package push

import (
	"bytes"
	"context"
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
	defaultMaxBody = 64 << 20
	// forOthers is what there is room for besides one body of the largest size, as a
	// part of it.
	forOthers  = 4
	maxWindow  = 32 << 20 // bytes that zstd may look back
	retryAfter = "5"      // seconds
)

// Config bounds what a handler takes. The zero value takes from everybody.
type Config struct {
	Token   string       // that `Authorization: Bearer` must hold; "": none is asked for
	MaxBody int64        // bytes of a body, as it comes, decompressed, and as its entries are kept; 0: 64 MiB
	Logger  *slog.Logger // nil: silent
}

// String hides the token.
func (Config) String() string { return "push.Config" }

// GoString hides the token.
func (Config) GoString() string { return "push.Config" }

// LogValue hides the token.
func (Config) LogValue() slog.Value { return slog.StringValue("push.Config") }

// A Handler takes what shippers deliver. It is safe for concurrent use.
type Handler struct {
	spool Spool
	cfg   Config
	room  *room
	turn  chan struct{} // held by the one whose body is being decompressed and decoded
	mux   *http.ServeMux
}

// New returns a handler that writes to spool.
func New(spool Spool, cfg Config) (*Handler, error) {
	if spool == nil {
		return nil, errors.New("push needs a spool")
	}
	if cfg.MaxBody < 0 {
		return nil, errors.New("push limits must not be negative")
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = defaultMaxBody
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Logger = cfg.Logger.With("component", "push")
	h := &Handler{spool: spool, cfg: cfg, turn: make(chan struct{}, 1), mux: http.NewServeMux()}
	h.room = newRoom(cfg.MaxBody + max(cfg.MaxBody/forOthers, firstPiece))
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

// decoder adds the entries of a body of a media type to out.
type decoder func(r *http.Request, kind string, body []byte, out *frames) error

func fromOTLP(_ *http.Request, kind string, body []byte, out *frames) error {
	switch kind {
	case "application/x-protobuf":
		return decodeOTLP(body, out)
	case "application/json":
		return decodeOTLPJSON(body, out)
	}
	return errType
}

func fromLines(r *http.Request, kind string, body []byte, out *frames) error {
	field, writer := r.URL.Query().Get("field"), r.URL.Query().Get("writer")
	switch kind {
	case "text/plain", "":
		return decodeText(body, writer, out)
	case "application/json", "application/x-ndjson":
		return decodeJSON(body, field, writer, out)
	}
	return errType
}

// take reads one body and spools what it holds.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, decode decoder) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && r.Header.Get("Content-Type") != "" {
		h.refuse(w, errType)
		return
	}
	if r.ContentLength > h.cfg.MaxBody {
		h.refuse(w, errTooLarge) // before all of it comes
		return
	}
	body, taken, err := h.room.read(r.Context(), r.Body, h.cfg.MaxBody)
	defer h.room.give(taken)
	if err == nil {
		err = h.keep(r, kind, body, decode)
	}
	var unreadable *badBody
	switch {
	case err == nil:
		h.confirm(w, r, kind)
	case errors.As(err, &unreadable), errors.Is(err, errTooLarge), errors.Is(err, errType):
		h.refuse(w, err)
	default:
		h.unavailable(w, err) // the sender was cut off, or there is no room
	}
}

// badBody says that a body will never be taken.
type badBody struct{ error }

// keep spools what a body holds. One body at a time: what is made of it may be much
// larger. None waits for its sender here.
func (h *Handler) keep(r *http.Request, kind string, body []byte, decode decoder) error {
	wait, cancel := context.WithTimeout(r.Context(), roomFor)
	defer cancel()
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-wait.Done():
		return errCrowded
	}
	body, err := h.unpack(r.Header.Get("Content-Encoding"), body)
	if err != nil {
		return err
	}
	out := newFrames(len(body), h.cfg.MaxBody)
	if err := decode(r, kind, body, out); err != nil {
		if errors.Is(err, errTooLarge) || errors.Is(err, errType) {
			return err
		}
		return &badBody{err}
	}
	if len(out.bytes) == 0 {
		return nil
	}
	return h.spool.Append(r.Context(), out.bytes)
}

// confirm says that all was taken.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request, kind string) {
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

// unpack returns a body decompressed.
func (h *Handler) unpack(encoding string, body []byte) ([]byte, error) {
	var src io.Reader
	switch encoding {
	case "", "identity":
		return body, nil
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, &badBody{fmt.Errorf("body is not gzip: %w", err)}
		}
		src = z
	case "zstd":
		z, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(uint64(h.cfg.MaxBody)), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, &badBody{fmt.Errorf("body is not zstd: %w", err)}
		}
		defer z.Close()
		src = z
	default:
		return nil, errType
	}
	out, err := io.ReadAll(io.LimitReader(src, h.cfg.MaxBody+1))
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded), int64(len(out)) > h.cfg.MaxBody:
		return nil, errTooLarge
	case err != nil:
		return nil, &badBody{fmt.Errorf("decompress body: %w", err)}
	}
	return out, nil
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
