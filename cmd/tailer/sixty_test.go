package main_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tailer/ship/shiptest"
)

// A plantedSecret is a text in which something must not be seen. All are made up, in
// parts, so that no scanner takes them for live ones.
type plantedSecret struct{ text, core string }

// sixty are the secrets of the acceptance test: those of planted, and others with
// connection strings, cookies, signed addresses and private keys.
func sixty() (all []plantedSecret) {
	for _, text := range planted {
		all = append(all, plantedSecret{text, core(text)})
	}
	add := func(format, secret string) { all = append(all, plantedSecret{fmt.Sprintf(format, secret), secret}) }
	add("AWS_SECRET_ACCESS_KEY=%s", "wJal"+"rXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEK3y")
	add("aws_session_token: %s", "FwoG"+"ZXIvYXdzEBYaDKp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6Gf")
	add("%s", "AS"+"IAQ7ZX3N5V8B2M4K6L")
	add("%s", "1//"+"0gKp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0Ta")
	add("%s", "GOC"+"SPX-Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6Gf")
	add("%s", "AI"+"zaSyKp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0T")
	add("DefaultEndpointsProtocol=https;AccountName=corp;AccountKey=%s;EndpointSuffix=core.windows.net", "Kp9Z"+"x3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0TaUe8Vi6Bo2==")
	add("Server=tcp:db.example.com;User ID=app;Password=%s;Encrypt=true", "Hx7"+"Kq2Mn9Rt4Wz")
	add("Endpoint=sb://bus.example.net/;SharedAccessKey=%s", "Qt1W"+"n5Rb8Lc2Hd6GfJk4Ys0TaUe8Vi6Bo2Kp9Zx3M=")
	add("mongodb+srv://app:%s@cluster.example.net/prod", "M0ng"+"oPw7Kq2Mn9Rt4Wz")
	add("mysql://app:%s@db.example.com:3306/prod", "MyS"+"qlPw7Kq2Mn9Rt4Wz")
	add("redis://:%s@cache.example.com:6379/0", "Red"+"isPw7Kq2Mn9Rt4Wz")
	add("amqps://app:%s@mq.example.com/vhost", "Amq"+"pPw7Kq2Mn9Rt4Wz")
	add("postgresql://app:%s@db.example.com/litellm?sslmode=require", "Pg"+"Pw7Kq2Mn9Rt4Wz")
	add("-----BEGIN "+"RSA PRIVATE KEY-----%s-----END "+"RSA PRIVATE KEY-----", "MIIE"+"pAIBAAKCAQEA7VJTUt9Us8cKjMzEfYyjiWA4R4Xk3a")
	add("-----BEGIN "+"EC PRIVATE KEY-----%s-----END "+"EC PRIVATE KEY-----", "MHcC"+"AQEEIKp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0TaUe8")
	add("-----BEGIN "+"OPENSSH PRIVATE KEY-----%s-----END "+"OPENSSH PRIVATE KEY-----", "b3Bl"+"bnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAA")
	add("%s", "ey"+"JhbGciOiJSUzI1NiIsImtpZCI6IjEifQ."+"ey"+"JpZCI6ImFuYSIsInJvbGUiOiJhZG1pbiJ9.Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0TaUe8Vi6Bo2")
	add("Authorization: Bearer %s", "Jk4"+"Ys0TaUe8Vi6Bo2Kp9Zx3Mv7Qt1")
	add("Authorization: Basic %s", base64.StdEncoding.EncodeToString([]byte("app:"+"Ba5icPw7Kq2Mn9Rt4Wz")))
	add("https://bucket.example.com/f?X-Amz-Signature=%s", "9f86"+"d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
	add("https://store.example.com/f?sv=2024&sig=%s", "Qt1W"+"n5Rb8Lc2Hd6GfJk4Ys0TaUe8Vi6Bo2Kp9Zx3M")
	add("https://api.example.com/v1/x?access_token=%s", "Wn5R"+"b8Lc2Hd6GfJk4Ys0T")
	add("https://api.example.com/v1/x?a=b&api_key=%s", "Rb8L"+"c2Hd6GfJk4Ys0TaUe")
	add("https://hooks.slack.com/services/%s", "T02K"+"Q7ZX3/B03M5V8B2M/Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6")
	add("https://discord.com/api/webhooks/%s", "1122"+"33445566778899/Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0TaUe8Vi6Bo2Kp9Zx3Mv7Qt1Wn5Rb8Lc2H")
	add("%s", "SG"+".Kp9Zx3Mv7Qt1Wn5Rb8Lc2Q.Hd6GfJk4Ys0TaUe8Vi6Bo2Kp9Zx3Mv7Qt1Wn5Rb8Lc2")
	add("%s", "xa"+"i-Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0TaUe8Vi6Bo2Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6")
	add("%s", "pp"+"lx-Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0TaUe8Vi6Bo2")
	add("%s", "nv"+"api-Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0TaUe8Vi6Bo2")
	add("%s", "dapi"+"0123456789abcdef0123456789abcdef")
	add("%s", "hvs"+".Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4")
	add("%s", "ls"+"v2_pt_Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0T_0a1b2c3d4e")
	add("%s", "gl"+"sa_Kp9Zx3Mv7Qt1Wn5Rb8Lc2Hd6GfJk4Ys0T_0a1b2c3d")
	add("client_secret=%s", "Cs7"+"Kq2Mn9Rt4WzVb5Lc8Hd")
	add("refresh_token=%s", "Rf7"+"Kq2Mn9Rt4WzVb5Lc8Hd")
	add("private_key=%s", "Pk7"+"Kq2Mn9Rt4WzVb5Lc8Hd")
	return all
}

var chatHeader = regexp.MustCompile(`(x-openwebui-chat-id[\\"']*: [\\"']*)([0-9a-f]{8}-[0-9a-f-]{27})`)

// plantSixty puts every secret into prompts, errors and addresses of a log, into the
// value of a header that is sent, and ids into one that is secret by its name.
func plantSixty(t *testing.T, text []byte) ([]byte, []plantedSecret) {
	t.Helper()
	secrets := sixty()
	if len(secrets) < 60 {
		t.Fatalf("only %d secrets", len(secrets))
	}
	// Python prints what holds an apostrophe in other quotes: none does.
	var every strings.Builder
	for _, s := range secrets {
		every.WriteString(s.text + " , ")
	}
	text = bytes.ReplaceAll(text, []byte("Mock upstream says"), []byte("Mock upstream says "+every.String()))
	next := 0
	text = noteInPrompt.ReplaceAllFunc(text, func(note []byte) []byte {
		next = len(note) + int(note[len(note)-2]) // the same for the same note, in whatever record
		out := append([]byte{}, note...)
		for i := range 12 {
			s := secrets[(next*12+i)%len(secrets)]
			out = append(append(append(out, " see "...), s.text...), " and https://files.example.com/v1?token="+s.core...)
		}
		return out
	})
	values := map[string]string{}
	text = chatHeader.ReplaceAllFunc(text, func(found []byte) []byte {
		parts := chatHeader.FindSubmatch(found)
		id := string(parts[2])
		if values[id] == "" {
			values[id] = secrets[len(values)%len(secrets)].text
		}
		return append(append([]byte{}, parts[1]...), values[id]...)
	})
	for _, name := range []string{"x-openwebui-message-id", "X-OpenWebUI-Message-Id"} {
		text = bytes.ReplaceAll(text, []byte(name), []byte("cookie"))
	}
	for _, s := range secrets {
		if n := bytes.Count(text, []byte(s.core)); n < 5 {
			t.Fatalf("%q stands in the log %d times", s.core, n)
		}
	}
	return text, secrets
}

// searchAll looks for secrets in every file below a folder, and in texts by name.
func searchAll(t *testing.T, dir string, secrets []plantedSecret, texts map[string]string) (files int) {
	t.Helper()
	look := func(where string, text []byte) {
		for _, s := range secrets {
			coded := base64.StdEncoding.EncodeToString([]byte(s.core))
			if bytes.Contains(text, []byte(s.core)) || bytes.Contains(text, []byte(strings.TrimRight(coded, "="))) {
				at := max(bytes.Index(text, []byte(s.core)), 0)
				t.Errorf("%s holds %q: …%.120q", where, s.core, text[max(at-60, 0):min(at+60, len(text))])
			}
		}
	}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		look(strings.TrimPrefix(path, dir), readFile(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range texts {
		look(name, []byte(text))
	}
	return files
}

// TestSixtySecrets plants sixty secrets and searches everything that runs of all
// kinds write: traces, store, state, ledger, outbox, spool, dead letters, logs,
// metrics and reports.
func TestSixtySecrets(t *testing.T) {
	t.Parallel()
	c := openCapture(t, "1.109.1/json-detailed")
	text, secrets := plantSixty(t, c.text(t, "proxy.log"))
	log := writeFile(t, filepath.Join(t.TempDir(), "proxy.log"), text)
	good, refusing, down := shiptest.New("4.16.0"), shiptest.New("2.95.12"), shiptest.New("4.16.0")
	for _, server := range []*shiptest.Server{good, refusing, down} {
		defer server.Close()
		server.ShowAfter(0)
	}
	refusing.Fail(shiptest.Fault{Status: 400, Times: -1, Body: `{"message":"Invalid request data"}`})
	down.Fail(shiptest.Fault{Status: 503, Times: -1})
	dir := t.TempDir()
	folder := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	texts := map[string]string{}
	run := func(name string, server *shiptest.Server, stdin io.Reader, started func(*os.Process), args ...string) {
		t.Helper()
		r := command{args: append(append([]string{args[0]}, append(c.flags(), args[1:]...)...), log), env: keys(server), dir: folder(name), stdin: stdin, started: started}.run(t)
		if r.code == 2 {
			t.Fatalf("%s: %s", name, r.stderr)
		}
		texts[name+" stdout"], texts[name+" stderr"] = r.stdout, r.stderr
	}
	state := func(name string) string { return filepath.Join(dir, name, "state") }
	run("backfill", good, nil, nil, "backfill", "--state", state("backfill"), "--to", "langfuse", "--to", "file:spans.jsonl", "--to", "sqlite:traces.db")
	run("refused", refusing, nil, nil, "backfill", "--state", state("refused"), "--to", "langfuse")
	run("down", down, nil, nil, "backfill", "--state", state("down"), "--to", "langfuse", "--retry-for", "1s")
	run("dry-run", good, nil, nil, "backfill", "--dry-run")
	run("report", good, nil, nil, "report", "--json")
	run("audit", good, nil, nil, "audit", "--json", "--callback", "--state", state("audit"), "--csv", "audit.csv")

	// A daemon follows the file, serves metrics, and is killed while Langfuse is down;
	// another one has the log as a pipe, and its spool.
	address := freeAddress(t)
	follow := func(name string, input string, stdin io.Reader, spans string) {
		t.Helper()
		home, scraped := folder(name), make(chan string, 1)
		r := command{
			args: append(append([]string{"run"}, c.flags()...), "--state", filepath.Join(home, "state"), "--metrics-listen", address, "--give-up", "1s",
				"--to", "langfuse", "--to", "file:"+filepath.Join(home, "spans.jsonl"), "--to", "sqlite:"+filepath.Join(home, "traces.db"), input),
			env: keys(down), dir: home, stdin: stdin,
			started: func(p *os.Process) {
				go func() {
					linesOf(t, spans, 80)
					scraped <- scrape(address)
					_ = p.Signal(syscall.SIGKILL)
				}()
			},
		}.run(t)
		texts[name+" stdout"], texts[name+" stderr"], texts[name+" metrics"] = r.stdout, r.stderr, <-scraped
		if !strings.Contains(texts[name+" metrics"], "tailer_") {
			t.Errorf("%s: no metrics", name)
		}
	}
	follow("daemon", log, nil, filepath.Join(dir, "daemon", "spans.jsonl"))
	hangs, writer, err := os.Pipe() // it stays open, as that of docker logs -f does
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(writer.Close(), hangs.Close()) }()
	go func() { _, _ = writer.Write(text) }()
	follow("pipe", "-", hangs, filepath.Join(dir, "pipe", "spans.jsonl"))

	spool, err := os.Stat(filepath.Join(dir, "pipe", "state", "spool", "stdin.db"))
	if err != nil || spool.Size() < int64(len(text))/2 {
		t.Errorf("the spool does not hold the log: %v, %v", spool, err)
	}
	if n := searchAll(t, dir, secrets, texts); n < 15 {
		t.Errorf("only %d files were searched", n)
	}
	if spans := readFile(t, filepath.Join(dir, "backfill", "spans.jsonl")); bytes.Count(spans, []byte("[redacted]")) < 500 {
		t.Errorf("%d marks: the prompts are not there", bytes.Count(spans, []byte("[redacted]")))
	}
}

// freeAddress is one that nobody listens on just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// scrape returns all that a daemon serves, "" if it does not.
func scrape(address string) (all string) {
	client := http.Client{Timeout: 10 * time.Second}
	for _, path := range []string{"/metrics", "/-/healthy", "/-/ready"} {
		r, err := client.Get("http://" + address + path)
		if err != nil {
			return all
		}
		b, _ := io.ReadAll(r.Body) // what came is searched
		_ = r.Body.Close()
		all += string(b)
	}
	return all
}
