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
	ErrPattern     = errors.New("not a pattern")
	ErrLimit       = errors.New("content limit must not be negative")
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
	ContentLimit       int    // characters that are kept of each text of prompts and answers; 0: all
	IdentityMode       string // IdentityKeep, IdentityHash or IdentityDrop; "": keep
	IdentityKey        []byte // key of the hash, ≥ 16 bytes; used by IdentityHash only

	AllowHeaders []string  // patterns of the headers that are sent (see Selection); empty: all. They are read for users all the same
	DenyHeaders  []string  // patterns of headers that are not sent, over AllowHeaders
	Select       Selection // which requests are traced
}

// String hides the secrets inside.
func (Config) String() string { return "enrich.Config" }

// GoString hides the secrets inside.
func (Config) GoString() string { return "enrich.Config" }

// LogValue hides the secrets inside.
func (Config) LogValue() slog.Value { return slog.StringValue("enrich.Config") }

// patterns makes the lists ready for comparing, in slices of the Config's own.
func (c *Config) patterns() (err error) {
	if c.AllowHeaders, err = headerPatterns(c.AllowHeaders); err != nil {
		return err
	}
	if c.DenyHeaders, err = headerPatterns(c.DenyHeaders); err != nil {
		return err
	}
	return c.Select.lower()
}

// headerPatterns are patterns of names in plain spelling.
func headerPatterns(patterns []string) ([]string, error) {
	plain := make([]string, 0, len(patterns))
	for _, p := range patterns {
		plain = append(plain, langfuseHeader(plainHeader(p)))
	}
	return lowered(plain)
}

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
	if c.ContentLimit < 0 {
		return ErrLimit
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
