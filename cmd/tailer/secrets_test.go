package main_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tailer/ship/shiptest"
)

// The secrets of this file are made up. Their prefixes stand apart from the
// rest, so that no scanner takes them for live ones.

// masterKey and langfuseKey have no form that gives them away: they are known
// from the environment.
const (
	masterKey   = "Correct.Horse.Battery.77"
	langfuseKey = "lfs.7f3e0c9a1b5d"
)

// planted are secrets that are put into prompts.
var planted = []string{
	"sk-" + "proj-T3BlbkFJq8Zx1Lm4Vw7Yt2Rn5Kp9Hs6Gd3",
	"sk-" + "ant-api03-Qm7Wv2Xr9Lk4Tz8Pn5Bs1Hd6Fg3Jc0Ya",
	"sk-" + "or-v1-0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978",
	"sk-" + "1234567890abcdefABCDEF1234567890",
	"sk-" + "lf-3c1f7a52-9d0e-4b66-8a17-5e2d90c4b1f8",
	"AI" + "zaSyD4kE9pQ2wR7tY1uI5oP8aS3dF6gH0jK",
	"AK" + "IAQ7ZX3N5V8B2M4K6L",
	"gh" + "p_9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sT9uV8wX",
	"github" + "_pat_11AQZ7XPY0k2m4n6p8r0t2_v4x6z8B0D2F4H6J8L0N2P4R6T8V0X2Z4b6d8f0h2",
	"gl" + "pat-Xy7Kq2Mn9Rt4Wz1Vb5Lc",
	"xo" + "xb-204857612345-998877665544-Kq7Zx2Mv9Rt4Wp1Nb5Lc8Hd",
	"hf" + "_QwErTyUiOpAsDfGhJkLzXcVbNmQwErTy12",
	"gs" + "k_Zx9Cv8Bn7Mq6Ws5Ed4Rf3Tg2Yh1Uj0Ik9Ol8Pa7Sd6Fg5Hj4Kl3Zx2Cv",
	"sk" + "_live_51HqZx7Kp2Mn9Rt4Wz1Vb5Lc8Hd",
	"ya" + "29.a0AfH6SMBx7Kp2Mn9Rt4Wz1Vb5Lc8Hd3Gf6Jk",
	"Bearer " + "Zk3Pq8Xv1Lm6Tn9Rw4Ys7Bd2",
	"https://files.example.com/v1?" + "key=Qp7Lm2Xz9Vb4Nt6Kc1",
	"ey" + "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "ey" + "JzdWIiOiI0MiIsImVtYWlsIjoiYUBleGFtcGxlLmNvbSJ9.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJVadQssw5c0",
	"-----BEGIN " + "PRIVATE KEY-----MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj-----END " + "PRIVATE KEY-----",
	"postgres://litellm:" + "v3ryS3cretPw@db.example.com/litellm",
	"api_key=" + "Kp9Zx3Mv7Qt1Wn5Rb8",
	"lin" + "_api_Zx9Cv8Bn7Mq6Ws5Ed4Rf3Tg2Yh1Uj0Ik9Ol8",
	"np" + "m_Zx9Cv8Bn7Mq6Ws5Ed4Rf3Tg2Yh1Uj0Ik9Ol8",
}

// What is put elsewhere.
const (
	inAnswers = "AI" + "zaSyA7vN2kQ9pL4mX1rT6wZ3bC8hD5fG0jY"
	inErrors  = "gh" + "p_1zY2xW3vU4tS5rQ6pO7nM8lK9jI0hG1fE2dC"
	inAgents  = "Bearer " + "Hn5Vx8Qm2Kt7Rz4Wc9Lp1Bd6"
	newMaster = "Zq7Mv3Xk9Lt2Rp5Wn8Bc4"    // in place of the proxy's master key; no known form
	upstream  = "Up4Nk8Qx2Vz6Ht1Jm9Lc3"    // in place of the upstream key; no known form
	tokenName = "x-corp-" + "access-token" // in place of the header X-OpenWebUI-Message-Id
)

var (
	noteInPrompt = regexp.MustCompile(`\(note (\d+)\)`)
	headerValue  = regexp.MustCompile(`x-openwebui-message-id[\\"']*: [\\"']*([0-9a-f]{8}-[0-9a-f-]{27})`)
)

// plant returns the log with secrets in it, and those of them that it now holds.
func plant(text []byte) (full []byte, secrets []string) {
	tokens := map[string]bool{}
	for _, found := range headerValue.FindAllSubmatch(text, -1) {
		tokens[string(found[1])] = true
	}
	for token := range tokens {
		secrets = append(secrets, token)
	}
	for _, name := range []string{"x-openwebui-message-id", "X-OpenWebUI-Message-Id"} {
		text = bytes.ReplaceAll(text, []byte(name), []byte(tokenName))
	}
	text = noteInPrompt.ReplaceAllFunc(text, func(note []byte) []byte {
		n, _ := strconv.Atoi(string(noteInPrompt.FindSubmatch(note)[1]))
		first, second := planted[n%len(planted)], planted[(n+len(planted)/2)%len(planted)]
		return fmt.Appendf(nil, "%s see %s and %s, %s or %s please", note, first, second, masterKey, langfuseKey)
	})
	for old, secret := range map[string]string{
		"zephyr": inAnswers, "Mock upstream says": "Mock upstream says " + inErrors, "aiohttp/3.12.15": "aiohttp/3.12.15 " + inAgents,
		"sk-lab-master-0000-not-a-real-key": newMaster, "sk-upstream-2222-not-a-real-key": upstream,
	} {
		text = bytes.ReplaceAll(text, []byte(old), []byte(secret))
	}
	for _, secret := range append([]string{masterKey, langfuseKey, inAnswers, inErrors, inAgents, newMaster, upstream}, planted...) {
		if bytes.Contains(text, []byte(secret)) {
			secrets = append(secrets, secret)
		}
	}
	return text, secrets
}

