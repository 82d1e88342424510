package langfuse

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tailer/ship"
	"tailer/ship/otlp"
	"tailer/ship/shiptest"
)

func TestSinkChooses(t *testing.T) {
	for _, test := range []struct {
		version, api, want string
	}{
		{"2.95.12", APIAuto, shiptest.Ingestion},
		{"3.21.9", APIAuto, shiptest.Ingestion},
		{"3.22.0", APIAuto, shiptest.Traces},
		{"3.225.4", "", shiptest.Traces},
		{"4.16.0", APIAuto, shiptest.Traces},
		{"3.225.4", APIIngestion, shiptest.Ingestion},
		{"3.1.0", APIOTLP, shiptest.Traces},
	} {
		t.Run(test.version+" "+test.api, func(t *testing.T) {
			server := newServer(t, test.version)
			sink := newSink(t, server, func(c *Config) { c.API = test.api })
			for range 2 {
				if err := sink.Send(context.Background(), newItems(t, 3)); err != nil {
					t.Fatal(err)
				}
			}
			health := 0
			for _, request := range server.Requests() {
				switch request.Path {
				case shiptest.Health:
					health++
				case test.want:
				default:
					t.Errorf("request to %s", request.Path)
				}
			}
			asks := 0
			if test.api == "" || test.api == APIAuto {
				asks = 1
			}
			if health != asks {
				t.Errorf("asked for the version %d times, want %d", health, asks)
			}
		})
	}
}

func TestAPIFor(t *testing.T) {
	for version, want := range map[string]string{
		"": APIOTLP, "unknown": APIOTLP, "v3.10.1": APIIngestion, "3": APIIngestion, "3.22": APIOTLP, "2.0.0-rc.1": APIIngestion,
		"4.0.0-beta": APIOTLP, "10.0.0": APIOTLP,
	} {
		if got := apiFor(version); got != want {
			t.Errorf("apiFor(%q) = %s, want %s", version, got, want)
		}
	}
}

func TestExportHeaders(t *testing.T) {
	server := newServer(t, "4.16.0")
	if err := newSink(t, server, nil).Send(context.Background(), newItems(t, 2)); err != nil {
		t.Fatal(err)
	}
	requests := server.Requests()
	header := requests[len(requests)-1].Header
	for name, want := range map[string]string{
		"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip", "User-Agent": "tailer/1.2.3",
		"X-Langfuse-Ingestion-Version": "4", "X-Langfuse-Sdk-Name": "tailer", "X-Langfuse-Sdk-Version": "1.2.3",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestStamping(t *testing.T) {
	server := newServer(t, "4.16.0")
	sink := newSink(t, server, func(c *Config) { c.Environment, c.Release = "prod", "r1" })
	item := newItem(t, 1)
	before := string(item.Payload())
	if err := sink.Send(context.Background(), []*ship.Item{item}); err != nil {
		t.Fatal(err)
	}
	for _, span := range server.Stored()[0].GetScopeSpans()[0].GetSpans() {
		a := readAttributes(span)
		if a.text[environmentKey] != "prod" || a.text[releaseKey] != "r1" {
			t.Errorf("%s: %v", span.GetName(), a.text)
		}
	}
	again, err := otlp.PayloadOf(item.Spans())
	if err != nil || string(again) != before {
		t.Errorf("the item was changed: %v", err)
	}
	events := sink.events(item)
	trace, ok := events[0].Body.(traceBody)
	if !ok || trace.Environment != "prod" || trace.Release != "r1" {
		t.Errorf("trace: %+v", events[0].Body)
	}
}

func TestAnswers(t *testing.T) {
	const page = "<html><body>sign in, please</body></html>"
	for _, test := range []struct {
		name  string
		fault shiptest.Fault
		class ship.Class
		after time.Duration
		says  string
	}{
		{name: "bad request", fault: shiptest.Fault{Status: 400, Body: `{"error":"no spanId"}`}, class: ship.Refused, says: "no spanId"},
		{name: "unprocessable", fault: shiptest.Fault{Status: 422}, class: ship.Refused, says: "unprocessable"},
		{name: "keys", fault: shiptest.Fault{Status: 401, Body: `{"message":"Invalid credentials"}`}, class: ship.KeysRefused, says: "Invalid credentials"},
		{name: "suspended", fault: shiptest.Fault{Status: 403, Body: `{"error":"ForbiddenError","message":"Ingestion suspended"}`}, class: ship.KeysRefused, says: "Ingestion suspended"},
		{name: "too large", fault: shiptest.Fault{Status: 413, ContentType: "text/plain", Body: "Body exceeded 4.5mb limit"}, class: ship.TooLarge, says: "4.5mb"},
		{name: "too large for nginx", fault: shiptest.Fault{Status: 413, ContentType: "text/html", Body: page}, class: ship.TooLarge, says: "HTML page"},
		{name: "rate limited", fault: shiptest.Fault{Status: 429, Header: map[string]string{"Retry-After": "7"}}, after: 7 * time.Second, says: "too many"},
		{name: "maintenance", fault: shiptest.Fault{Status: 503, Header: map[string]string{"Retry-After": "86400"}}, after: time.Hour, says: "unavailable"},
		{name: "server error", fault: shiptest.Fault{Status: 500, Body: `{"message":"Invalid request data","errors":["S3 down"]}`}, says: "Invalid request data"},
		{name: "time-out", fault: shiptest.Fault{Status: 408}, says: "timeout"},
		{name: "not there", fault: shiptest.Fault{Status: 404, Body: `{}`}, says: "check the base URL"},
		{name: "sign-in page", fault: shiptest.Fault{Status: 200, ContentType: "text/html; charset=utf-8", Body: page}, says: "HTML page"},
		{name: "firewall page", fault: shiptest.Fault{Status: 403, ContentType: "text/html", Body: page}, says: "HTML page"},
		{name: "bad request page", fault: shiptest.Fault{Status: 400, ContentType: "text/html", Body: page}, says: "HTML page"},
		{name: "cut off", fault: shiptest.Fault{}, says: "EOF"},
		{name: "words with line breaks", fault: shiptest.Fault{Status: 500, ContentType: "text/plain", Body: "a\nb\x1b[31m" + strings.Repeat("é", 400)}, says: "a b [31m"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, "3.225.4")
			sink := newSink(t, server, nil)
			server.Fail(test.fault)
			err := sink.Send(context.Background(), newItems(t, 1))
			var failure *ship.SendError
			if !errors.As(err, &failure) {
				t.Fatalf("got %v", err)
			}
			if failure.Class != test.class || failure.RetryAfter != test.after || failure.Status != test.fault.Status {
				t.Errorf("class %d, after %v, status %d", failure.Class, failure.RetryAfter, failure.Status)
			}
			if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "sign in") || len(err.Error()) > 1000 ||
				strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("says %q, want %q", err, test.says)
			}
			if errors.Is(err, ship.ErrKeysRefused) != (test.class == ship.KeysRefused) {
				t.Errorf("ErrKeysRefused: %v", err)
			}
		})
	}
}

