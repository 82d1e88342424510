package doctor

import (
	"maps"
	"slices"
	"strings"
	"time"

	"tailer"
)

// maxNames bounds how many header names and sessions are kept of a log.
const maxNames = 1000

// requests is what a log's requests tell of who sent them.
type requests struct {
	all, withHeaders      int
	withUser, withSession int
	openWebUI             int // with a user header of Open WebUI's
	chats                 int // of those, chat completions
	chatIDs               int // of those, with Open WebUI's chat id
	tokens, hiddenTokens  int // with Open WebUI's user token; of those, taken out by LiteLLM
	headless              int // refused or failed, without any header in the log
	inSession             int // with a header that LiteLLM 1.84 to 1.101 takes for a trace id
	sessions              map[string]bool
	addresses             map[string]int // header name → requests without a user where it bears an e-mail address
	first, last           time.Time

	current []tailer.Header // of the request between add and attributed
}

func newRequests() requests {
	return requests{sessions: map[string]bool{}, addresses: map[string]int{}}
}

func (q *requests) add(x *tailer.Exchange) {
	q.all++
	if !x.Start.IsZero() {
		if q.first.IsZero() || x.Start.Before(q.first) {
			q.first = x.Start
		}
		if x.Start.After(q.last) {
			q.last = x.Start
		}
	}
	q.current = slices.Clone(x.Request.Headers)
	if len(q.current) == 0 {
		if x.Level == tailer.LevelError && x.Request.FoundUser == "" {
			q.headless++
		}
		return
	}
	q.withHeaders++
	user, chat, session := false, false, ""
	for _, h := range q.current {
		switch {
		case h.Name == "x-openwebui-user-jwt":
			user = true
			q.tokens++
			if strings.Contains(h.Value, "REDACT") {
				q.hiddenTokens++
			}
		case strings.HasPrefix(h.Name, "x-openwebui-user-"):
			user = true
		case h.Name == "x-openwebui-chat-id":
			chat = true
		}
		if session == "" && strings.HasPrefix(h.Name, "x-") && strings.HasSuffix(h.Name, "-session-id") {
			session = h.Value
		}
	}
	if user {
		q.openWebUI++
		if strings.HasSuffix(x.Request.Route, "/chat/completions") || x.CallType == "acompletion" {
			q.chats++
			if chat {
				q.chatIDs++
			}
		}
	}
	if session != "" {
		q.inSession++
		if len(q.sessions) < maxNames {
			q.sessions[session] = true
		}
	}
}

func (q *requests) attributed(x *tailer.Exchange) {
	a := &x.Attribution
	if a.User != "" && !strings.HasPrefix(a.UserSource, "key:") {
		q.withUser++
	} else {
		for _, h := range q.current {
			if len(q.addresses) < maxNames && isAddress(h.Value) {
				q.addresses[h.Name]++
			}
		}
	}
	if a.Session != "" {
		q.withSession++
	}
	q.current = nil
}

// blind reports whether most requests have no headers: then it is not the refused
// ones that lack something.
func (q *requests) blind() bool { return 2*q.withHeaders < q.all }

// isAddress reports whether a header's value looks like an e-mail address, and
// nothing else.
func isAddress(v string) bool {
	name, host, found := strings.Cut(v, "@")
	return found && name != "" && strings.Contains(host, ".") && !strings.ContainsAny(v, " /:;,<>\"'") && !strings.Contains(host, "@")
}

// address returns the header that most often bears an e-mail address where no
// user was found, "" if there is none.
func (q *requests) address() (name string, n int) {
	for _, header := range slices.Sorted(maps.Keys(q.addresses)) {
		if q.addresses[header] > n {
			name, n = header, q.addresses[header]
		}
	}
	return name, n
}
