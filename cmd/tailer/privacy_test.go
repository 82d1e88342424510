package main_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// run backfills a capture with more flags, and returns its roots by call id.
func (c capture) roots(t *testing.T, env map[string]string, flags ...string) map[string]map[string]string {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(dir, "spans.jsonl")
	args := append([]string{"backfill", "--to", "file:" + out}, c.flags()...)
	command{args: append(append(args, flags...), c.log("proxy.log")), dir: dir, env: env}.succeed(t)
	found := map[string]map[string]string{}
	if !exists(out) {
		return found
	}
	for _, tr := range readTraces(t, readFile(t, out)) {
		root := tr.root()
		found[root.callID()] = root.values()
	}
	return found
}

// hashOf is the keyed hash of a name.
func hashOf(key, name string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(name))
	return hex.EncodeToString(mac.Sum(nil))[:32]
}

// TestIdentityHash demands the keyed hash of each user, and no name or header of
// people, whichever way the key came.
func TestIdentityHash(t *testing.T) {
	t.Parallel()
	const key = "a-made-up-key-of-some-length"
	c := openCapture(t, "1.109.1/json-detailed")
	plain := c.roots(t, nil)
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "hash-key"), []byte(key+"\n"))
	for name, way := range map[string]struct {
		env  map[string]string
		flag []string
	}{
		"variable": {env: map[string]string{"TAILER_HASH_KEY": key}}, "file": {env: map[string]string{"TAILER_HASH_KEY_FILE": file}},
		"credential": {env: map[string]string{"CREDENTIALS_DIRECTORY": dir}}, "flag": {flag: []string{"--hash-key-file", file}},
	} {
		hashed := c.roots(t, way.env, append(way.flag, "--identity-mode", "hash")...)
		if !slices.Equal(slices.Sorted(maps.Keys(plain)), slices.Sorted(maps.Keys(hashed))) {
			t.Fatalf("%s: other requests", name)
		}
		users := 0
		for call, before := range plain {
			after := hashed[call]
			if before["user.id"] == "" {
				continue
			}
			users++
			if want := hashOf(key, before["user.id"]); after["user.id"] != want {
				t.Errorf("%s: %s: user %q, want %s", name, call, after["user.id"], want)
			}
			for attribute, value := range after {
				content := strings.HasPrefix(attribute, "langfuse.observation.input") || strings.HasPrefix(attribute, "langfuse.observation.output")
				if strings.Contains(attribute, "X-OpenWebUI") || strings.Contains(attribute, "request_headers") || !content && strings.Contains(value, before["user.id"]) {
					t.Errorf("%s: %s: %s tells of a person: %.80s", name, call, attribute, value)
				}
			}
		}
		if users < 50 {
			t.Fatalf("%d requests with a user", users)
		}
	}
}

func TestIdentityHashNeedsKey(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	for _, env := range []map[string]string{nil, {"TAILER_HASH_KEY": "short"}, {"TAILER_HASH_KEY_FILE": "none"}} {
		r := command{args: append([]string{"backfill", "--identity-mode", "hash"}, c.log("proxy.log")), env: env}.exit(t, 2)
		if strings.Contains(r.stderr, "short\"") {
			t.Errorf("the key is told: %s", r.stderr)
		}
	}
}

// TestSelectionFlags drops by lists, and says how many by which rule.
func TestSelectionFlags(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	plain := c.roots(t, nil)
	want := 0
	var user string
	for _, root := range plain {
		if root["user.id"] != "" && strings.Contains(root["user.id"], "@") {
			user = root["user.id"]
		}
	}
	for _, root := range plain {
		if root["user.id"] == user {
			want++
		}
	}
	only := c.roots(t, nil, "--allow-users", strings.ToUpper(user))
	if len(only) != want || want < 5 {
		t.Errorf("%d requests of %s, want %d", len(only), user, want)
	}
	dir := t.TempDir()
	r := command{args: append(append([]string{"backfill", "--json", "--deny-users", user, "--deny-models", "nothing,*embedding*"}, c.flags()...), c.log("proxy.log")), dir: dir}.succeed(t)
	var report struct {
		Requests int
		Dropped  map[string]int `json:"requests_dropped"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Dropped["denied user"] < want || report.Dropped["denied model"] == 0 ||
		report.Requests+report.Dropped["denied user"]+report.Dropped["denied model"] != len(plain) {
		t.Errorf("of %d requests: %+v", len(plain), report)
	}
	if spans := string(readFile(t, filepath.Join(dir, "traces.otlp.jsonl"))); strings.Contains(spans, `"stringValue":"`+user+`"`) {
		t.Errorf("traces name %s", user)
	}
}

// TestContentFlag asks for content that LiteLLM was told to keep back, and for
// none or less where it was not.
func TestContentFlag(t *testing.T) {
	t.Parallel()
	inputs := func(name, content string) (n, longest int) {
		for _, root := range openCapture(t, name).roots(t, nil, "--content", content) {
			if root["langfuse.observation.input"]+root["langfuse.observation.output"] != "" {
				n++
			}
			var asked struct {
				Messages []struct{ Content any }
			}
			_ = json.Unmarshal([]byte(root["langfuse.observation.input"]), &asked) // not every route has messages
			for _, m := range asked.Messages {
				if text, ok := m.Content.(string); ok {
					longest = max(longest, len([]rune(text)))
				}
			}
		}
		return n, longest
	}
	const private, open = "1.109.1/json-redacted", "1.109.1/json-detailed"
	for _, row := range []struct {
		capture, content string
		some             bool
		shortest, most   int
	}{
		{private, "auto", false, 0, 0}, {private, "on", true, 20, 1 << 20}, {open, "auto", true, 100, 1 << 20}, {open, "off", false, 0, 0},
		{open, "truncate:20", true, 20, 60},
	} {
		n, longest := inputs(row.capture, row.content)
		if (n > 0) != row.some || longest < row.shortest || longest > row.most {
			t.Errorf("%s with --content %s: %d traces with content, the longest message has %d characters", row.capture, row.content, n, longest)
		}
	}
	command{args: []string{"backfill", "--content", "truncate", openCapture(t, open).log("proxy.log")}}.exit(t, 2)
}

func TestHeaderFlags(t *testing.T) {
	t.Parallel()
	roots := openCapture(t, "1.109.1/json-detailed").roots(t, nil, "--deny-headers", "x-openwebui-user-name,accept*", "--allow-headers", "x-openwebui-*,accept")
	seen := 0
	for call, root := range roots {
		for attribute := range root {
			if strings.HasPrefix(attribute, "langfuse.trace.metadata.X-OpenWebUI-User-Email") {
				seen++
			}
			if strings.HasPrefix(attribute, "langfuse.trace.metadata.X-OpenWebUI-User-Name") || strings.HasSuffix(attribute, "request_headers") {
				t.Errorf("%s: %s was sent", call, attribute)
			}
		}
	}
	if seen < 50 {
		t.Errorf("%d traces with the header that was allowed", seen)
	}
}
