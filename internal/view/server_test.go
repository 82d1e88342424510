package view

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tailer"
	"tailer/ship"
	"tailer/ship/otlp"
	"tailer/ship/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hostile is a name that would run if anything took it for markup.
const hostile = `<script>alert(1)</script>`

// now is when the tests look.
var now = time.Date(2026, time.November, 27, 12, 0, 0, 0, time.UTC)

const token = "a token of enough characters"

// fill makes a store of n requests, the last ones just before now.
func fill(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "traces.db")
	s, err := sqlite.Open(context.Background(), path, sqlite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var items []*ship.Item
	for i := range n {
		item, err := ship.NewItem(otlp.Encode(exchange(i, n), otlp.Config{Version: "1.2.3"}), now, nil)
		if err != nil {
			t.Fatal(err)
		}
		if items = append(items, item); len(items) == 500 || i == n-1 {
			if err := s.Send(context.Background(), items); err != nil {
				t.Fatal(err)
			}
			items = items[:0]
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// exchange is the i-th of n requests, one every two minutes.
func exchange(i, n int) *tailer.Exchange {
	at, cost := now.Add(-time.Duration(n-i)*2*time.Minute), 0.001*float64(i%7)
	x := &tailer.Exchange{
		CallID: fmt.Sprintf("call-%d", i), CallType: "acompletion", Start: at, End: at.Add(time.Duration(400+i%1800) * time.Millisecond), FirstToken: at.Add(150 * time.Millisecond),
		Request: tailer.Request{Method: "POST", Route: "/v1/chat/completions", Body: tailer.Fields{
			{Name: "model", Value: json.RawMessage(`"gpt-4o-mini"`)},
			{Name: "messages", Value: json.RawMessage(fmt.Sprintf(`[{"role":"system","content":"Be brief."},{"role":"user","content":"How do the tides at place%d follow the moon?"}]`, i))},
			{Name: "temperature", Value: json.RawMessage(`0.7`)},
		}},
		Response: json.RawMessage(`{"choices":[{"message":{"role":"assistant","content":"Twice a day, about fifty minutes later each day."},"finish_reason":"stop"}]}`),
		Usage:    json.RawMessage(`{"prompt_tokens":120,"completion_tokens":40}`), CostTotal: &cost, Status: 200, Level: tailer.LevelDefault,
		Model: "openai/gpt-4o-mini", Provider: "openai", Key: tailer.Key{Alias: "open-webui"},
		Attribution: tailer.Attribution{
			User: fmt.Sprintf("person%d@example.org", i%300), UserSource: "header:x-openwebui-user-email", Session: fmt.Sprintf("chat-%d", i/6), SessionSource: "header:x-openwebui-chat-id",
			ProfileHeaders: []tailer.Header{{Name: "X-OpenWebUI-User-Name", Value: "Ana Peña"}, {Name: "X-OpenWebUI-User-Role", Value: "user"}},
			OtherHeaders:   json.RawMessage(`{"user-agent":"Python/3.12 aiohttp/3.12.15","host":"litellm:4000"}`),
		},
	}
	switch {
	case i%41 == 3:
		x.Level, x.Status, x.ErrorClass, x.StatusMessage, x.Response = tailer.LevelError, 429, "RateLimitError", "RateLimitError: Rate limit reached", nil
	case i%59 == 4:
		x.Attempts = []tailer.Attempt{{Start: at, End: at.Add(time.Second), Model: "openai/gpt-4o", Status: 500, ErrorClass: "InternalServerError", Message: "try again"}}
	case i%29 == 5:
		x.Attribution.Task, x.Response = "title_generation", json.RawMessage(`{"choices":[{"message":{"role":"assistant","content":"{\"title\":\"Tides and moon\"}"}}]}`)
	case i%101 == 6:
		x.Attribution.User, x.Attribution.Session = hostile, hostile
		x.Request.Body[1].Value = json.RawMessage(`[{"role":"user","content":"<img src=x onerror=alert(2)>"}]`)
	}
	return x
}

// start serves a store.
func start(t testing.TB, cfg Config) *httptest.Server {
	t.Helper()
	cfg.now = func() time.Time { return now }
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		server.Close()
		s.Close()
	})
	return server
}

type answer struct {
	status int
	header http.Header
	text   string
}

// get asks for a page; change may alter the request.
func get(t testing.TB, client *http.Client, address string, change func(*http.Request)) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(request)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

var (
	older   = regexp.MustCompile(`<a href="([^"]+)" rel="next">`)
	opening = regexp.MustCompile(`<td class="when"><a href="([^"]+)">`)
)

// TestPages walks through all pages as a browser would.
func TestPages(t *testing.T) {
	server := start(t, Config{Store: fill(t, 700)})
	client := server.Client()
	front := get(t, client, server.URL+"/", nil)
	if front.status != 200 || !strings.Contains(front.text, "Usage report") || !strings.Contains(front.text, `id="data"`) {
		t.Fatalf("report: %d %.300s", front.status, front.text)
	}
	for _, name := range []string{"24h", "7d", "30d", "all"} {
		var d struct{ Total struct{ Requests int } }
		if err := json.Unmarshal([]byte(get(t, client, server.URL+"/report.json?range="+name, nil).text), &d); err != nil {
			t.Fatal(err)
		}
		if want := min(700, map[string]int{"24h": 720, "7d": 5040, "30d": 21600, "all": 700}[name]); d.Total.Requests != want {
			t.Errorf("%s: %d requests, want %d", name, d.Total.Requests, want)
		}
	}
	if table := get(t, client, server.URL+"/report.csv?by=user", nil); !strings.HasPrefix(table.text, "dimension,name") || strings.Contains(table.text, "\nmodel,") {
		t.Errorf("CSV: %.200s", table.text)
	}

	seen, address := map[string]bool{}, "/requests?status="
	for pages := 0; address != ""; pages++ {
		part := get(t, client, server.URL+address, nil)
		for _, found := range opening.FindAllStringSubmatch(part.text, -1) {
			if seen[found[1]] {
				t.Errorf("%s stands on two pages", found[1])
			}
			seen[found[1]] = true
		}
		address = ""
		if next := older.FindStringSubmatch(part.text); next != nil && pages < 100 {
			address = strings.ReplaceAll(next[1], "&amp;", "&")
		}
	}
	if len(seen) != 700 {
		t.Errorf("the list has %d requests", len(seen))
	}
	for query, want := range map[string]int{
		"user=person7%40example.org": 3, "q=place678": 1, "q=place67": 11, "status=error": 17, "session=chat-2": 6, "q=fifty+minutes&user=nobody": 0, "model=gpt-4o-mini&q=ratelimit": 17,
		"user=" + url.QueryEscape(hostile): 6,
	} {
		part := get(t, client, server.URL+"/requests?"+query, nil)
		if got := len(opening.FindAllString(part.text, -1)); got != want {
			t.Errorf("%s: %d requests, want %d", query, got, want)
		}
		if strings.Contains(part.text, hostile) || strings.Contains(part.text, "<img") {
			t.Errorf("%s: a name became markup", query)
		}
	}
	for address := range seen {
		one := get(t, client, server.URL+address, nil)
		if one.status != 200 || !strings.Contains(one.text, "from where") || strings.Contains(one.text, hostile) || strings.Contains(one.text, "<img") {
			t.Fatalf("%s: %d %.200s", address, one.status, one.text)
		}
		raw := get(t, client, server.URL+address+"/otlp.json", nil)
		if !json.Valid([]byte(raw.text)) {
			t.Fatalf("%s: no JSON", address)
		}
	}
	for _, gone := range []string{"/requests/0/0", "/nothing", "/requests/00000000000000000000000000000000/0000000000000000/otlp.json", "/assets/none.js", "/assets/../doc.go"} {
		if got := get(t, client, server.URL+gone, nil); got.status != 404 {
			t.Errorf("%s: %d", gone, got.status)
		}
	}
}

// TestOneRequest shows what is known and from where.
func TestOneRequest(t *testing.T) {
	server := start(t, Config{Store: fill(t, 120)})
	for query, words := range map[string][]string{
		"q=place12+chat": {"How do the tides at place12", "Be brief.", "Twice a day", "header:x-openwebui-user-email", "Ana Peña", "aiohttp", "temperature", "chat-"},
		"status=error":   {"RateLimitError: Rate limit reached", "429", "Nothing but the error"},
		"q=place63+moon": {"Failed attempts", "InternalServerError: try again", "500"},
	} {
		part := get(t, server.Client(), server.URL+"/requests?"+query, nil)
		found := opening.FindStringSubmatch(part.text)
		if found == nil {
			t.Fatalf("%s: nothing found", query)
		}
		one := get(t, server.Client(), server.URL+found[1], nil)
		for _, word := range words {
			if !strings.Contains(one.text, word) {
				t.Errorf("%s: the page lacks %q", query, word)
			}
		}
	}
}

// TestNoStore says what to do, and shows the store when it is there.
func TestNoStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traces.db")
	server := start(t, Config{Store: path})
	for _, address := range []string{"/", "/requests"} {
		if got := get(t, server.Client(), server.URL+address, nil); got.status != 200 || !strings.Contains(got.text, "tailer run") {
			t.Errorf("%s: %d %.200s", address, got.status, got.text)
		}
	}
	if got := get(t, server.Client(), server.URL+"/report.json", nil); got.status != 404 {
		t.Errorf("report.json: %d", got.status)
	}
	s, err := sqlite.Open(t.Context(), path, sqlite.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	item, err := ship.NewItem(otlp.Encode(exchange(1, 2), otlp.Config{}), now, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), []*ship.Item{item}); err != nil {
		t.Fatal(err)
	}
	if got := get(t, server.Client(), server.URL+"/requests", nil); len(opening.FindAllString(got.text, -1)) != 1 {
		t.Errorf("the store is not found: %.300s", got.text)
	}
}

