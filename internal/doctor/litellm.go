package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// LiteLLM is the configuration of a proxy.
type LiteLLM struct {
	name     string
	original *document // as the file has it, for its lines
	block    *document // the same in block style, for the edits
	edits    []edit
	noFlag   bool // nothing in it or beside it makes the log hold requests
	// nameRefused asks for the users of refused requests, whatever it costs.
	nameRefused bool
	shown       shown
	notes       []string // comments before the corrected one
}

// ReadLiteLLM reads a config.yaml; name is told in its findings. The error never
// holds text of the file.
func ReadLiteLLM(name string, text []byte) (*LiteLLM, error) {
	original, err := readDocument(text, false)
	if err != nil {
		return nil, err
	}
	block, err := readDocument(text, true)
	if err != nil {
		return nil, err
	}
	return &LiteLLM{name: name, original: original, block: block}, nil
}

// Unreadable is what to say of a file that is no configuration.
func Unreadable(name string, err error) Finding {
	out := &list{where: name}
	out.add("config-unreadable", 0, "", "%v.", err)
	return out.findings[0]
}

const (
	litellmSettings = "litellm_settings"
	generalSettings = "general_settings"
)

// never are headers that people expect of Open WebUI, and what takes their
// place.
var never = map[string]string{
	"x-openwebui-session-id": "sessions are made of X-OpenWebUI-Chat-Id",
	"x-openwebui-model":      "the model is that of the request's body",
	"x-openwebui-title":      "the title is the answer of the request that makes it",
	"x-openwebui-message-id": "message ids go to tool servers only",
}

// Findings returns what is wrong with the configuration, for a proxy of version
// v. both says that tailer writes to Langfuse in its own mode, too.
func (c *LiteLLM) Findings(v Version, both bool) []Finding {
	out := &list{where: c.name}
	c.edits, c.notes = nil, nil
	c.debug(v, out)
	c.callbacks(v, both, out)
	c.users(v, out)
	c.tags(v, out)
	switch {
	case !c.noFlag && !both:
		c.refused(v, out)
	case c.nameRefused:
		c.notes = []string{"# --name-refused is left out: who sent a request that was refused stands in a debug log only."}
	}
	c.logging(out)
	return out.findings
}

// change adds an edit and returns it as the line to change.
func (c *LiteLLM) change(section, name string, lines ...string) string {
	c.edits = append(c.edits, edit{section, name, lines})
	if lines == nil {
		return fmt.Sprintf("# remove from %s: %s", section, name)
	}
	return section + ":\n  " + strings.Join(lines, "\n  ")
}

func (c *LiteLLM) debug(v Version, out *list) {
	if s := c.original.get(generalSettings, "detailed_debug"); s != nil {
		change := c.change(generalSettings, "detailed_debug")
		out.add("config-detailed-debug", lineOf(s), change+"\nlitellm --config config.yaml --detailed_debug",
			"LiteLLM ignores it in every version. The flag of that name is what turns the debug log on%s.", orVariable(v))
	}
	if s := c.original.get(litellmSettings, "set_verbose"); isTrue(s) {
		out.add("config-set-verbose", lineOf(s), c.change(litellmSettings, "set_verbose")+"\nlitellm --config config.yaml --detailed_debug",
			"It prints fragments without headers and ids to standard output, up to 1.98 with keys in clear, and warns at each call.")
	}
}

func orVariable(v Version) string {
	if v.Before(84) {
		return "; LITELLM_LOG=DEBUG leaves the core logger off up to 1.80"
	}
	return "; from 1.84 on LITELLM_LOG=DEBUG is as good"
}

// dumps are the callbacks that log whole requests at DEBUG.
var dumps = []string{"langfuse", "s3", "s3_v2", "gcs_bucket"}

func (c *LiteLLM) callbacks(v Version, both bool, out *list) {
	var on []string
	var at *ast.MappingValueNode
	for _, name := range []string{"success_callback", "failure_callback", "callbacks"} {
		if s := c.original.get(litellmSettings, name); s != nil {
			on = append(on, words(s)...)
			if at == nil || slices.Contains(words(s), "langfuse") {
				at = s
			}
		}
	}
	hasLangfuse := slices.Contains(on, "langfuse")
	switch {
	case hasLangfuse && both:
		out.add("langfuse-both-write", lineOf(at), "# remove langfuse from success_callback and failure_callback, and print payloads:\n"+payloadChange(v)+
			"\n# or let tailer add to LiteLLM's traces:\nlangfuse:\n  mode: upsert   # v2 and v3; annotate on v4",
			"LiteLLM's callback sends every request to Langfuse, and tailer in mode own does too. In one project each request is there twice, and its cost counted twice.")
	case !slices.ContainsFunc(on, func(name string) bool { return slices.Contains(dumps, name) }):
		c.noFlag = true
		if c.shown.payloads {
			return
		}
		line := 0
		if s := c.original.section(litellmSettings); s != nil {
			line = lineOf(s)
		}
		out.add("config-no-callback", line, payloadChange(v),
			"Without the langfuse callback the debug log ties no answer to its request. Printed payloads do: in the environment, not in this file. "+
				"If the variable is set already, all is well.")
	}
}