// core returns what of a secret must not be seen: the words around it may.
func core(secret string) string {
	for _, mark := range []string{"Bearer ", "?key=", "api_key=", "postgres://litellm:"} {
		if i := strings.Index(secret, mark); i >= 0 {
			secret = secret[i+len(mark):]
		}
	}
	secret, _, _ = strings.Cut(secret, "@db.")
	return secret
}

// leaked returns the secrets that text holds, plain or as base64.
func leaked(text string, secrets []string) []string {
	var found []string
	for _, secret := range secrets {
		secret = core(secret)
		coded := strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "=")
		if strings.Contains(text, secret) || strings.Contains(text, coded) {
			found = append(found, secret)
		}
	}
	return found
}

// TestSecrets plants secrets in copies of captures and looks for them in all
// that the program writes, on every way.
func TestSecrets(t *testing.T) {
	for _, test := range []struct {
		capture string
		least   int // secrets that the log must hold
	}{
		{"1.77.7/docker-text", 40}, {"1.61.20/docker-text", 35}, {"1.84.10/docker-json", 40},
		{"1.109.1/json-detailed", 100}, {"1.109.1/json-standard-payload", 80}, {"1.109.1/json-detailed-nocb", 80}, {"1.77.7/json-standard-payload", 80},
	} {
		t.Run(test.capture, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, test.capture)
			text, secrets := plant(c.text(t, "proxy.log"))
			if len(secrets) < test.least {
				t.Fatalf("only %d secrets were planted", len(secrets))
			}
			path := writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), text)
			env := map[string]string{"LITELLM_MASTER_KEY": masterKey, "LANGFUSE_PUBLIC_KEY": shiptest.PublicKey, "LANGFUSE_SECRET_KEY": langfuseKey}
			flags := append([]string{"backfill"}, c.flags()...)
			look := func(t *testing.T, where, text string) {
				t.Helper()
				for _, secret := range leaked(text, secrets) {
					t.Errorf("%s holds %q", where, secret)
				}
			}
			t.Run("file", func(t *testing.T) {
				dir := t.TempDir()
				r := command{args: append(flags[:len(flags):len(flags)], "--to", "file:spans.jsonl", path), env: env, dir: dir}.succeed(t)
				spans := string(readFile(t, filepath.Join(dir, "spans.jsonl")))
				look(t, "spans", spans)
				look(t, "stdout and stderr", r.stdout+r.stderr)
				checkForm(t, []byte(spans))
				if strings.Contains(spans, tokenName) {
					t.Errorf("spans name the header %s", tokenName)
				}
				if n := strings.Count(spans, "[redacted]"); n < 20 {
					t.Errorf("%d marks: the prompts are not there", n)
				}
			})
			t.Run("dry run", func(t *testing.T) {
				r := command{args: append(flags[:len(flags):len(flags)], "--dry-run", path), env: env}.succeed(t)
				look(t, "stdout and stderr", r.stdout+r.stderr)
			})
			t.Run("dead letters", func(t *testing.T) {
				server := shiptest.New("2.95.11")
				defer server.Close()
				server.Fail(shiptest.Fault{Path: shiptest.Ingestion, Status: 400, Times: -1, Body: `{"message":"Invalid request data"}`})
				dir, env := t.TempDir(), map[string]string{"LANGFUSE_HOST": server.URL}
				for name, value := range keys(server) {
					env[name] = value
				}
				env["LITELLM_MASTER_KEY"], env["LANGFUSE_SECRET_KEY"] = masterKey, langfuseKey
				r := command{args: append(flags[:len(flags):len(flags)], "--state", filepath.Join(dir, "state"), path), env: env, dir: dir}.exit(t, 3)
				letters := string(readFile(t, filepath.Join(dir, "dead-letters.jsonl")))
				look(t, "dead letters", letters)
				look(t, "stdout and stderr", r.stdout+r.stderr)
				if !strings.Contains(letters, "[redacted]") {
					t.Error("no mark in the dead letters")
				}
				look(t, "ledger", string(readFile(t, filepath.Join(dir, "state", "ledger.db"))))
			})
			t.Run("outbox", func(t *testing.T) {
				server := shiptest.New("4.16.0")
				env, dir := keys(server), t.TempDir()
				server.Close() // what waits stays
				env["LITELLM_MASTER_KEY"], env["LANGFUSE_SECRET_KEY"] = masterKey, langfuseKey
				args := slices.Concat(flags, []string{"--state", filepath.Join(dir, "state"), "--retry-for", "100ms", path})
				r := command{args: args, env: env, dir: dir}.exit(t, 1)
				look(t, "stdout and stderr", r.stdout+r.stderr)
				outbox := string(readFile(t, filepath.Join(dir, "state", "ledger.db")))
				look(t, "outbox", outbox)
				if n := strings.Count(outbox, "[redacted]"); n < 20 {
					t.Errorf("%d marks: the prompts do not wait there", n)
				}
			})
		})
	}
}
