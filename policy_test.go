package tailer_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// goPackage is what `go list -json` tells of a package.
type goPackage struct {
	ImportPath, Dir, Name              string
	Imports                            []string
	GoFiles, TestGoFiles, XTestGoFiles []string
}

// rule says what a package may import besides the standard library, and why no
// more. A name that ends in "/" stands for everything below it.
type rule struct {
	may    []string
	reason string
}

const (
	protoOTLP = "go.opentelemetry.io/proto/otlp/"
	protobuf  = "google.golang.org/protobuf/"
)

// imports is the architecture: data goes right, only positions come back, and
// stages never import each other.
var imports = map[string]rule{
	"tailer": {
		nil,
		"the nouns do no I/O and depend on nothing",
	},
	"tailer/bench/amplify": {nil, "makes logs longer, and must not share the parser's faults"},
	"tailer/internal/audit": {
		nil,
		"a comparison asks nobody: both sides are told to it",
	},
	"tailer/internal/config": {
		[]string{"github.com/goccy/go-yaml", "github.com/goccy/go-yaml/ast", "github.com/dustin/go-humanize"},
		"a file's form; who uses a setting judges its meaning",
	},
	"tailer/internal/doctor": {
		[]string{"tailer", "github.com/goccy/go-yaml", "github.com/goccy/go-yaml/"},
		"it is shown a log and files; it reads and asks nothing itself",
	},
	"tailer/internal/rawjson": {nil, "reads bytes and knows nothing of what they mean"},
	"tailer/internal/enrich": {
		[]string{"tailer", "tailer/internal/rawjson"},
		"who asked is told by the exchange alone",
	},
	"tailer/internal/metrics": {
		[]string{"tailer", "tailer/internal/loopback", "github.com/prometheus/client_golang/"},
		"counts what it is shown; the only one that knows Prometheus",
	},
	"tailer/internal/pair": {
		[]string{"tailer", "tailer/internal/rawjson"},
		"a table test needs no other stage",
	},
	"tailer/internal/spool": {[]string{"go.etcd.io/bbolt/"}, "bytes in, bytes out; whose they are is its owner's affair"},
	"tailer/internal/page":  {[]string{"tailer", "tailer/internal/report", "tailer/ship/otlp", protoOTLP}, "what a browser shows, whoever serves it"},
	"tailer/internal/view": {
		[]string{"tailer/internal/loopback", "tailer/internal/page", "tailer/internal/report", "tailer/ship/otlp", "tailer/ship/sqlite"},
		"serves pages of what the store holds",
	},
	"tailer/internal/loopback":    {nil, "names and addresses, no sockets"},
	"tailer/internal/disk":        {nil, "asks the system alone"},
	"tailer/internal/browsertest": {[]string{"github.com/chromedp/chromedp", "github.com/chromedp/cdproto/"}, "a browser for tests knows no page"},
	"tailer/internal/service":     {[]string{"github.com/coreos/go-systemd/v22/daemon"}, "the only place that knows a service manager"},
	"tailer/internal/residence":   {nil, "asks the system alone"},
	"tailer/internal/pipeline": {
		[]string{"tailer"},
		"stages arrive as small interfaces",
	},
	"tailer/internal/protofield": {
		[]string{protobuf + "encoding/protowire"},
		"a reader of protobuf's wire knows nothing of tailer",
	},
	"tailer/internal/report": {
		[]string{"tailer", "tailer/ship/otlp", "github.com/DataDog/sketches-go/", "github.com/rivo/uniseg"},
		"its figures are the spans' and nothing else's",
	},
	"tailer/internal/selftest": {
		nil,
		"it is a client of the proxy's, and knows nothing of logs",
	},
	"tailer/internal/source": {
		[]string{"tailer", "tailer/internal/protofield", "tailer/internal/rawjson", "github.com/klauspost/compress/", "github.com/ulikunitz/xz", protobuf + "encoding/protowire"},
		"lines are all it gives; what they mean is parse's",
	},
	"tailer/internal/source/event": {
		[]string{"tailer/internal/rawjson"},
		"one object of a shipper's; both Kafka and HTTP carry them",
	},
	"tailer/internal/source/kafka": {
		[]string{"tailer", "tailer/internal/source/event", "github.com/twmb/franz-go/"},
		"the only place that knows Kafka",
	},
	"tailer/internal/source/push": {
		[]string{"tailer", "tailer/internal/loopback", "tailer/internal/protofield", "tailer/internal/rawjson", "tailer/internal/source/event", protobuf + "encoding/protowire", "github.com/klauspost/compress/"},
		"takes lines over HTTP; where they are kept is the spool's",
	},
	"tailer/internal/source/s3": {
		[]string{"github.com/minio/minio-go/", "github.com/cenkalti/backoff/v5"},
		"the only place that speaks S3",
	},
	"tailer/parse": {
		[]string{"tailer", "tailer/internal/rawjson", "github.com/tidwall/gjson", "tailer/parse/pyrepr"},
		"one line of bytes becomes one record, purely",
	},
	"tailer/parse/pyrepr": {
		nil,
		"a reader of Python reprs knows nothing of tailer",
	},
	"tailer/ship": {
		[]string{"tailer", protoOTLP, "github.com/cenkalti/backoff/v5", "github.com/klauspost/compress/", "tailer/ship/otlp"},
		"batching and retry know no server",
	},
	"tailer/ship/langfuse": {
		[]string{"tailer", "tailer/ship", "tailer/ship/otlp", protoOTLP},
		"the only place that speaks to Langfuse",
	},
	"tailer/ship/otlp": {
		[]string{"tailer", "tailer/internal/rawjson", protoOTLP, protobuf, protobuf + "encoding/protowire"},
		"an encoder does no I/O",
	},
	"tailer/ship/sqlite":    {[]string{"tailer", "tailer/ship", "tailer/ship/otlp", protoOTLP, "github.com/klauspost/compress/", "modernc.org/sqlite", "modernc.org/sqlite/lib"}, "the embedded store; the only place that knows SQL"},
	"tailer/ship/ledger":    {[]string{"tailer/ship", "go.etcd.io/bbolt", "go.etcd.io/bbolt/errors"}, "the only place that knows how the ledger is kept"},
	"tailer/ship/collector": {[]string{"tailer/ship", protobuf}, "OTLP over HTTP, whoever takes it"},
	"tailer/ship/shiptest": {
		[]string{protoOTLP, protobuf},
		"a double that used tailer's code would agree with its faults",
	},
	"tailer/state": {
		[]string{"tailer"},
		"positions know no stage",
	},
}

