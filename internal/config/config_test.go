package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

func TestExampleIsDefault(t *testing.T) {
	got, err := Parse([]byte(Example))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	if a, b := fmt.Sprintf("%+v", emptied(got)), fmt.Sprintf("%+v", emptied(want)); a != b {
		t.Errorf("the example decodes to\n%s\nthe default is\n%s", a, b)
	}
}

// emptied makes empty lists nil: a file cannot tell them apart.
func emptied(c Config) Config {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		case reflect.Slice:
			if v.Len() == 0 {
				v.SetZero()
			}
		}
	}
	walk(reflect.ValueOf(&c).Elem())
	return c
}

func TestExampleNamesEveryKey(t *testing.T) {
	var file map[string]any
	if err := yaml.Unmarshal([]byte(Example), &file); err != nil {
		t.Fatal(err)
	}
	var walk func(kind reflect.Type, at string, have any)
	walk = func(kind reflect.Type, at string, have any) {
		members, _ := have.(map[string]any)
		for i := range kind.NumField() {
			field := kind.Field(i)
			key := field.Tag.Get("yaml")
			value, ok := members[key]
			if !ok {
				t.Errorf("the example lacks %s%s", at, key)
			}
			if field.Type.Kind() == reflect.Struct {
				walk(field.Type, at+key+".", value)
			}
		}
	}
	walk(reflect.TypeFor[Config](), "", file)
	// Entries of lists are shown in comments.
	for _, entry := range []reflect.Type{reflect.TypeFor[Source](), reflect.TypeFor[Kafka](), reflect.TypeFor[HTTP](), reflect.TypeFor[Sink]()} {
		for i := range entry.NumField() {
			if key := entry.Field(i).Tag.Get("yaml"); !strings.Contains(Example, key+":") {
				t.Errorf("the example lacks %s of a list entry", key)
			}
		}
	}
}

func TestParse(t *testing.T) {
	cfg, err := Parse([]byte(strings.Join([]string{
		"sources:", "  - file: /var/log/litellm/*.log", "    timezone: UTC", "    start: end", "  - docker: litellm",
		"sinks:", "  - to: otlp:https://tempo.example.org", "    headers: {authorization: Basic abc}",
		"give_up: 90s", "delivery: {flush_interval: 50ms}", "limits: {spool_bytes: 2GiB}",
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Sources) != 2 || cfg.Sources[0].Start != StartEnd || cfg.Sources[1].Docker != "litellm" {
		t.Errorf("sources are %+v", cfg.Sources)
	}
	if got := string(cfg.Sinks[0].Headers["authorization"]); got != "Basic abc" {
		t.Errorf("the header is %q", got)
	}
	if cfg.GiveUp.Std() != 90*time.Second || cfg.Delivery.FlushInterval.Std() != 50*time.Millisecond || cfg.Limits.SpoolBytes != 2<<30 {
		t.Errorf("give_up %v, flush_interval %v, spool_bytes %d", cfg.GiveUp.Std(), cfg.Delivery.FlushInterval.Std(), cfg.Limits.SpoolBytes)
	}
	if cfg.Langfuse.API != "auto" || cfg.Limits.OutboxBytes != 1<<30 {
		t.Error("what a file does not name must keep its default")
	}
}

func TestEmptyFileIsDefault(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "\n\n"} {
		if _, err := Parse([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestRefused(t *testing.T) {
	const secret = "sk-lf-do-not-print-me"
	tests := []struct {
		name, text string
		line       int
		says       string
	}{
		{"unknown key", "give_up: 10m\nstatedir: /x\n", 2, `unknown key "statedir"`},
		{"unknown key below", "langfuse:\n  api: auto\n  secret_key: " + secret + "\n", 3, `unknown key "secret_key"`},
		{"unknown key in a list", "sources:\n  - file: /x\n    paths: [/y]\n", 3, `unknown key "paths"`},
		{"key twice", "give_up: 10m\ngive_up: 20m\n", 2, "already defined"},
		{"list for a text", "state_dir: [a, b]\n", 1, ""},
		{"no duration", "give_up: soon\n", 1, ""},
		{"no size", "limits:\n  spool_bytes: lots\n", 2, ""},
		{"not yaml", "give_up: [10m\n", 1, ""},
		{"too small", "limits: {spool_bytes: 1KiB}\n", 0, "limits.spool_bytes"},
		{"unknown choice", "langfuse: {mode: both}\n", 0, `langfuse.mode is "both"`},
		{"no zone", "timezone: Mars/Olympus\n", 0, "Mars/Olympus"},
		{"two kinds in a source", "sources: [{file: /x, docker: y}]\n", 0, "entry 1"},
		{"no kind in a source", "sources: [{start: end}]\n", 0, "entry 1"},
		{"socket without docker", "sources: [{file: /x, socket: /y}]\n", 0, "socket"},
		{"kafka without brokers", "sources: [{kafka: {topics: [a]}}]\n", 0, "brokers"},
		{"pod_tags without file", "sources: [{stdin: true, pod_tags: true}]\n", 0, "pod_tags"},
		{"http without a port", "sources: [{http: {listen: localhost}}]\n", 0, "http.listen"},
		{"unknown start", "sources: [{file: /x, start: middle}]\n", 0, "middle"},
		{"sink without to", "sinks: [{headers: {a: " + secret + "}}]\n", 0, "sinks, entry 1"},
		{"listen without port", "metrics: {listen: localhost}\n", 0, "metrics.listen"},
		{"no time", "give_up: 0s\n", 0, "give_up"},
		{"negative", "delivery: {retry_for: -1s}\n", 0, "retry_for"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.text))
			var bad *FileError
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a FileError", err)
			}
			if bad.Line != test.line || !strings.Contains(err.Error(), test.says) {
				t.Errorf("line %d: %v; want line %d and %q", bad.Line, err, test.line, test.says)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("a secret is in the message: %v", err)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tailer.yaml")
	if _, err := Load(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("a: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path+":1: ") {
		t.Errorf("the error does not begin with file and line: %v", err)
	}
	if err := os.WriteFile(path, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil {
		t.Error("a file of any length is read")
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	s := Secret("hunter22")
	text, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	log := &strings.Builder{}
	slog.New(slog.NewTextHandler(log, nil)).Info("x", "secret", s, "sink", Sink{Headers: map[string]Secret{"a": s}})
	for _, said := range []string{fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), string(text), log.String()} {
		if strings.Contains(said, "hunter22") {
			t.Errorf("printed: %s", said)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Example)
	f.Add("sources: [{file: /x}]\nlimits: {spool_bytes: 1GiB}\n")
	f.Add("a: &b [*b]\n")
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := Parse([]byte(text))
		var bad *FileError
		switch {
		case err != nil && !errors.As(err, &bad):
			t.Fatalf("not a FileError: %v", err)
		case err == nil && cfg.Check() != nil:
			t.Fatal("what is accepted does not pass its own check")
		}
	})
}
