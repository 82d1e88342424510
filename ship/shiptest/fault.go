package shiptest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

// Fault is what the server does instead of its work, for Times requests to Path.
type Fault struct {
	Path         string            // prefix; "": both ways to write
	After        int               // so many requests are let through first
	Times        int               // 0: once; less than 0: always
	Status       int               // answered; 0: none, the connection is cut
	Header       map[string]string // of the answer, such as Retry-After
	ContentType  string            // of Body; "": application/json
	Body         string            // of the answer
	AfterStoring bool              // do the work first, then fail
	Hang         bool              // do not answer before the client has gone
}

// answer is what the fault says instead.
func (f *Fault) answer() answer {
	if f.Hang {
		return answer{}
	}
	contentType := f.ContentType
	if contentType == "" {
		contentType = "application/json"
	}
	return answer{f.Status, contentType, f.Body}
}

// Fail adds a fault after those that are not used up.
func (s *Server) Fail(fault Fault) {
	if fault.Times == 0 {
		fault.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, fault)
}

// Heal removes all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) nextFault(path string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		fault := &s.faults[i]
		matches := strings.HasPrefix(path, fault.Path)
		if fault.Path == "" {
			matches = path == Traces || path == Ingestion
		}
		if !matches || fault.Times == 0 {
			continue
		}
		if fault.After > 0 {
			fault.After--
			continue
		}
		fault.Times-- // below zero it never comes to zero
		used := *fault
		return &used
	}
	return nil
}

// Transport answers without a network, on the caller's goroutine: for
// testing/synctest, whose clock stands still while a network is waited for.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ server *Server }

// RoundTrip calls the server's handler.
func (t transport) RoundTrip(request *http.Request) (response *http.Response, err error) {
	defer func() {
		cut := recover()
		if cut == nil {
			return
		}
		if abort, ok := cut.(error); !ok || !errors.Is(abort, http.ErrAbortHandler) {
			panic(cut) // a fault of the double itself
		}
		response, err = nil, io.ErrUnexpectedEOF
		if request.Context().Err() != nil {
			err = request.Context().Err()
		}
	}()
	if request.Body == nil {
		request.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	t.server.ServeHTTP(recorder, request)
	return recorder.Result(), nil
}
