package doctor

import (
	"regexp"
	"slices"
	"strings"
)

// OpenWebUI is the environment of an Open WebUI.
type OpenWebUI struct {
	name   string
	lines  []string
	values map[string]string
	fixed  map[string]string // variable → line in its place, "" removes it
}

// NewOpenWebUI takes the text of an environment file and the variables in it.
func NewOpenWebUI(name string, text []byte, values map[string]string) *OpenWebUI {
	lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), "\n")
	return &OpenWebUI{name: name, lines: lines, values: values, fixed: map[string]string{}}
}

const (
	forwardSwitch = "ENABLE_FORWARD_USER_INFO_HEADERS"
	jwtSecret     = "FORWARD_USER_INFO_HEADER_JWT_SECRET"
)

// renames are the variables that rename a header (0.8.0 and later), and the
// names by which tailer knows it.
var renames = []struct{ variable, header string }{
	{"FORWARD_USER_INFO_HEADER_USER_NAME", "X-OpenWebUI-User-Name"},
	{"FORWARD_USER_INFO_HEADER_USER_ID", "X-OpenWebUI-User-Id"},
	{"FORWARD_USER_INFO_HEADER_USER_EMAIL", "X-OpenWebUI-User-Email"},
	{"FORWARD_USER_INFO_HEADER_USER_ROLE", "X-OpenWebUI-User-Role"},
	{"FORWARD_SESSION_INFO_HEADER_CHAT_ID", "X-OpenWebUI-Chat-Id"},
}

// Findings returns what is wrong with the environment.
func (w *OpenWebUI) Findings() []Finding {
	out := &list{where: w.name}
	if on := w.values[forwardSwitch]; !strings.EqualFold(on, "true") { // Open WebUI: env.lower() == "true"
		w.fixed[forwardSwitch] = forwardSwitch + "=true"
		says := "It is not set, and off by default. "
		if on != "" {
			says = "It is set, but only the word true turns it on. "
		}
		out.add("owui-forward-off", w.line(forwardSwitch), w.fixed[forwardSwitch], "%sWithout it Open WebUI sends no X-OpenWebUI-* header, and no request names its user.", says)
	}
	for _, r := range renames {
		to := w.values[r.variable]
		if to == "" || strings.EqualFold(to, r.header) {
			continue
		}
		w.fixed[r.variable] = ""
		list := "user"
		if strings.HasSuffix(r.variable, "CHAT_ID") {
			list = "session"
		}
		out.add("owui-header-renamed", w.line(r.variable), "# remove "+r.variable+"; or name the header to tailer:\nidentity:\n  "+list+": [\"header:"+strings.ToLower(to)+"\"]",
			"It sends %s under another name.", r.header)
	}
	if w.values[jwtSecret] != "" {
		out.add("owui-jwt", w.line(jwtSecret), "# leave it, and give tailer the secret:\nidentity:\n  jwt_secret_file: /etc/tailer/openwebui-jwt-secret",
			"Users come as signed tokens that live for five minutes, in place of the four user headers. LiteLLM 1.84 and later redacts tokens in its log, but not in the payloads that it prints.")
	}
	return out.findings
}

// Fixed returns the environment without what Findings found. Call it first.
func (w *OpenWebUI) Fixed() string {
	lines := slices.Clone(w.lines)
	for _, name := range append([]string{forwardSwitch}, variables()...) {
		to, found := w.fixed[name]
		if !found {
			continue
		}
		at := w.line(name)
		switch {
		case at == 0:
			lines = append(lines, to)
		case to == "":
			lines[at-1] = "# " + lines[at-1]
		default:
			lines[at-1] = to
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func variables() []string {
	names := make([]string, len(renames))
	for i, r := range renames {
		names[i] = r.variable
	}
	return names
}

// line returns the last line that sets a variable, from 1; 0 if none does.
func (w *OpenWebUI) line(name string) int {
	sets := regexp.MustCompile(`^\s*(export\s+)?` + name + `\s*=`)
	for i := len(w.lines) - 1; i >= 0; i-- {
		if sets.MatchString(w.lines[i]) {
			return i + 1
		}
	}
	return 0
}
