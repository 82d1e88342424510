package shiptest

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// The keys that a Server accepts. They are made up.
const (
	PublicKey = "pk-lf-test"
	SecretKey = "sk-lf-test"
)

// The paths that a Server knows.
const (
	Health    = "/api/public/health"
	Traces    = "/api/public/otel/v1/traces"
	Ingestion = "/api/public/ingestion"
	Rows      = "/api/public/v2/observations"
)

// visibleAfter is how long a stored span cannot be read yet, if ShowAfter does not
// say otherwise.
const visibleAfter = 2 * time.Second

// Request is one request as it came, and its answer.
type Request struct {
	Path   string
	Header http.Header
	Bytes  int // on the wire
	Status int // 0: none, the connection was cut
	At     time.Time
}

// Server is the double. All methods may be called concurrently.
type Server struct {
	URL  string
	http *httptest.Server

	mu       sync.Mutex // guards all below
	version  string
	maxBytes int
	hidden   time.Duration
	poison   map[string]int
	faults   []Fault
	requests []Request
	spans    map[string]int
	stored   []*tracepb.ResourceSpans
	events   map[string]int
	bodies   []Event

	book      book // what the read API shows
	dual      bool
	retention int               // days
	projects  map[string]string // public key → project, of keys besides the first pair
}

// New starts a server that says it is of the given version, such as "3.225.4".
func New(version string) *Server {
	s := &Server{version: version, hidden: visibleAfter, poison: map[string]int{}, spans: map[string]int{}, events: map[string]int{}}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Close stops the server.
func (s *Server) Close() { s.http.Close() }

// Upgrade changes the version while the server runs.
func (s *Server) Upgrade(version string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version = version
}

// AddKey makes another key pair valid, with SecretKey, of a project: "project-1" is that
// of PublicKey. All of them write into one book.
func (s *Server) AddKey(public, project string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.projects == nil {
		s.projects = map[string]string{}
	}
	s.projects[public] = project
}

// projectOf is whose the keys of a request are, "" if they are nobody's.
func (s *Server) projectOf(r *http.Request) string {
	public, secret, _ := r.BasicAuth()
	switch {
	case secret != SecretKey:
		return ""
	case public == PublicKey:
		return "project-1"
	}
	return s.projects[public]
}

// ShowAfter makes stored spans readable only after so long.
func (s *Server) ShowAfter(hidden time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = hidden
}

// Limit answers 413 to bodies of more than n bytes on the wire; 0: no limit.
func (s *Server) Limit(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.maxBytes = n
}

// Poison refuses everything of one trace (lower hex): by OTLP the whole request
// with 400, by ingestion each event with status.
func (s *Server) Poison(traceID string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.poison[traceID] = status
}

// Spans tells how often each span was stored, by "<trace id>/<span id>".
func (s *Server) Spans() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.spans)
}

// Stored are the spans in the order of storing.
func (s *Server) Stored() []*tracepb.ResourceSpans {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.stored)
}

// Events tells how often each event was stored, by its id.
func (s *Server) Events() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.events)
}

// Bodies are the events in the order of storing.
func (s *Server) Bodies() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

// Requests are all requests so far, to all paths.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// answer is what the server is about to say.
type answer struct {
	status      int
	contentType string
	body        string
}

func text(status int, body string) answer {
	return answer{status, "text/plain; charset=utf-8", body}
}

func object(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return text(http.StatusInternalServerError, err.Error())
	}
	return answer{status, "application/json; charset=utf-8", string(body)}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the way of net/http to cut a connection
	}
	request := Request{Path: r.URL.Path, Header: r.Header.Clone(), Bytes: len(body), At: time.Now()}
	fault := s.nextFault(r.URL.Path)
	said := answer{}
	if fault == nil || fault.AfterStoring {
		said = s.handle(r, body)
	}
	if fault != nil {
		said = fault.answer()
		for name, value := range fault.Header {
			w.Header().Set(name, value)
		}
	}
	request.Status = said.status
	s.mu.Lock()
	s.requests = append(s.requests, request)
	s.mu.Unlock()
	if fault != nil && fault.Hang {
		<-r.Context().Done()
	}
	if said.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", said.contentType)
	w.WriteHeader(said.status)
	_, _ = io.WriteString(w, said.body) // a client that went away is no fault of ours
}

func (s *Server) handle(r *http.Request, body []byte) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.maxBytes > 0 && len(body) > s.maxBytes {
		return text(http.StatusRequestEntityTooLarge, "Body exceeded "+strconv.Itoa(s.maxBytes)+" bytes limit")
	}
	if said, handled := s.read(r, body); handled {
		return said
	}
	switch {
	case r.URL.Path == Health:
		return object(http.StatusOK, map[string]string{"status": "OK", "version": s.version})
	case r.URL.Path == Traces && s.major() == "2", r.URL.Path != Traces && r.URL.Path != Ingestion:
		return object(http.StatusNotFound, map[string]string{"message": "This page could not be found"})
	case r.Method != http.MethodPost:
		return object(http.StatusMethodNotAllowed, map[string]string{"message": "Method not allowed"})
	}
	if s.projectOf(r) == "" {
		return object(http.StatusUnauthorized, map[string]string{"error": "UnauthorizedError", "message": "Invalid credentials"})
	}
	if r.URL.Path == Traces {
		return s.export(r, body)
	}
	return s.ingest(r, body)
}

func (s *Server) major() string {
	major, _, _ := strings.Cut(s.version, ".")
	return major
}

func refuse(reason string) answer {
	return object(http.StatusBadRequest, map[string]string{"error": reason})
}

// export takes OTLP in protobuf, whole or not at all.
func (s *Server) export(r *http.Request, body []byte) answer {
	const newest = 4
	if version := r.Header.Get("X-Langfuse-Ingestion-Version"); version != "" {
		if n, err := strconv.Atoi(version); err != nil || n > newest {
			return refuse("Unsupported x-langfuse-ingestion-version: " + version)
		}
	}
	if r.Header.Get("Content-Type") != "application/x-protobuf" {
		return refuse("Invalid content type")
	}
	if r.Header.Get("Content-Encoding") == "gzip" {
		zip, err := gzip.NewReader(strings.NewReader(string(body)))
		if err == nil {
			body, err = io.ReadAll(zip)
		}
		if err != nil {
			return refuse("Failed to decompress request body")
		}
	}
	var export tracepb.TracesData
	if proto.Unmarshal(body, &export) != nil {
		return refuse("Failed to parse OTel Protobuf Trace")
	}
	var ids []string
	var spans []named
	for _, group := range export.GetResourceSpans() {
		for _, scope := range group.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				trace, id := fmt.Sprintf("%x", span.GetTraceId()), fmt.Sprintf("%x", span.GetSpanId())
				if len(trace) != 32 || len(id) != 16 {
					return refuse("traceId and spanId are required. The entire export was rejected.")
				}
				if s.poison[trace] != 0 {
					return refuse("span cannot be processed. The entire export was rejected.")
				}
				ids = append(ids, trace+"/"+id)
				spans = append(spans, named{span, scope.GetScope().GetName()})
			}
		}
	}
	for i, span := range spans {
		s.spans[ids[i]]++
		s.book.keepSpan(span.Span, span.scope, s.major() == "4")
	}
	s.stored = append(s.stored, export.GetResourceSpans()...)
	return object(http.StatusOK, struct{}{})
}
