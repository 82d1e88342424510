package langfuse

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The ways to write to a Langfuse server.
const (
	APIAuto      = "auto"      // as the server's version needs
	APIOTLP      = "otlp"      // POST /api/public/otel/v1/traces: v3.22 and later
	APIIngestion = "ingestion" // POST /api/public/ingestion: v2, v3
)

const (
	// DefaultBaseURL is where Langfuse is if nobody says otherwise.
	DefaultBaseURL = "https://cloud.langfuse.com"
	defaultTimeout = 20 * time.Second // that of Langfuse's own SDK v2
	defaultVisible = 15 * time.Second // 4.16.0 shows a row after about 1 s
)

// Config is where the server is and how to speak to it.
type Config struct {
	BaseURL      string            // scheme, host and maybe a path; "": https://cloud.langfuse.com
	PublicKey    string            // required
	SecretKey    Secret            // required
	Environment  string            // of spans that have none; [a-z0-9-_], at most 40; "": the server's default
	Release      string            // of all traces; "": none
	Timeout      time.Duration     // of one request, answer included; 0: 20 s
	VisibleAfter time.Duration     // how long a v4 server may take to show a row; 0: 15 s
	API          string            // APIAuto, APIOTLP or APIIngestion; "": APIAuto
	Mode         string            // ModeOwn, ModeUpsert, ModeAnnotate or ModeAuto; "": ModeOwn
	Version      string            // tailer's own version, told to the server; "": "unknown"
	Transport    http.RoundTripper // nil: the sink's own
	Logger       *slog.Logger      // nil: silent
}

// environment is what every Langfuse version takes: 3.50 to 3.150 refuse others.
var environment = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// check fills in defaults and refuses what cannot work.
func (c *Config) check() (*url.URL, error) {
	if c.BaseURL == "" {
		c.BaseURL = DefaultBaseURL
	}
	if c.API == "" {
		c.API = APIAuto
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Mode == "" {
		c.Mode = ModeOwn
	}
	if c.VisibleAfter == 0 {
		c.VisibleAfter = defaultVisible
	}
	if c.Version == "" {
		c.Version = "unknown"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	base, err := url.Parse(strings.TrimRight(c.BaseURL, "/"))
	switch {
	case err != nil:
		return nil, errors.New("langfuse base URL cannot be parsed") // err would print it, with a password in it
	case (base.Scheme != "http" && base.Scheme != "https") || base.Host == "":
		return nil, errors.New("langfuse base URL must start with http:// or https:// and name a host")
	case base.User != nil || base.RawQuery != "" || base.Fragment != "":
		return nil, errors.New("langfuse base URL must not hold a user, a query or a fragment")
	case c.PublicKey == "" || c.SecretKey == "":
		return nil, errors.New("langfuse public key and secret key are required (LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY)")
	case c.API != APIAuto && c.API != APIOTLP && c.API != APIIngestion:
		return nil, fmt.Errorf("langfuse api %q is none of auto, otlp, ingestion", c.API)
	case c.Mode != ModeOwn && c.Mode != ModeUpsert && c.Mode != ModeAnnotate && c.Mode != ModeAuto:
		return nil, fmt.Errorf("langfuse mode %q is none of own, upsert, annotate, auto", c.Mode)
	case c.Timeout < 0 || c.VisibleAfter < 0:
		return nil, errors.New("langfuse timeout and time to show must not be negative")
	case c.Environment != "" && (!environment.MatchString(c.Environment) || strings.HasPrefix(c.Environment, "langfuse")):
		return nil, fmt.Errorf("langfuse environment %q must be 1 to 40 of a-z, 0-9, - and _, and not start with langfuse", c.Environment)
	}
	return base, nil
}

// FromEnv reads the variables of Langfuse's own SDKs: LANGFUSE_PUBLIC_KEY,
// LANGFUSE_SECRET_KEY, LANGFUSE_BASE_URL (then LANGFUSE_HOST, then
// LANGFUSE_BASEURL), LANGFUSE_TRACING_ENVIRONMENT, LANGFUSE_RELEASE and
// LANGFUSE_TIMEOUT (seconds). Each may instead end in _FILE and name a file that
// holds the value, as container secrets do; the variable itself wins. Empty is
// unset. lookup is os.LookupEnv or like it.
func FromEnv(lookup func(string) (string, bool)) (Config, error) {
	var cfg Config
	var secret, timeout string
	for _, field := range []struct {
		value *string
		names []string
	}{
		{&cfg.PublicKey, []string{"LANGFUSE_PUBLIC_KEY"}},
		{&secret, []string{"LANGFUSE_SECRET_KEY"}},
		{&cfg.BaseURL, []string{"LANGFUSE_BASE_URL", "LANGFUSE_HOST", "LANGFUSE_BASEURL"}},
		{&cfg.Environment, []string{"LANGFUSE_TRACING_ENVIRONMENT"}},
		{&cfg.Release, []string{"LANGFUSE_RELEASE"}},
		{&timeout, []string{"LANGFUSE_TIMEOUT"}},
	} {
		for _, name := range field.names {
			value, err := variable(lookup, name)
			if err != nil {
				return Config{}, err
			}
			if value != "" {
				*field.value = value
				break
			}
		}
	}
	cfg.SecretKey = Secret(secret)
	if timeout != "" {
		seconds, err := strconv.ParseFloat(timeout, 64)
		const most = 3600
		if err != nil || math.IsNaN(seconds) || seconds <= 0 || seconds > most {
			return Config{}, fmt.Errorf("LANGFUSE_TIMEOUT %q is not a number of seconds between 0 and %d", timeout, most)
		}
		cfg.Timeout = time.Duration(seconds * float64(time.Second))
	}
	return cfg, nil
}

// variable is the value of name, or what the file holds that name_FILE names.
func variable(lookup func(string) (string, bool), name string) (string, error) {
	if value, _ := lookup(name); strings.TrimSpace(value) != "" {
		return strings.TrimSpace(value), nil
	}
	path, _ := lookup(name + "_FILE")
	if path == "" {
		return "", nil
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read %s_FILE: %w", name, err)
	}
	return strings.TrimSpace(string(raw)), nil
}
