package view

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"tailer/internal/loopback"
	"tailer/internal/report"
)

// MinToken is how long a token must be, in bytes: it must not be guessed.
const MinToken = 16

// ErrToken says that an address needs a token, or a better one.
var ErrToken = errors.New("an address that others can reach needs a token of 16 characters or more")

// Config says what is shown to whom.
type Config struct {
	Store       string             // path of the store; it need not exist yet
	Listen      string             // host:port
	Token       string             // what a browser has to know; "": nothing, on loopback only
	Hosts       []string           // further names to answer to on loopback, as of a proxy in front
	Location    *time.Location     // of times and days; nil: UTC
	Departments report.Departments // who belongs where
	Version     string             // tailer's own
	Logger      *slog.Logger       // nil: silent
	now         func() time.Time
}

// check settles defaults and refuses what would show prompts to strangers.
func (c *Config) check() error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %q: %w", c.Listen, err)
	}
	if c.Token != "" && len(c.Token) < MinToken || c.Token == "" && !loopback.Host(host) {
		return fmt.Errorf("listen on %s: %w", c.Listen, ErrToken)
	}
	if c.Location == nil {
		c.Location = time.UTC
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.now == nil {
		c.now = time.Now
	}
	return nil
}
