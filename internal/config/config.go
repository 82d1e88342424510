package config

import "time"

// Config is the whole configuration file. The zero value of a field is not its
// default: start from Default.
type Config struct {
	Sources  []Source `yaml:"sources"`   // what to follow; none: an error for `tailer run`
	Sinks    []Sink   `yaml:"sinks"`     // where traces go; none: Langfuse if its keys are set, else the store in StateDir
	StateDir string   `yaml:"state_dir"` // "": $STATE_DIRECTORY, else the user's state folder
	Timezone string   `yaml:"timezone"`  // IANA name of the zone of the proxy's clock; "": this machine's
	GiveUp   Duration `yaml:"give_up"`   // log time after which a silent request is written without its end
	Langfuse Langfuse `yaml:"langfuse"`
	Delivery Delivery `yaml:"delivery"`
	Identity Identity `yaml:"identity"`
	Privacy  Privacy  `yaml:"privacy"`
	Filters  Filters  `yaml:"filters"`
	Limits   Limits   `yaml:"limits"`
	Metrics  Listener `yaml:"metrics"`
	View     Listener `yaml:"view"`
	Log      Log      `yaml:"log"`
}

// A Source is one log to follow. Exactly one of the first group is set.
type Source struct {
	File     string `yaml:"file"`     // path or glob; rotated siblings are found
	Docker   string `yaml:"docker"`   // name or id of a container, by the Docker API
	Journald string `yaml:"journald"` // unit whose journal is followed
	Pipe     string `yaml:"pipe"`     // named pipe
	Stdin    bool   `yaml:"stdin"`    // standard input
	Kafka    *Kafka `yaml:"kafka"`    // topics, as a member of a consumer group
	HTTP     *HTTP  `yaml:"http"`     // what shippers deliver: lines, OTLP logs

	Socket   string `yaml:"socket"`   // of Docker: "": /var/run/docker.sock
	Timezone string `yaml:"timezone"` // of this proxy's clock; "": Config.Timezone
	PodTags  bool   `yaml:"pod_tags"` // of files of Kubernetes: traces are tagged with namespace, pod and container
	Start    string `yaml:"start"`    // where a log begins that is there without a checkpoint: StartBeginning or StartEnd; "": beginning
}

// The values of Source.Start.
const (
	StartBeginning = "beginning"
	StartEnd       = "end"
)

// Kafka is a cluster and what to read of it.
type Kafka struct {
	Brokers      []string `yaml:"brokers"`       // host:port
	Topics       []string `yaml:"topics"`        //
	Group        string   `yaml:"group"`         // shared by all tailers of a fleet; "": tailer
	Field        string   `yaml:"field"`         // member of a shipper's JSON object that holds the line; "": the value is the line
	TLS          bool     `yaml:"tls"`           //
	CAFile       string   `yaml:"ca_file"`       // "": the system's
	CertFile     string   `yaml:"cert_file"`     // of this client, with key_file
	KeyFile      string   `yaml:"key_file"`      //
	Mechanism    string   `yaml:"mechanism"`     // of SASL: plain, scram-sha-256 or scram-sha-512; "": none
	User         string   `yaml:"user"`          //
	PasswordFile string   `yaml:"password_file"` //
}

// HTTP is a server that shippers deliver to.
type HTTP struct {
	Listen    string `yaml:"listen"`     // host:port
	TokenFile string `yaml:"token_file"` // holds the bearer token that senders need; any address but loopback demands one
}

// A Sink takes traces.
type Sink struct {
	To      string            `yaml:"to"`      // langfuse, file:PATH, otlp:URL, sqlite:PATH, or - for stdout
	Headers map[string]Secret `yaml:"headers"` // of otlp: sent with each request
}

// Langfuse is where the server is and how to speak to it. LANGFUSE_* variables
// win over it.
type Langfuse struct {
	BaseURL       string   `yaml:"base_url"` // "": https://cloud.langfuse.com
	PublicKey     string   `yaml:"public_key"`
	SecretKeyFile string   `yaml:"secret_key_file"` // holds the secret key and nothing else
	Environment   string   `yaml:"environment"`     // "": the server's default
	Release       string   `yaml:"release"`
	API           string   `yaml:"api"`           // auto, otlp or ingestion
	Mode          string   `yaml:"mode"`          // own, upsert, annotate or auto
	Timeout       Duration `yaml:"timeout"`       // of one request, answer included
	VisibleAfter  Duration `yaml:"visible_after"` // how long a v4 server may take to show what it has accepted
}

