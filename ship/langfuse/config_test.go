package langfuse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFromEnv(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("sk-from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		env  map[string]string
		want Config
		err  string
	}{
		{name: "nothing"},
		{
			name: "all",
			env: map[string]string{
				"LANGFUSE_PUBLIC_KEY": "pk", "LANGFUSE_SECRET_KEY": "sk", "LANGFUSE_BASE_URL": "http://a", "LANGFUSE_HOST": "http://b",
				"LANGFUSE_TRACING_ENVIRONMENT": "prod", "LANGFUSE_RELEASE": "r1", "LANGFUSE_TIMEOUT": "2.5",
			},
			want: Config{PublicKey: "pk", SecretKey: "sk", BaseURL: "http://a", Environment: "prod", Release: "r1", Timeout: 2500 * time.Millisecond},
		},
		{name: "host", env: map[string]string{"LANGFUSE_HOST": "http://b", "LANGFUSE_BASEURL": "http://c"}, want: Config{BaseURL: "http://b"}},
		{name: "base url of JavaScript", env: map[string]string{"LANGFUSE_HOST": " ", "LANGFUSE_BASEURL": "http://c"}, want: Config{BaseURL: "http://c"}},
		{name: "file", env: map[string]string{"LANGFUSE_SECRET_KEY_FILE": file}, want: Config{SecretKey: "sk-from-file"}},
		{name: "variable before file", env: map[string]string{"LANGFUSE_SECRET_KEY": "sk", "LANGFUSE_SECRET_KEY_FILE": file}, want: Config{SecretKey: "sk"}},
		{name: "file missing", env: map[string]string{"LANGFUSE_SECRET_KEY_FILE": file + "2"}, err: "read LANGFUSE_SECRET_KEY_FILE"},
		{name: "time-out not a number", env: map[string]string{"LANGFUSE_TIMEOUT": "5s"}, err: "LANGFUSE_TIMEOUT"},
		{name: "time-out zero", env: map[string]string{"LANGFUSE_TIMEOUT": "0"}, err: "LANGFUSE_TIMEOUT"},
		{name: "time-out NaN", env: map[string]string{"LANGFUSE_TIMEOUT": "NaN"}, err: "LANGFUSE_TIMEOUT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := FromEnv(func(name string) (string, bool) {
				value, ok := test.env[name]
				return value, ok
			})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("got error %v", err)
				}
				return
			}
			if err != nil || got != test.want {
				t.Errorf("got %+v with key %q, %v", got, string(got.SecretKey), err)
			}
		})
	}
}

func TestNewRejects(t *testing.T) {
	good := Config{PublicKey: "pk", SecretKey: "sk-very-secret"}
	for _, test := range []struct {
		name   string
		change func(*Config)
		hint   string
	}{
		{"no keys", func(c *Config) { c.PublicKey = "" }, "LANGFUSE_PUBLIC_KEY"},
		{"no secret", func(c *Config) { c.SecretKey = "" }, "LANGFUSE_SECRET_KEY"},
		{"no scheme", func(c *Config) { c.BaseURL = "langfuse.example" }, "http"},
		{"no host", func(c *Config) { c.BaseURL = "https://" }, "host"},
		{"password in the URL", func(c *Config) { c.BaseURL = "https://me:hunter2@langfuse.example" }, "user"},
		{"not a URL", func(c *Config) { c.BaseURL = "https://me:hunter2@a b/%" }, "parsed"},
		{"query", func(c *Config) { c.BaseURL = "https://langfuse.example?a" }, "query"},
		{"unknown api", func(c *Config) { c.API = "grpc" }, "otlp"},
		{"negative time-out", func(c *Config) { c.Timeout = -1 }, "timeout"},
		{"environment in capitals", func(c *Config) { c.Environment = "Prod" }, "a-z"},
		{"reserved environment", func(c *Config) { c.Environment = "langfuse-x" }, "langfuse"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := good
			test.change(&cfg)
			_, err := New(cfg)
			if err == nil || !strings.Contains(err.Error(), test.hint) {
				t.Fatalf("got %v", err)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "very-secret") {
				t.Errorf("a secret is told: %v", err)
			}
		})
	}
	if _, err := New(good); err != nil {
		t.Errorf("defaults: %v", err)
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	cfg := Config{SecretKey: "sk-very-secret"}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+verb+verb, cfg, &cfg, cfg.SecretKey)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "key", cfg.SecretKey, "cfg", cfg)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "key", cfg.SecretKey)
	if err := json.NewEncoder(&out).Encode(map[string]any{"a": cfg.SecretKey, "b": &cfg.SecretKey}); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{"sk-very-secret", fmt.Sprintf("%x", "sk-very-secret")} {
		if strings.Contains(out.String(), form) {
			t.Errorf("%s is printed: %s", form, out.String())
		}
	}
}