func TestRetryAfterDate(t *testing.T) {
	date := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	if got := ship.RetryAfter(date); got < 80*time.Second || got > 90*time.Second {
		t.Errorf("got %v", got)
	}
	for _, value := range []string{"", "soon", "-5", "Mon, 02 Jan 2006 15:04:05 GMT"} {
		if got := ship.RetryAfter(value); got != 0 {
			t.Errorf("%q: got %v", value, got)
		}
	}
}

func TestHang(t *testing.T) {
	server := newServer(t, "4.16.0")
	sink := newSink(t, server, func(c *Config) { c.Timeout = 50 * time.Millisecond })
	if _, err := sink.choose(context.Background()); err != nil {
		t.Fatal(err)
	}
	server.Fail(shiptest.Fault{Hang: true, Times: 2})
	var failure *ship.SendError
	if err := sink.Send(context.Background(), newItems(t, 1)); !errors.As(err, &failure) || failure.Class != ship.Transient {
		t.Errorf("time-out: got %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := sink.Send(ctx, newItems(t, 1)); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &failure) {
		t.Errorf("caller's deadline: got %v", err)
	}
}

func TestRedirects(t *testing.T) {
	var leaked []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		leaked = append(leaked, r.Method+" "+r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	server := newServer(t, "4.16.0")
	for _, test := range []struct {
		name, to string
		status   int
		stored   bool
	}{
		{"other host", elsewhere.URL + shiptest.Traces, 307, false},
		{"other host, method lost", elsewhere.URL, 302, false},
		{"same host", shiptest.Traces, 308, true},
		{"same host, method lost", shiptest.Traces, 301, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			sink := newSink(t, server, nil)
			server.Fail(shiptest.Fault{Status: test.status, Header: map[string]string{"Location": test.to}})
			before := len(server.Stored())
			err := sink.Send(context.Background(), newItems(t, 1))
			if (err == nil) != test.stored || (len(server.Stored()) > before) != test.stored {
				t.Errorf("got %v", err)
			}
			var failure *ship.SendError
			if err != nil && (!errors.As(err, &failure) || failure.Class != ship.Transient || !strings.Contains(err.Error(), "redirected")) {
				t.Errorf("got %v", err)
			}
		})
	}
	if len(leaked) > 0 {
		t.Errorf("another host was asked: %q", leaked)
	}
}

func TestSameServer(t *testing.T) {
	for _, test := range []struct {
		from, to string
		want     bool
	}{
		{"http://a/x", "http://a/y", true},
		{"http://a/x", "https://a/x", true},
		{"https://a/x", "http://a/x", false},
		{"https://a/x", "https://b.a/x", false},
		{"http://a:1/x", "http://a:2/x", false},
	} {
		from, err := url.Parse(test.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := url.Parse(test.to)
		if err != nil {
			t.Fatal(err)
		}
		first := &http.Request{Method: http.MethodPost, URL: from}
		got := sameServer(&http.Request{Method: http.MethodPost, URL: to}, []*http.Request{first}) == nil
		if got != test.want {
			t.Errorf("%s → %s: %v", test.from, test.to, got)
		}
	}
}

func TestServerHidesItsVersion(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault shiptest.Fault
		want  string // the path written to; "": none, try later
	}{
		{"hidden", shiptest.Fault{Status: 404}, shiptest.Traces},
		{"hidden by a page", shiptest.Fault{Status: 403, ContentType: "text/html"}, shiptest.Traces},
		{"down", shiptest.Fault{Status: 502, ContentType: "text/html"}, ""},
		{"unhealthy, but tells", shiptest.Fault{Status: 503, Body: `{"status":"x","version":"2.95.12"}`}, shiptest.Ingestion},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t, "3.225.4")
			sink := newSink(t, server, nil)
			test.fault.Path = shiptest.Health
			server.Fail(test.fault)
			err := sink.Send(context.Background(), newItems(t, 1))
			requests := server.Requests()
			last := requests[len(requests)-1].Path
			if test.want == "" {
				var failure *ship.SendError
				if !errors.As(err, &failure) || failure.Class != ship.Transient || last != shiptest.Health {
					t.Errorf("got %v, last request to %s", err, last)
				}
				return
			}
			if err != nil || last != test.want {
				t.Errorf("got %v, last request to %s", err, last)
			}
		})
	}
}