// Delivery says how traces are sent, and what is remembered of them.
type Delivery struct {
	FlushInterval Duration `yaml:"flush_interval"` // a trace waits so long at most for others to be sent with it
	RetryFor      Duration `yaml:"retry_for"`      // a batch is retried for so long; 0: for ever
	DeadLetters   string   `yaml:"dead_letters"`   // "": dead-letters.jsonl in StateDir
	LedgerAge     Duration `yaml:"ledger_age"`     // what was accepted is remembered for so long
	LedgerEntries int64    `yaml:"ledger_entries"` // and so many traces at most
}

// Identity says who asked. Lists replace the default profile's.
type Identity struct {
	User           []string `yaml:"user"`
	Session        []string `yaml:"session"`
	Profiles       []string `yaml:"profiles"`        // of proxies that authenticate: oauth2-proxy, cloudflare-access, …
	Headers        []string `yaml:"headers"`         // renamed Open WebUI headers
	TaskHeader     string   `yaml:"task_header"`     // carries Open WebUI's {{TASK}}
	JWTSecretFile  string   `yaml:"jwt_secret_file"` // checks X-OpenWebUI-User-Jwt
	Mode           string   `yaml:"mode"`            // keep, hash or drop
	HashKeyFile    string   `yaml:"hash_key_file"`   // of mode hash
	EnvironmentTag string   `yaml:"environment"`     // environment where the client names none; "": langfuse.environment
}

// Privacy says what leaves besides identity.
type Privacy struct {
	Content        string `yaml:"content"`         // auto, on, off or truncate:N (characters)
	ContentSecrets string `yaml:"content_secrets"` // redact or keep: secrets inside prompts and answers
}

// Filters drop requests by rule; deny wins. An empty allow list allows all.
type Filters struct {
	Users   Filter `yaml:"users"`
	Teams   Filter `yaml:"teams"`
	Models  Filter `yaml:"models"`
	Tasks   Filter `yaml:"tasks"`
	Headers Filter `yaml:"headers"` // of headers, not of requests: what request_headers holds
}

// A Filter is two lists of exact values, or patterns with `*`.
type Filter struct {
	Allow []string `yaml:"allow"`
	Deny  []string `yaml:"deny"`
}

// Limits bound what tailer keeps.
type Limits struct {
	SpoolBytes  Bytes  `yaml:"spool_bytes"`  // on disk, of pipes
	SpoolFull   string `yaml:"spool_full"`   // block or drop-oldest
	OutboxBytes Bytes  `yaml:"outbox_bytes"` // on disk, of traces that are not accepted yet
	LineBytes   Bytes  `yaml:"line_bytes"`   // of one line in memory; longer ones are cut and counted
	StoreBytes  Bytes  `yaml:"store_bytes"`  // on disk, of the embedded store
}

// A Listener is an HTTP server of tailer's own.
type Listener struct {
	Listen    string `yaml:"listen"`     // host:port; "": none
	TokenFile string `yaml:"token_file"` // holds the token that any address but loopback demands
}

// Log is tailer's own log, on stderr.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // text or json
}

// Default returns the configuration that holds where a file says nothing.
func Default() Config {
	return Config{
		GiveUp:   Duration(10 * time.Minute),
		Langfuse: Langfuse{API: "auto", Mode: "own", Timeout: Duration(20 * time.Second), VisibleAfter: Duration(15 * time.Second)},
		Delivery: Delivery{
			FlushInterval: Duration(time.Second), LedgerAge: Duration(90 * 24 * time.Hour), LedgerEntries: 10_000_000,
		},
		Identity: Identity{Mode: "keep"},
		Privacy:  Privacy{Content: "auto", ContentSecrets: "redact"},
		Limits:   Limits{SpoolBytes: 1 << 30, SpoolFull: "block", OutboxBytes: 1 << 30, LineBytes: 64 << 20, StoreBytes: 4 << 30},
		Log:      Log{Level: "info", Format: "text"},
	}
}
