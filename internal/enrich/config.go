package enrich

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// The values of Config.IdentityMode.
const (
	IdentityKeep = "keep" // users and sessions as found
	IdentityHash = "hash" // users and sessions as a keyed hash; no header of people
	IdentityDrop = "drop" // neither users nor sessions; no header of people
)

// The values of Config.Content.
const (
	ContentAuto = ""    // content, unless the operator turned message logging off
	ContentOn   = "on"  // content always, also where LiteLLM redacts its own
	ContentOff  = "off" // never any content
)

// Errors of New, for callers that give hints.
var (
	ErrSource      = errors.New("unknown identity source")
	ErrProfile     = errors.New("unknown identity profile")
	ErrEnvironment = errors.New("not an environment name")
	ErrMode        = errors.New("unknown mode")
	ErrKey         = errors.New("identity mode hash needs a key of 16 bytes or more")
	ErrSecret      = errors.New("known secret is shorter than 4 bytes")
)

// Config says whom to believe and what to remove. The zero value is the default
// profile: identity as found, secrets removed everywhere, private content kept back.
// It holds secrets, so it prints as its type's name only.
type Config struct {
	User           []string // sources of the user, best first (see parseSource); nil: the default profile
	Session        []string // sources of the session, likewise
	Profiles       []string // names of extra profiles (see Profiles), asked after the client's and before the key's sources
	ProfileHeaders []string // renamed Open WebUI headers: decoded and reported one by one, as written here
	TaskHeader     string   // header that carries Open WebUI's {{TASK}}; "": by the prompt alone
	Environment    string   // environment where the client names none; "": absent

	JWTSecret    string   // checks X-OpenWebUI-User-Jwt (HS256); "": claims are believed and marked unverified
	KnownSecrets []string // replaced wherever they stand, also as base64; ≥ 4 bytes each, blanks ignored

	KeepContentSecrets bool   // `redact.content: false`: unknown secrets stay in prompts and answers
	Content            string // ContentAuto, ContentOn or ContentOff
	IdentityMode       string // IdentityKeep, IdentityHash or IdentityDrop; "": keep
	IdentityKey        []byte // key of the hash, ≥ 16 bytes; used by IdentityHash only
}

// String hides the secrets inside.
func (Config) String() string { return "enrich.Config" }

// GoString hides the secrets inside.
func (Config) GoString() string { return "enrich.Config" }

// LogValue hides the secrets inside.
func (Config) LogValue() slog.Value { return slog.StringValue("enrich.Config") }

// check reports the first setting that cannot be used.
func (c *Config) check() error {
	switch c.IdentityMode {
	case "", IdentityKeep, IdentityDrop:
	case IdentityHash:
		if len(c.IdentityKey) < 16 {
			return ErrKey
		}
	default:
		return fmt.Errorf("identity mode %q: %w", c.IdentityMode, ErrMode)
	}
	switch c.Content {
	case ContentAuto, ContentOn, ContentOff:
	default:
		return fmt.Errorf("content %q: %w", c.Content, ErrMode)
	}
	if c.Environment != "" && environment(c.Environment) != c.Environment {
		return fmt.Errorf("environment %q: %w", c.Environment, ErrEnvironment)
	}
	for _, name := range append([]string{c.TaskHeader}, c.ProfileHeaders...) {
		if strings.ContainsAny(name, " \t\r\n:") {
			return fmt.Errorf("header %q: %w", name, ErrSource)
		}
	}
	return nil
}
