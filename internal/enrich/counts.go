package enrich

import (
	"maps"
	"sync"
)

// Counts is what an Enricher did since it was made.
type Counts struct {
	Exchanges      int64 // handed to Enrich and not dropped
	Secrets        int64 // pieces of text replaced by [redacted]
	SecretHeaders  int64 // headers dropped because of their name
	HiddenHeaders  int64 // headers kept back by Config.AllowHeaders and DenyHeaders
	Media          int64 // base64 media replaced by their digest
	MediaTruncated int64 // base64 media that the log had cut
	Failed         int64 // values replaced by [redaction failed]
	Shortened      int64 // user ids, session ids and tags cut to 200 characters
	JWTRefused     int64 // user tokens whose signature did not fit Config.JWTSecret
	Private        int64 // exchanges whose content was kept back

	Users    map[string]int64 // by source as configured; "none" where nobody was found
	Sessions map[string]int64 // likewise
	Dropped  map[string]int64 // by the rule of Config.Select: "denied user", "model not allowed", …
	Tasks    map[string]int64 // by name; names that only a header gave count as "other"
}

// tally is a Counts that many goroutines may add to.
type tally struct {
	mu sync.Mutex
	n  Counts // guarded by mu
}

// add adds the figures of one exchange.
func (t *tally) add(one *Counts, user, session, task string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := &t.n
	if n.Users == nil {
		n.Users, n.Sessions, n.Tasks = map[string]int64{}, map[string]int64{}, map[string]int64{}
	}
	n.Exchanges++
	n.Secrets += one.Secrets
	n.SecretHeaders += one.SecretHeaders
	n.HiddenHeaders += one.HiddenHeaders
	n.Media += one.Media
	n.MediaTruncated += one.MediaTruncated
	n.Failed += one.Failed
	n.Shortened += one.Shortened
	n.JWTRefused += one.JWTRefused
	n.Private += one.Private
	n.Users[orNone(user)]++
	n.Sessions[orNone(session)]++
	if task != "" {
		n.Tasks[task]++
	}
}

// drop counts an exchange that is not traced.
func (t *tally) drop(rule string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n.Dropped == nil {
		t.n.Dropped = map[string]int64{}
	}
	t.n.Dropped[rule]++
}

// snapshot returns a copy that the caller owns.
func (t *tally) snapshot() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.n
	n.Users, n.Sessions, n.Tasks = maps.Clone(n.Users), maps.Clone(n.Sessions), maps.Clone(n.Tasks)
	n.Dropped = maps.Clone(n.Dropped)
	return n
}

func orNone(source string) string {
	if source == "" {
		return "none"
	}
	return source
}
