package s3

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Config says how to reach the store. Env is required.
type Config struct {
	// Env is os.LookupEnv or like it. AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL,
	// AWS_REGION and AWS_DEFAULT_REGION are read here; the keys by the client
	// library: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS's credentials file,
	// or what the machine's role gives.
	Env       func(string) (string, bool)
	Transport http.RoundTripper        // nil: the client's own
	Keys      *credentials.Credentials // nil: as above
}

const (
	amazon = "https://s3.amazonaws.com"
	google = "https://storage.googleapis.com"
)

// A Bucket is a part of a bucket: all keys with one prefix.
type Bucket struct {
	core         *minio.Core
	name, prefix string
	scheme       string
}

// Is reports whether an argument names a bucket.
func Is(arg string) bool {
	return strings.HasPrefix(arg, "s3://") || strings.HasPrefix(arg, "gs://")
}

// Open reads a name, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX (with HMAC keys). The
// prefix is taken as it is: % is no escape, as for other programs. It does not connect.
func Open(address string, cfg Config) (*Bucket, error) {
	scheme, rest, _ := strings.Cut(address, "://")
	name, prefix, _ := strings.Cut(rest, "/")
	if !Is(address) || name == "" || strings.ContainsAny(name, "@:%") {
		return nil, errors.New("a bucket's name is not like s3://bucket/prefix") // there may be a password in it
	}
	if strings.ContainsAny(address, "?#") {
		return nil, fmt.Errorf("%q must not hold ? or #", address)
	}
	endpoint, err := url.Parse(cfg.endpoint(scheme))
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return nil, errors.New("AWS_ENDPOINT_URL is not like https://s3.example.org")
	}
	keys := cfg.Keys
	if keys == nil {
		keys = credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		})
	}
	core, err := minio.NewCore(endpoint.Host, &minio.Options{
		Creds: keys, Secure: endpoint.Scheme == "https", Region: cfg.first("AWS_REGION", "AWS_DEFAULT_REGION"), Transport: cfg.Transport,
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", address, err)
	}
	core.SetAppInfo("tailer", "1")
	return &Bucket{core: core, name: name, prefix: prefix, scheme: scheme}, nil
}

func (c Config) endpoint(scheme string) string {
	if named := c.first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"); named != "" {
		return named
	}
	if scheme == "gs" {
		return google
	}
	return amazon
}

// first is the first of some variables that is set.
func (c Config) first(names ...string) string {
	for _, name := range names {
		if value, _ := c.Env(name); value != "" {
			return value
		}
	}
	return ""
}

// Ordered reports whether keys are in the order in which requests began, as those of LiteLLM's s3
// and s3_v2 callbacks are; its gcs_bucket names objects by the answer's id.
func (b *Bucket) Ordered() bool { return b.scheme == "s3" }

// String is the bucket's URL.
func (b *Bucket) String() string { return b.scheme + "://" + b.name + "/" + b.prefix }
