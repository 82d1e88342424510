package kafka

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// The SASL mechanisms.
const (
	Plain       = "plain"
	ScramSHA256 = "scram-sha-256"
	ScramSHA512 = "scram-sha-512"
)

// Config says where the cluster is and what to read of it.
type Config struct {
	Brokers []string // host:port; at least one
	Topics  []string // at least one
	Group   string   // consumer group, shared by all tailers of a fleet; required

	// Field names the member of a JSON object that holds the line, where a shipper
	// wraps lines: "message" for Vector and Filebeat, "log" for Fluent Bit. "": the
	// record's value is the line. It is never guessed: LiteLLM's own JSON records
	// have a member `message` too, whose text the clients write.
	Field string

	TLS       *tls.Config  // nil: plain TCP
	Mechanism string       // of SASL; "": none
	User      string       // of SASL
	Password  string       // of SASL; never printed
	Version   string       // tailer's own, told to the brokers; "": "unknown"
	Logger    *slog.Logger // nil: silent
}

// String hides the password.
func (Config) String() string { return "kafka.Config" }

// GoString hides the password.
func (Config) GoString() string { return "kafka.Config" }

// LogValue hides the password.
func (Config) LogValue() slog.Value { return slog.StringValue("kafka.Config") }

// options checks c and puts it into the client's words.
func (c *Config) options() ([]kgo.Opt, error) {
	switch {
	case len(c.Brokers) == 0:
		return nil, errors.New("kafka needs at least one broker (host:port)")
	case len(c.Topics) == 0:
		return nil, errors.New("kafka needs at least one topic")
	case c.Group == "":
		return nil, errors.New("kafka needs a consumer group")
	}
	if c.Version == "" {
		c.Version = "unknown"
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...),
		kgo.ConsumeTopics(c.Topics...),
		kgo.ConsumerGroup(c.Group),
		kgo.ClientID("tailer"),
		kgo.SoftwareNameAndVersion("tailer", c.Version),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), // what a transaction took back was not written
		kgo.FetchMaxBytes(fetchBytes),
		kgo.FetchMaxPartitionBytes(fetchBytes / 4),
	}
	if c.TLS != nil {
		opts = append(opts, kgo.DialTLSConfig(c.TLS))
	}
	switch c.Mechanism {
	case "":
	case Plain:
		opts = append(opts, kgo.SASL(plain.Auth{User: c.User, Pass: c.Password}.AsMechanism()))
	case ScramSHA256:
		opts = append(opts, kgo.SASL(scram.Auth{User: c.User, Pass: c.Password}.AsSha256Mechanism()))
	case ScramSHA512:
		opts = append(opts, kgo.SASL(scram.Auth{User: c.User, Pass: c.Password}.AsSha512Mechanism()))
	default:
		return nil, fmt.Errorf("kafka sasl mechanism %q is none of %s, %s, %s", c.Mechanism, Plain, ScramSHA256, ScramSHA512)
	}
	return opts, nil
}
