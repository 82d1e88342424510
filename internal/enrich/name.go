package enrich

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// headerName is what tailer wants to know of a header's name. To find it out for each
// of the two dozen headers of a request took a tenth of a backfill of payloads.
type headerName struct {
	plain  string // for comparing: lower-case, '-' for '_'
	bare   string // plain, without the `x-` that proxies want before `langfuse-…`
	shown  string // as Open WebUI spells its own; "" for others
	secret bool   // the header is dropped
}

// known are names that were met, never changed in place. Clients make names up, so
// their number and length are bounded; the others are looked at each time.
var (
	known   atomic.Pointer[map[string]headerName]
	knownMu sync.Mutex // of whoever replaces them
)

const (
	maxKnown     = 512
	maxKnownSize = 64 // bytes of a name
)

// headerNameOf returns what is to be known of a name. It is safe for concurrent use.
func headerNameOf(name string) headerName {
	if all := known.Load(); all != nil {
		if n, ok := (*all)[name]; ok {
			return n
		}
	}
	n := headerName{plain: strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-")}
	n.bare, n.secret = langfuseHeader(n.plain), isSecret(n.plain)
	if strings.HasPrefix(n.bare, openWebUI) && len(n.bare) > len(openWebUI) {
		n.shown = canonical(n.bare)
	}
	if len(name) <= maxKnownSize {
		learn(name, n)
	}
	return n
}

func learn(name string, n headerName) {
	knownMu.Lock()
	defer knownMu.Unlock()
	next := map[string]headerName{}
	if all := known.Load(); all != nil {
		if len(*all) >= maxKnown {
			return
		}
		next = maps.Clone(*all)
	}
	n.plain, n.bare = strings.Clone(n.plain), strings.Clone(n.bare) // they may be parts of a log line, as name is
	next[strings.Clone(name)] = n
	known.Store(&next)
}

// openWebUI begins the names of the headers that Open WebUI (0.5.20 on) sends
// with ENABLE_FORWARD_USER_INFO_HEADERS.
const openWebUI = "x-openwebui-"

// secretHeaders are dropped by their names, in plain spelling.
var secretHeaders = map[string]bool{
	"authorization": true, "proxy-authorization": true, "cookie": true, "set-cookie": true, "x-api-key": true, "api-key": true,
	"x-litellm-api-key": true, "x-goog-api-key": true, "ocp-apim-subscription-key": true, "x-openwebui-user-jwt": true,
	"cf-access-jwt-assertion": true, "x-amzn-oidc-data": true,
}

// SecretHeader says whether a header of that name holds a secret. Such headers
// are dropped, not masked. Case does not matter, nor '_' for '-'.
func SecretHeader(name string) bool { return headerNameOf(name).secret }

func isSecret(plain string) bool {
	if secretHeaders[plain] || strings.HasSuffix(plain, "-key") || strings.HasSuffix(plain, "-cookie") {
		return true
	}
	for _, part := range []string{"token", "secret", "password", "authorization", "-jwt", "credential"} {
		if strings.Contains(plain, part) {
			return true
		}
	}
	return false
}

// plainHeader returns a header's name for comparing: lower-case, '-' for '_'.
func plainHeader(name string) string { return headerNameOf(name).plain }

// langfuseHeader returns a plain name without the `x-` that proxies want before
// `langfuse-…`.
func langfuseHeader(plain string) string {
	if rest, ok := strings.CutPrefix(plain, "x-"); ok && strings.HasPrefix(rest, "langfuse-") {
		return rest
	}
	return plain
}

// canonical returns `x-openwebui-user-name` as `X-OpenWebUI-User-Name`.
func canonical(plain string) string {
	var b strings.Builder
	b.WriteString("X-OpenWebUI")
	for part := range strings.SplitSeq(strings.TrimPrefix(plain, openWebUI), "-") {
		b.WriteByte('-')
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}
