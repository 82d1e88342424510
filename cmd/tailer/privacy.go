package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"tailer/internal/config"
	"tailer/internal/enrich"
)

// credentialFolder is where systemd puts the files of LoadCredential.
const credentialFolder = "CREDENTIALS_DIRECTORY"

// hashKeyName names the key of --identity-mode hash: as a variable, with _FILE
// for a file that holds it, and as a credential of systemd.
const (
	hashKeyName       = "TAILER_HASH_KEY"
	hashKeyCredential = "hash-key"
)

// lists are the flags that name requests and headers to trace or not to trace.
var lists = []struct {
	name string
	of   func(*enrich.Config) *[]string
}{
	{"allow-users", func(c *enrich.Config) *[]string { return &c.Select.AllowUsers }},
	{"deny-users", func(c *enrich.Config) *[]string { return &c.Select.DenyUsers }},
	{"allow-teams", func(c *enrich.Config) *[]string { return &c.Select.AllowTeams }},
	{"deny-teams", func(c *enrich.Config) *[]string { return &c.Select.DenyTeams }},
	{"allow-models", func(c *enrich.Config) *[]string { return &c.Select.AllowModels }},
	{"deny-models", func(c *enrich.Config) *[]string { return &c.Select.DenyModels }},
	{"allow-tasks", func(c *enrich.Config) *[]string { return &c.Select.AllowTasks }},
	{"deny-tasks", func(c *enrich.Config) *[]string { return &c.Select.DenyTasks }},
	{"allow-headers", func(c *enrich.Config) *[]string { return &c.AllowHeaders }},
	{"deny-headers", func(c *enrich.Config) *[]string { return &c.DenyHeaders }},
}

func privacyFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "identity-mode", Category: "Privacy", DefaultText: "keep", Usage: "`MODE` of users and sessions: keep, hash (keyed; TAILER_HASH_KEY), drop"},
		&cli.StringFlag{Name: "hash-key-file", Category: "Privacy", Usage: "`FILE` with the key of --identity-mode hash, 16 bytes or more"},
		&cli.StringFlag{Name: "content", Category: "Privacy", DefaultText: "auto", Usage: "`MODE` of prompts and answers: auto (unless LiteLLM redacts its own), on, off, truncate:N characters"},
	}
	for _, l := range lists {
		verb, what, _ := strings.Cut(l.name, "-")
		usage := "trace only requests of these `" + strings.ToUpper(what) + "` (commas; * stands for anything, none for nobody)"
		switch {
		case what == "headers" && verb == "allow":
			usage = "send only these `HEADERS`; all are read"
		case what == "headers":
			usage = "do not send these `HEADERS`"
		case verb == "deny":
			usage = "do not trace requests of these `" + strings.ToUpper(what) + "`"
		}
		flags = append(flags, &cli.StringSliceFlag{Name: l.name, Category: "Privacy", Usage: usage})
	}
	return flags
}

// readPrivacy lays flags and environment over cfg. It returns the secrets that it
// met, which must never be written anywhere.
func readPrivacy(c *cli.Context, lookup lookupFunc, cfg *enrich.Config) (secrets []string, err error) {
	if c.IsSet("identity-mode") {
		cfg.IdentityMode = c.String("identity-mode")
	}
	if c.IsSet("content") {
		if cfg.Content, cfg.ContentLimit, err = enrich.ParseContent(c.String("content")); err != nil {
			return nil, usagef("--content: %v", err)
		}
	}
	for _, l := range lists {
		if c.IsSet(l.name) {
			*l.of(cfg) = c.StringSlice(l.name)
		}
	}
	if cfg.IdentityMode != enrich.IdentityHash {
		return nil, nil
	}
	if len(cfg.IdentityKey) == 0 || c.IsSet("hash-key-file") {
		key, err := hashKey(c.String("hash-key-file"), lookup)
		if err != nil {
			return nil, err
		}
		cfg.IdentityKey = []byte(key)
	}
	if len(cfg.IdentityKey) == 0 {
		return nil, usagef("--identity-mode hash needs a key: set %s or %s_FILE, or use --hash-key-file", hashKeyName, hashKeyName)
	}
	return []string{string(cfg.IdentityKey)}, nil
}

// readIdentity lays flags and environment over what the file says of identity,
// privacy and filters.
func (o *options) readIdentity(c *cli.Context, file *config.Config) error {
	cfg, err := enrichFrom(file)
	if err != nil {
		return err
	}
	secrets, err := readPrivacy(c, o.lookup, &cfg)
	if err != nil {
		return err
	}
	for _, secret := range append(secrets, cfg.JWTSecret) {
		o.keepSecret(secret)
	}
	if cfg.Environment == "" {
		cfg.Environment = o.langfuse.Environment
	}
	cfg.KnownSecrets = o.secrets
	o.enrich = cfg
	return nil
}

// enrichFrom is what the file says of identity, privacy and filters, but for the
// key of the hash, which readPrivacy finds by its variable.
func enrichFrom(file *config.Config) (cfg enrich.Config, err error) {
	id, f := &file.Identity, &file.Filters
	cfg = enrich.Config{
		User: someOf(id.User), Session: someOf(id.Session), Profiles: id.Profiles, ProfileHeaders: id.Headers, TaskHeader: id.TaskHeader,
		IdentityMode: id.Mode, Environment: id.EnvironmentTag, KeepContentSecrets: file.Privacy.ContentSecrets == "keep",
		AllowHeaders: f.Headers.Allow, DenyHeaders: f.Headers.Deny,
		Select: enrich.Selection{
			AllowUsers: f.Users.Allow, DenyUsers: f.Users.Deny, AllowTeams: f.Teams.Allow, DenyTeams: f.Teams.Deny,
			AllowModels: f.Models.Allow, DenyModels: f.Models.Deny, AllowTasks: f.Tasks.Allow, DenyTasks: f.Tasks.Deny,
		},
	}
	if cfg.Content, cfg.ContentLimit, err = enrich.ParseContent(file.Privacy.Content); err != nil {
		return cfg, usagef("privacy.content: %v", err)
	}
	if id.JWTSecretFile != "" {
		raw, err := os.ReadFile(id.JWTSecretFile)
		if err != nil {
			return cfg, usagef("read identity.jwt_secret_file: %v", err)
		}
		cfg.JWTSecret = strings.TrimSpace(string(raw))
	}
	return cfg, nil
}

// someOf is a list, or nil for an empty one: the default profile.
func someOf(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

// hashKey returns the key from the flag's file, the environment or a credential;
// "" if there is none.
func hashKey(path string, lookup lookupFunc) (string, error) {
	if path == "" {
		if key, _ := lookup(hashKeyName); strings.TrimSpace(key) != "" {
			return strings.TrimSpace(key), nil
		}
		path, _ = lookup(hashKeyName + "_FILE")
	}
	if folder, _ := lookup(credentialFolder); path == "" && folder != "" {
		name := filepath.Join(folder, hashKeyCredential)
		if _, err := os.Stat(name); err == nil {
			path = name
		}
	}
	if path == "" {
		return "", nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", usagef("read the hash key: %v", err)
	}
	return strings.TrimSpace(string(raw)), nil
}