// wiring may import everything.
const wiring = "tailer/cmd/tailer"

// owned are libraries that one package alone knows, so that they can be replaced.
var owned = []string{
	"github.com/urfave/cli/", "github.com/schollz/progressbar/", "github.com/joho/godotenv", "golang.org/x/term",
}

// maxLines is where the second noun of a file hides.
const maxLines = 400

// machine are paths of a developer's machine, in two parts so that this file
// does not hold them.
var machine = []string{"/wo" + "rk/", "/ro" + "ot/", "../sha" + "red"}

func list(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Name,Imports,GoFiles,TestGoFiles,XTestGoFiles", "./...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages = append(packages, p)
	}
	if len(packages) < len(imports) {
		t.Fatalf("go list tells of %d packages, %d are known", len(packages), len(imports))
	}
	return packages
}

// isStandard reports whether a path belongs to the standard library: its first
// element has no dot, and it is not ours.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != "tailer" && !strings.Contains(first, ".")
}

func matches(path, name string) bool {
	return path == strings.TrimSuffix(name, "/") || strings.HasSuffix(name, "/") && strings.HasPrefix(path, name)
}

func TestImports(t *testing.T) {
	for _, p := range list(t) {
		if p.ImportPath == wiring {
			continue
		}
		r, known := imports[p.ImportPath]
		if !known {
			t.Errorf("%s: no rule says what it may import", p.ImportPath)
			continue
		}
		for _, path := range p.Imports {
			allowed := isStandard(path) || slices.ContainsFunc(r.may, func(name string) bool { return matches(path, name) })
			if !allowed {
				t.Errorf("%s imports %s: %s", p.ImportPath, path, r.reason)
			}
			if slices.ContainsFunc(owned, func(name string) bool { return matches(path, name) }) {
				t.Errorf("%s imports %s, which only %s knows", p.ImportPath, path, wiring)
			}
		}
	}
}

// TestRulesAreAlive finds rules for packages that are gone.
func TestRulesAreAlive(t *testing.T) {
	packages := list(t)
	for path := range imports {
		if !slices.ContainsFunc(packages, func(p goPackage) bool { return p.ImportPath == path }) {
			t.Errorf("a rule is left for %s, which is no package", path)
		}
	}
}

// TestPackageComments demands what a package provides, in doc.go; of a command
// in main.go.
func TestPackageComments(t *testing.T) {
	for _, p := range list(t) {
		name, start := "doc.go", "Package "+p.Name+" "
		if p.Name == "main" {
			name, start = "main.go", "Command "+filepath.Base(p.Dir)+" "
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Errorf("%s: %v", p.ImportPath, err)
			continue
		}
		if !strings.HasPrefix(file.Doc.Text(), start) {
			t.Errorf("%s/%s: the package comment does not start with %q", p.ImportPath, name, start)
		}
	}
}

func TestFileLength(t *testing.T) {
	for _, p := range list(t) {
		for _, name := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(text, []byte("\n")); n > maxLines {
				t.Errorf("%s/%s has %d lines, more than %d: look for the second noun", p.ImportPath, name, n, maxLines)
			}
		}
	}
}

// TestNoMachinePaths keeps the paths of a developer's machine out of everything
// that is shipped, captures included.
func TestNoMachinePaths(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == ".git" || path == "dist" || entry.Name() == "__pycache__"):
			return fs.SkipDir
		case !entry.Type().IsRegular(), path == ".git", path == "tailer", strings.HasSuffix(path, ".test"), strings.HasSuffix(path, ".prof"):
			return nil // what a build leaves behind
		}
		seen++
		word, err := findWord(path)
		if word != "" {
			t.Errorf("%s mentions %s", path, word)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 100 {
		t.Fatalf("only %d files were looked at", seen)
	}
}

// findWord returns the first path of a machine that the file mentions, "" for
// none.
func findWord(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	var text io.Reader = file
	if strings.HasSuffix(path, ".gz") {
		if text, err = gzip.NewReader(file); err != nil {
			return "", err
		}
	}
	lines := bufio.NewReaderSize(text, 1<<20)
	for {
		line, err := lines.ReadSlice('\n')
		for _, word := range machine {
			if bytes.Contains(line, []byte(word)) {
				return word, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return "", err
		}
	}
}
