package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tailer/ship/shiptest"
)

// erased is what `tailer erase --json` prints.
type erased struct {
	DryRun bool `json:"dry_run"`
	Places []struct {
		Place               string
		Found, Erased, Kept int
		Left                string
	}
	Notes []string
}

// place returns the figures of the first place whose name has a word.
func (e *erased) place(word string) (found, erased, kept int) {
	for _, p := range e.Places {
		if strings.Contains(p.Place, word) {
			return p.Found, p.Erased, p.Kept
		}
	}
	return -1, -1, -1
}

// TestErase puts a user's requests everywhere: into Langfuse, the outbox, the
// store, dead letters and a file; and takes them out again, and nobody else's.
func TestErase(t *testing.T) {
	for _, version := range []string{"3.225.4", "4.16.0", "2.95.12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c := openCapture(t, "1.109.1/json-detailed")
			const user = "joerg.mueller@example.com" // whom no request of others names
			all, theirs := 0, 0
			for _, root := range c.roots(t, nil) {
				all++
				if root["user.id"] == user {
					theirs++
				}
			}
			if theirs < 5 || theirs == all {
				t.Fatalf("%d of %d requests are of %s", theirs, all, user)
			}
			dir := t.TempDir()
			state, file := filepath.Join(dir, "state"), filepath.Join(dir, "spans.jsonl")
			if err := os.Mkdir(state, 0o700); err != nil {
				t.Fatal(err)
			}
			server := shiptest.New(version)
			defer server.Close()
			server.ShowAfter(0)
			env := keys(server)
			backfill := func(code int, more ...string) {
				t.Helper()
				args := append(append([]string{"backfill", "--state", state}, c.flags()...), more...)
				command{args: append(args, c.log("proxy.log")), env: env, dir: dir}.exit(t, code)
			}
			backfill(0, "--to", "langfuse", "--to", "sqlite:"+filepath.Join(state, "traces.db"), "--to", "file:"+file)
			// Another server takes nothing: first for ever, then not now.
			other := shiptest.New("2.95.12")
			defer other.Close()
			env["LANGFUSE_HOST"] = other.URL
			other.Fail(shiptest.Fault{Status: 400, Times: -1, Body: `{"message":"Invalid request data"}`})
			backfill(3, "--to", "langfuse", "--dead-letters", filepath.Join(state, "dead-letters.jsonl"))
			third := shiptest.New("2.95.12")
			defer third.Close()
			third.Fail(shiptest.Fault{Status: 503, Times: -1})
			env["LANGFUSE_HOST"] = third.URL
			backfill(1, "--to", "langfuse", "--retry-for", "1s")
			env["LANGFUSE_HOST"] = server.URL

			tracesOf := func() (n int) {
				server.Read(func(traces map[string]*shiptest.Trace, _ *[]*shiptest.Observation) { n = len(traces) })
				return n
			}
			before := tracesOf()
			erase := func(code int, more ...string) erased {
				t.Helper()
				r := command{args: append([]string{"erase", "--json", "--state", state, "--user", user, "--file", file}, more...), env: env, dir: dir}.exit(t, code)
				var got erased
				if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
					t.Fatalf("%v: %s%s", err, r.stdout, r.stderr)
				}
				return got
			}
			places := []string{"outbox", "store", "dead-letters", "spans.jsonl", "Langfuse"}
			dry := erase(0)
			for _, word := range places {
				if found, gone, _ := dry.place(word); found != theirs || gone != 0 {
					t.Errorf("dry run: %s: %d found, %d erased, want %d and 0", word, found, gone, theirs)
				}
			}
			code := 0
			if version[0] == '2' {
				code = 3
			}
			done := erase(code, "--yes")
			for _, word := range places {
				want := theirs
				if word == "Langfuse" && version[0] == '2' {
					want = 0
				}
				if found, gone, _ := done.place(word); found != theirs || gone != want {
					t.Errorf("%s: %d found, %d erased, want %d and %d: %+v", word, found, gone, theirs, want, done)
				}
			}
			again := erase(code, "--yes")
			for _, word := range places {
				if found, _, _ := again.place(word); found != 0 && (word != "Langfuse" || version[0] != '2') {
					t.Errorf("%s: %d are left", word, found)
				}
			}
			noTrace(t, dir, user)
			if left := tracesOf(); version[0] != '2' && left != before-theirs {
				t.Errorf("Langfuse has %d traces, want %d", left, before-theirs)
			}
			if n := bytes.Count(readFile(t, file), []byte("\n")); n != all-theirs {
				t.Errorf("the file has %d lines, want %d", n, all-theirs)
			}
		})
	}
}

// noTrace searches every file below a folder, bytes that are no longer in use
// included, for the user's name as spans have it.
func noTrace(t *testing.T, dir, user string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		seen++
		if bytes.Contains(readFile(t, path), []byte(user)) {
			t.Errorf("%s still names %s", path, user)
		}
		return nil
	})
	if err != nil || seen < 4 {
		t.Errorf("%d files, %v", seen, err)
	}
}

// TestEraseShared keeps traces in which others took part, unless told otherwise,
// finds hashed names, and stops at a daily limit.
func TestEraseShared(t *testing.T) {
	t.Parallel()
	const user, key = "ana.pena@example.org", "a-made-up-key-of-some-length"
	c := openCapture(t, "1.109.1/json-detailed")
	server := shiptest.New("4.16.0")
	defer server.Close()
	server.ShowAfter(0)
	env := keys(server)
	env["TAILER_HASH_KEY"] = key
	dir := t.TempDir()
	command{args: append(append([]string{"backfill", "--identity-mode", "hash"}, c.flags()...), c.log("proxy.log")), env: env, dir: dir}.succeed(t)
	somebody, n := "somebody", 0
	server.Read(func(_ map[string]*shiptest.Trace, observations *[]*shiptest.Observation) {
		for _, o := range *observations {
			if n == 0 && o.UserID != nil && o.Parent == nil {
				other := *o
				other.ID, other.UserID = "00000000000000ff", &somebody
				for _, owner := range []string{user} { // the first trace is made the user's
					hashed := hashOf(key, owner)
					o.UserID = &hashed
				}
				*observations = append(*observations, &other)
				n++
			}
		}
	})
	erase := func(code int, more ...string) erased {
		t.Helper()
		r := command{args: append([]string{"erase", "--json", "--user", user, "--yes"}, more...), env: env, dir: dir}.exit(t, code)
		var got erased
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	server.Fail(shiptest.Fault{Path: shiptest.OldTraces, After: 1, Status: 429, Header: map[string]string{"Retry-After": "36000"}})
	limited := erase(3)
	if found, gone, _ := limited.place("Langfuse"); found < 5 || gone != 0 || !strings.Contains(limited.Places[len(limited.Places)-1].Left, "1 request of up to 50 traces") {
		t.Errorf("a daily limit: %+v", limited)
	}
	first := erase(0)
	if found, gone, kept := first.place("Langfuse"); kept != 1 || gone != found-1 || found < 5 {
		t.Errorf("%d found, %d erased, %d kept", found, gone, kept)
	}
	if second := erase(0, "--shared"); second.Places[len(second.Places)-1].Erased != 1 {
		t.Errorf("%+v", second)
	}
	for _, bad := range [][]string{{"erase"}, {"erase", "--user", "a", "--yes", "--dry-run"}, {"erase", "--user", "a", "x"}, {"erase", "--user", "a", "--file", "none"}} {
		command{args: bad, dir: dir}.exit(t, 2)
	}
}