func (c *LiteLLM) users(v Version, out *list) {
	if s := c.original.get(generalSettings, "user_api_key_alias"); s != nil {
		out.add("config-user-api-key-alias", lineOf(s), c.change(generalSettings, "user_api_key_alias"),
			"LiteLLM ignores it in every version. The name is that of a field of its own log: the alias of the virtual key. tailer takes the user's id from the header itself.")
	}
	if s := c.original.get(generalSettings, "user_header_mappings"); s != nil {
		var mappings []struct {
			Header string `yaml:"header_name"`
			Role   string `yaml:"litellm_user_role"`
		}
		var headers []string
		err := yaml.NodeToValue(s.Value, &mappings)
		for _, m := range mappings {
			if err == nil && (m.Header == "" || m.Role != "customer" && m.Role != "internal_user") {
				err = fmt.Errorf("role")
			}
			headers = append(headers, m.Header)
		}
		c.neverSent(s, headers, out)
		if err != nil {
			out.add("config-user-mappings", lineOf(s), c.change(generalSettings, "user_header_mappings", mapping("X-OpenWebUI-User-Email")...),
				"It must be a list of header_name and litellm_user_role, and the role customer (the end user) or internal_user.")
		}
	}
	s := c.original.get(generalSettings, "user_header_name")
	header := text(s)
	if header == "" {
		return
	}
	line := lineOf(s)
	c.neverSent(s, []string{header}, out)
	switch {
	case v.Before(69):
		out.add("config-user-header-old", line, "pip install -U 'litellm[proxy]>=1.77'", "LiteLLM reads it since 1.69.4. tailer takes the user from the header itself, whatever LiteLLM does.")
	case !v.Before(77):
		lines := mapping(header)
		if c.original.get(generalSettings, "user_header_mappings") != nil {
			lines = nil
		}
		out.add("config-user-header-name", line, c.change(generalSettings, "user_header_name", lines...),
			"It still works, but since 1.77 user_header_mappings takes its place. Either makes the header's value LiteLLM's end user, and sends it to the provider as `user`.")
	}
}

func mapping(header string) []string {
	return []string{"user_header_mappings:", "  - header_name: " + header, "    litellm_user_role: customer"}
}

// neverSent tells of the headers of one setting that no Open WebUI sends, and
// returns the others.
func (c *LiteLLM) neverSent(s *ast.MappingValueNode, headers []string, out *list) (sent []string) {
	var unsent, instead []string
	for _, header := range headers {
		if what, found := never[strings.ToLower(header)]; found {
			unsent, instead = append(unsent, header), append(instead, what)
			continue
		}
		sent = append(sent, header)
	}
	if unsent != nil {
		out.add("owui-header-never-sent", lineOf(s), "# remove from "+keyOf(s)+": "+strings.Join(unsent, ", "),
			"No version of Open WebUI sends %s with a request to a model. In tailer %s.", strings.Join(unsent, ", "), strings.Join(instead, "; "))
	}
	return sent
}

func (c *LiteLLM) tags(v Version, out *list) {
	s := c.original.get(litellmSettings, "extra_spend_tag_headers")
	if s == nil {
		return
	}
	sent := c.neverSent(s, words(s), out)
	mixed := slices.ContainsFunc(sent, func(header string) bool { return header != strings.ToLower(header) })
	var lines []string
	for i, header := range sent {
		if i == 0 {
			lines = append(lines, "extra_spend_tag_headers:")
		}
		lines = append(lines, "  - "+strings.ToLower(header))
	}
	switch {
	case v.Before(77):
		out.add("config-tag-headers-old", lineOf(s), "pip install -U 'litellm[proxy]>=1.77'", "LiteLLM reads it since 1.77. It makes tags, not users; tailer needs neither.")
	case mixed && !v.Since(109):
		out.add("config-tag-headers-case", lineOf(s), c.change(litellmSettings, "extra_spend_tag_headers", lines...),
			"Before 1.109 LiteLLM compares these names with headers in lower case, so a name with capitals never matches. What matches becomes a tag `header: value`, not a user.")
		return
	}
	if len(sent) < len(words(s)) {
		c.change(litellmSettings, "extra_spend_tag_headers", lines...)
	}
}

func (c *LiteLLM) logging(out *list) {
	s := c.original.get(litellmSettings, "json_logs")
	if isTrue(s) || c.shown.json && !c.shown.text {
		return // the environment may say JSON_LOGS=true
	}
	line := 0
	if s != nil {
		line = lineOf(s)
	}
	out.add("config-json-logs", line, c.change(litellmSettings, "json_logs", "json_logs: true"),
		"JSON records bear date and microseconds, and no prompt can look like one. Text records bear the time of day in seconds. "+
			"Up to 1.77 several workers need JSON_LOGS=true in the environment as well.")
}

// Fixed returns the configuration without what Findings found, and what to start
// the proxy with. Call Findings first.
func (c *LiteLLM) Fixed(v Version) (string, error) {
	text, err := c.block.apply(c.edits)
	if err != nil {
		return "", err
	}
	start := "# Start it with:  litellm --config config.yaml --detailed_debug\n"
	if c.noFlag {
		start += "# and in its environment:\n#   " + strings.ReplaceAll(payloadChange(v), "\n", "\n#   ") + "\n"
	}
	for _, note := range c.notes {
		start += note + "\n"
	}
	return start + text, nil
}