// TestGuard holds strangers off.
func TestGuard(t *testing.T) {
	path := fill(t, 3)
	open := start(t, Config{Store: path, Hosts: []string{"tailer.example.org"}})
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	for name, want := range map[string]int{
		"127.0.0.1:9465": 200, "localhost": 200, "[::1]:80": 200, "app.localhost": 200, "TAILER.example.org:443": 200, "LOCALHOST.": 200,
		"evil.example.com": 421, "127.0.0.1.evil.example.com": 421, "10.0.0.1": 421, "": 200, "localhost.evil.example.com:80": 421,
	} {
		if got := get(t, open.Client(), open.URL+"/requests", host(name)); got.status != want {
			t.Errorf("host %q: %d, want %d", name, got.status, want)
		} else if want != 200 && strings.Contains(got.text, "person") {
			t.Errorf("host %q is shown requests", name)
		}
	}

	closed := start(t, Config{Store: path, Token: token})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: closed.Client().Transport}
	bearer := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+value) }
	}
	forge := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: cookie, Value: token}) }
	for _, address := range []string{"/", "/requests", "/report.json", "/report.csv", "/login", "/nothing"} {
		for name, change := range map[string]func(*http.Request){"nothing": nil, "wrong token": bearer("x"), "token as cookie": forge} {
			got := get(t, client, closed.URL+address, change)
			if got.status != 401 || strings.Contains(got.text, "person") {
				t.Errorf("%s with %s: %d", address, name, got.status)
			}
		}
	}
	if got := get(t, client, closed.URL+"/requests", bearer(token)); got.status != 200 {
		t.Errorf("with the token: %d", got.status)
	}
	login := func(origin, value string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, closed.URL+"/login", strings.NewReader(url.Values{"token": {value}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", origin)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if got := login("http://evil.example.com", token); got != 403 {
		t.Errorf("from another site: %d", got)
	}
	if got := login(closed.URL, "wrong token, wrong token"); got != 401 {
		t.Errorf("wrong token: %d", got)
	}
	if got := login(closed.URL, token); got != 200 {
		t.Errorf("signed in: %d", got)
	}
	if got := get(t, client, closed.URL+"/requests", nil); got.status != 200 {
		t.Errorf("with the cookie: %d", got.status)
	}
	for _, c := range jar.Cookies(&url.URL{Scheme: "http", Host: strings.TrimPrefix(closed.URL, "http://"), Path: "/"}) {
		if strings.Contains(c.Value, token) {
			t.Error("the cookie holds the token")
		}
	}
	for _, address := range []string{"/", "/requests", "/nothing"} {
		h := get(t, client, closed.URL+address, nil).header
		if p := h.Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none'") || strings.Contains(p, "unsafe") || h.Get("Cache-Control") != "no-store" || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", address, h)
		}
	}
}

// TestListen demands a token for what others can reach.
func TestListen(t *testing.T) {
	for listen, withoutToken := range map[string]bool{
		"127.0.0.1:9465": true, "localhost:1": true, "[::1]:9465": true, "127.9.9.9:1": true, "[::ffff:127.0.0.1]:1": true,
		":9465": false, "0.0.0.0:9465": false, "[::]:1": false, "192.168.1.2:1": false, "example.org:1": false, "9465": false, "127.0.0.1": false,
	} {
		if _, err := New(Config{Listen: listen}); (err == nil) != withoutToken {
			t.Errorf("%s without a token: %v", listen, err)
		}
	}
	if _, err := New(Config{Listen: "0.0.0.0:1", Token: token}); err != nil {
		t.Error(err)
	}
	if _, err := New(Config{Listen: "127.0.0.1:1", Token: "short"}); err == nil {
		t.Error("a short token is taken")
	}
}

// TestRun serves until it is told to stop.
func TestRun(t *testing.T) {
	s, err := New(Config{Store: fill(t, 3), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
