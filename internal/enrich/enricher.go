package enrich

import (
	"tailer"
)

// An Enricher attributes and redacts exchanges. Any number of goroutines may use
// it at once, each with its own exchange.
type Enricher struct {
	cfg      Config
	user     []source
	session  []source
	redactor *Redactor
	tally    tally
	titles   titles
}

// New returns an Enricher. The error wraps ErrSource, ErrProfile, ErrMode,
// ErrEnvironment, ErrKey, ErrSecret, ErrPattern or ErrLimit; its text never holds a secret.
func New(cfg Config) (*Enricher, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if err := cfg.patterns(); err != nil {
		return nil, err
	}
	extraUser, extraSession, err := extraSources(cfg.Profiles)
	if err != nil {
		return nil, err
	}
	e := &Enricher{cfg: cfg}
	if e.user, err = parseSources(cfg.User, defaultUser, extraUser); err != nil {
		return nil, err
	}
	if e.session, err = parseSources(cfg.Session, defaultSession, extraSession); err != nil {
		return nil, err
	}
	known := append([]string{}, cfg.KnownSecrets...)
	if len(cfg.JWTSecret) >= 8 {
		known = append(known, cfg.JWTSecret)
	}
	if e.redactor, err = NewRedactor(known...); err != nil {
		return nil, err
	}
	return e, nil
}

// Redactor returns what the Enricher redacts with, for dead letters and errors.
func (e *Enricher) Redactor() *Redactor { return e.redactor }

// Counts returns what was done so far. The caller owns its maps.
func (e *Enricher) Counts() Counts { return e.tally.snapshot() }

// A call is the work on one exchange.
type call struct {
	e     *Enricher
	x     *tailer.Exchange
	p     pass
	heads []heading
	jwt   *token // the user's token, once it was looked for
}

// Enrich fills x.Attribution and takes secrets, media and, where it must, content
// and identity out of the rest of x. It changes x in place, replacing slices and
// never their bytes, and must see each exchange once: afterwards the headers that
// it read are gone. Titles of chats follow the order of the calls.
func (e *Enricher) Enrich(x *tailer.Exchange) {
	c := &call{e: e, x: x, p: pass{r: e.redactor}, heads: headings(x.Request.Headers)}
	c.p.own = e.ownSecrets(x.Request.Headers)
	x.Attribution = tailer.Attribution{}

	userSpec := c.user()
	sessionSpec := c.session()
	c.task()
	title := c.title()
	if rule := c.dropped(); rule != "" {
		c.drop(rule)
		e.tally.drop(rule)
		return
	}
	c.trace()
	c.identityMode()
	c.addTitle(title)
	c.headers()
	c.redact()

	taskName := x.Attribution.Task
	if taskName != "" && !knownTasks[taskName] {
		taskName = "other"
	}
	e.tally.add(&c.p.count, userSpec, sessionSpec, taskName)
}
