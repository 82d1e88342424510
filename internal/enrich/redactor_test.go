package enrich

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// b64 is base64 with the standard alphabet.
func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

const (
	hex32 = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	mix36 = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zAbCdE"
	mix48 = mix36 + "fG1hJ2kL3mN4"
)

// jwtHead and the like are made up; nothing signs them.
var (
	jwtHead = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	jwtBody = base64.RawURLEncoding.EncodeToString([]byte(`{"email":"eva@example.org","sub":"u-1"}`))
	madeJWT = jwtHead + "." + jwtBody + "." + strings.Repeat("Ab3_", 10)
	madePEM = "-----BEGIN RSA PRIVATE " + "KEY-----\n" + strings.Repeat("MIIEpAIBAAKCAQEA0123456789abcdef\n", 4) +
		"-----END RSA PRIVATE " + "KEY-----"
)

// planted are made-up secrets. Heads and tails are apart so that no scanner of
// repositories takes them for found ones.
var planted = []struct{ name, before, head, tail, after string }{
	{"openai", "my key is ", "sk-", mix48, "."},
	{"openai project", "", "sk-proj-", mix48 + "_" + mix36, " ok"},
	{"openai service account", "(", "sk-svcacct-", mix36, ")"},
	{"anthropic api", "key=>", "sk-ant-api03-", mix48 + "-" + mix36 + "AA", "\n"},
	{"anthropic oauth", " ", "sk-ant-oat01-", mix48, " "},
	{"openrouter", "", "sk-or-v1-", hex32 + hex32, ""},
	{"deepseek", "'", "sk-", hex32, "'"},
	{"litellm virtual key", "", "sk-", "Qw3rTy_UiOp-1234asdf", ","},
	{"litellm master key with words", "master ", "sk-", "lab-master-0000-not-a-real-key", "; rest"},
	{"letters only", "", "sk-", "abcdefghijklmnopqrstuvwxyz", " end"},
	{"langfuse secret", "", "sk-lf-", "6b1f0c1e-9a53-4d77-8f7e-0a1b2c3d4e5f", ""},
	{"langfuse public", "", "pk-lf-", "6b1f0c1e-9a53-4d77-8f7e-0a1b2c3d4e5f", "!"},
	{"after an escaped newline in nested JSON", `line\n`, "sk-", mix36, `\n`},
	{"after %20", "Bearing%20", "sk-", mix36, "%20x"},
	{"after a unicode escape", `\u0020`, "sk-", mix36, ""},
	{"glued to a word", "OPENAI_API_KEY", "sk-", mix48, ""},
	{"in chinese text", "密钥是", "sk-", mix36, "，请保密"},
	{"google api key", "", "AI" + "za", "SyA0-bcdefghijklmnopqrstuvwxyz12345", " "},
	{"google access token", "", "ya29.", "a0AfH6SMBx-_0123456789abcdefghij", " "},
	{"google refresh token", "", "1//0", "gAbCdEfGhIjKlMnOpQrStUvWxYz0123456789", ""},
	{"google client secret", "", "GOCSPX-", "AbCdEfGhIjKlMnOpQrStUvWx1234", ""},
	{"aws access key", "id ", "AK" + "IA", "MADEUP0123456789", " "},
	{"aws session key", "", "AS" + "IA", "ABCDEFGHIJ234567", ","},
	{"aws secret in environment", "AWS_SECRET_ACCESS_KEY=", "", "Made/Up1Made+Up2Made/Up3Made+Up4Made/Up5", "\nexport"},
	{"bedrock key", "", "ABSK", b64(strings.Repeat("bedrock-made-up-1", 6)), ""},
	{"groq", "", "gsk_", mix48, ""},
	{"xai", "", "xai-", mix48, ""},
	{"perplexity", "", "pplx-", mix48, ""},
	{"nvidia", "", "nvapi-", mix48 + "-_", ""},
	{"hugging face", "", "hf_", "AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh", ""},
	{"replicate", "", "r8_", mix36 + "Z", ""},
	{"databricks", "", "da" + "pi", hex32, ""},
	{"langsmith", "", "lsv2_pt_", hex32 + "_0123456789", ""},
	{"tavily", "", "tvly-dev-", mix36, ""},
	{"github classic", "", "gh" + "p_", mix36, ""},
	{"github oauth", "", "gh" + "o_", mix36, ""},
	{"github server", "", "gh" + "s_", mix36, "\""},
	{"github fine-grained", "", "github_" + "pat_", "11ABCDEFG0" + mix36, ""},
	{"gitlab", "", "glpat" + "-", "AbCdEf12345-GhIjKl_7", ""},
	{"slack bot", "", "xo" + "xb-", "123456789012-1234567890123-AbCdEfGh", ""},
	{"slack user", "", "xo" + "xp-", "123456789012-AbCdEfGh", ""},
	{"slack app", "", "xa" + "pp-", "1-A012BCDEF-1234567890-abcdef", ""},
	{"stripe live", "", "sk_" + "live_", "51AbCdEfGhIjKlMnOp", ""},
	{"stripe restricted", "", "rk_" + "live_", "51AbCdEfGhIjKlMnOp", ""},
	{"webhook signing", "", "wh" + "sec_", "AbCdEfGhIjKlMnOpQrStUvWx", ""},
	{"npm", "", "np" + "m_", mix36, ""},
	{"pypi", "", "pypi-", "AgEIcHlwaS5vcmc" + mix48, ""},
	{"sendgrid", "", "SG" + ".", "AbCdEfGhIjKlMnOpQrStUv.AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE", ""},
	{"mailgun", "", "key-", hex32, ""},
	{"digitalocean", "", "dop_" + "v1_", hex32 + hex32, ""},
	{"shopify", "", "shp" + "at_", hex32, ""},
	{"tailscale", "", "tskey-auth-", "kAbCdEf1CNTRL-AbCdEfGhIjKl", ""},
	{"vault", "", "hvs.", "CAESIAbCdEfGhIjKlMnOpQrSt", ""},
	{"linear", "", "lin_" + "api_", mix36, ""},
	{"notion", "", "ntn_", mix48, ""},
	{"grafana", "", "glsa_", mix36 + "_0a1b2c3d", ""},
	{"refused key", "LiteLLM Virtual Key expected. Received=", "", "any" + " words", ", expected to start with 'sk-'."},
	{"long refused key", "LiteLLM Virtual Key expected. Received=", "", strings.Repeat("any"+" words ", 400), ", expected to start with 'sk-'."},
	{"telegram bot", "bot", " ", "1234567890:AA" + "made_up-" + "0123456789abcdefghijklmno", ""},
	{"azure client secret", "", "", "abc8Q~AbCdEfGhIjKlMnOpQrStUvWxYz.0123456", " "},
	{"slack webhook", "https://hooks.slack.com/services/", "", "T01234567/B01234567/AbCdEfGhIjKlMnOp", ""},
	{"discord webhook", "https://discord.com/api/webhooks/", "", "123456789012345678/AbCdEf-" + mix48, ""},
	{"bearer", "Authorization: Bearer ", "", "AbCd1234.efgh_5678~/+ijkl==", "\r\nHost: x"},
	{"bearer short litellm", "-H 'Authorization: Bearer ", "sk-", "1234", "'"},
	{"bearer lower case", "bearer ", "", "0123456789abcdef", ""},
	{"bearer of letters", "Bearer ", "", "AbCdEfGhIjKlMnOpQrStUvWx", " x"},
	{"bearer encoded", "Bearer%20", "", "tok-0123456789ab", "&x"},
	{"bearer uuid", "Bearer ", "", "7a9abb74-2934-421c-9b75-b288ee722fb7", "\""},
	{"basic", "Basic ", "", b64("pk-lf-1:sk-lf-2"), ""},
	{"basic lower case", "authorization: basic ", "", b64("eva:correct horse"), "\n"},
	{"jwt", "token: ", "", "JWT", " end"},
	{"jwt without its signature, in a sentence", "it is ", "", jwtHead + "." + jwtBody, "."},
	{"jwt in address", "https://x.example/?t=", "", "JWT", "&b=1"},
	{"private key", "here:\n", "", "PEM", "\nthanks"},
	{"google key in address", "https://g.example/v1?key=", "AI" + "za", "SyA0-bcdefghijklmnopqrstuvwxyz12345", "&alt=sse"},
	{"key in address", "GET /v1/models?api_key=", "", "0a1b2c3d4e5f", " HTTP/1.1"},
	{"second parameter", "?a=b&key=", "", "zyxw9876vuts", "#f"},
	{"path sign in a password", "postgresql://litellm:", "", "pa/ss#w?rd9", "@db:5432/litellm"},
	{"query sign in a password", "DATABASE_URL=mysql://app:", "", "S3cret?now", "@db.internal/app?ssl=true"},
	{"hash in a password", "redis://cache:6379/0, amqp://worker:", "", "Top#Secret", "@mq, http://x"},
	{"curl", "$ curl -s -u admin:", "", "hunter22", " https://x.example/api"},
	{"curl quoted", `curl -X POST --user 'admin:`, "", "hunter:22", `' https://x.example`},
	{"curl on lines", "curl https://x.example \\\n  -u \"bot:", "", "hunter22", "\" \\\n  -d x"},
	{"oauth code", "GET /callback?state=1&code=", "", "4/0AX4XfWhT3kq9Lm2Vw7Yt", " HTTP/1.1"},
	{"parameter in HTML", "/login?next=a&amp;token=", "", "zyxw9876vuts", "&amp;b=1"},
	{"parameter in JSON in JSON", `/login?next=a\u0026token=`, "", "zyxw9876vuts", `\u0026b=1`},
	{"parameter of a fragment", "https://x.example/#id=1&jwt=", "", "zyxw9876vuts", ""},
	{"gitlab parameter", "https://git.example/api?private_token=", "", "zyxw9876vuts", ""},
	{"vertex credentials", "vertex_credentials=", "", b64(`{"client_email": "bot@example.iam", "x": 1}`), ""},
	{"service account", "creds: ", "", b64(`{"type":"service_account","project_id":"made-up","private_key_id":"123"}`), "\n"},
	{"service account indented", "creds: ", "", b64("{\n  \"type\": \"service_account\",\n  \"project_id\": \"made-up\",\n  \"private_key_id\": \"12\"}"), "\n"},
	{"azure sas", "https://x.blob.example/c?sv=2024-11-04&sig=", "", "abc%2Bdef0123456789%3D", "&se=2026"},
	{"aws presigned", "?X-Amz-Date=1&X-Amz-Signature=", "", hex32 + hex32, ""},
	{"postgres password", "postgresql://litellm:", "", "dbpassword9", "@db:5432/litellm"},
	{"redis password", "redis://:", "", "hunter22", "@cache"},
	{"mongo password", "mongodb+srv://app:", "", "p@ss", "@cluster0.example.net/?retryWrites=true"},
	{"ado connection string", "Server=db;User Id=sa;Password=", "", "Str0ng!Pass", ";Encrypt=true"},
	{"storage account key", "DefaultEndpointsProtocol=https;AccountKey=", "", "Ab1+" + strings.Repeat("Cd2/", 20) + "==", ";EndpointSuffix=x"},
	{"azure api key header", "-H 'api-key: ", "", hex32, "'"},
	{"yaml", "api_key: ", "", "a1b2c3d4e5f6g7h8", "\nmodel: x"},
	{"json in text", `{\"api_key\": \"`, "", "a1b2c3d4e5f6g7h8", `\"}`},
	{"python", `client = OpenAI(api_key="`, "", "a1b2c3d4-e5f6-g7h8", `")`},
}

func TestPlantedSecrets(t *testing.T) {
	t.Parallel()
	r := mustRedactor(t)
	rows := 0
	for _, row := range planted {
		secret := row.head + row.tail
		switch secret {
		case "":
			continue
		case "JWT":
			secret = madeJWT
		case "PEM":
			secret = madePEM
		}
		rows++
		t.Run(row.name, func(t *testing.T) {
			lead := ""
			if strings.HasPrefix(secret, " ") {
				lead, secret = " ", secret[1:]
			}
			text := row.before + lead + secret + row.after
			want := row.before + lead + mark + row.after
			if got := r.Text(text); got != want {
				t.Errorf("Text(%q)\n got %q\nwant %q", text, got, want)
			}
			if got := r.Text(want); got != want {
				t.Errorf("second time: Text(%q) = %q", want, got)
			}
			quoted, err := json.Marshal(map[string]any{"a": []any{1.5, text, nil}})
			if err != nil {
				t.Fatal(err)
			}
			var back map[string][]any
			if err := json.Unmarshal(r.JSON(quoted), &back); err != nil {
				t.Fatalf("JSON(%s): %v", quoted, err)
			}
			if got := back["a"][1]; got != want {
				t.Errorf("JSON(%s)\n got %q\nwant %q", quoted, got, want)
			}
		})
	}
	if rows < 60 {
		t.Errorf("%d planted secrets, want at least 60", rows)
	}
}

// clean is what looks a little like a secret and is none.
var clean = []string{
	"", " ", "sk", "sk-", "a task-oriented, risk-free desk-based approach", "scikit-learn, also sk-learn and sk-learn-contrib-extensions",
	"Use the sk-SK-ViktoriaNeural voice or sk-SK-Chirp3-HD-Achernar.", "/sk-sk/clanok-2024-01-05-o-pocasi",
	"ask-0123456789abcdef0123456789abcdef", "disk-1234567890123456", "The Bearer of bad news arrives. Bearer: yes",
	"bearer authentication is required for all requests", "Bearer <token>", "Bearer $OPENAI_API_KEY", "Bearer {{token}}",
	"Authorization: Bearer YOUR_API_KEY_HERE", "Basic understanding of mathematics", "BASIC programming in 1981", "basic auth",
	"Basic authentication", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	"7a9abb74-2934-421c-9b75-b288ee722fb7", "chatcmpl-9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d", "resp_0123456789abcdef0123456789abcdef0123456789abcdef",
	"call_abc123def456ghi789jkl012", "msg_01AbCdEfGhIjKlMnOpQrStUv", "toolu_01Z98y76x54w32v1u0t98s7", "req_011MadeUpMadeUp35K2Madeup",
	"fp_0123456789", "gpt-4o-mini-2024-07-18", "claude-3-5-sonnet-20241022", "https://example.com/?key=value&page=2",
	"https://example.com/path?keyword=monkey", "https://example.com:8080/a@b", "see http://[::1]:8080/ and mailto:eva@example.org",
	"git@github.com:owner/repo.git", "ssh://git@github.com/owner/repo.git", "eyJ is how base64 JSON begins", "eyJhbGciOiJIUzI1NiJ9",
	"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "Look for -----BEGIN PRIVATE KEY----- in the file.",
	"api_key = os.environ['OPENAI_API_KEY']", `api_key=config.settings_v2_production_2024("x")`, "client = OpenAI(api_key=get_api_key_v2_from_2024())",
	"api_key: str = Field(default=None)", "the access_token=... parameter", "prompt_cache_key: conversation-12345-abcdef",
	"http://localhost:8080/users/@me", "http://localhost:PORT/users/@me", "https://host:port/npm/@scope/pkg", "http://{host}:{port}/a@b", "https://x.example/@eva:home/a@b",
	"git+ssh://git@github.com:owner/repo.git@v1", "docker://ghcr.io/x/y:tag@sha256", "http://u:${PASS}/x@h", "git clone -u origin:main", "docker run --user 1000:1000 x",
	"curl -u $USER:$PASS https://x", "curl -u user https://x", "curl https://x\nssh -u a:b", "curl --user-agent a:b", "?code=404-not-found", "&code=ERR_12", "key=value1234567",
	"?country_code=12345678901234567890", "code=12345678901234567890 in prose", "x;key=12345678", "sort -u a:b1", "re-use of a curl -uniform a:b",
	"AKIA is the prefix of AWS keys", "AKIAAAA", "MAKIAB0123456789ABCDEF01", "AIza keys", "xoxb- tokens", "ghp_ tokens start with ghp_",
	"data:image/png;base64,", `url = f"data:image/png;base64,{encoded}"`, "data:text/plain,hello", "data: 1, 2, 3", "metadata:a;base64,b",
	"data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg'/>", "Die Straße ist naß. 日本語のテキスト 🚀",
	"token=abc", "10 tokens/s; max_tokens=1024; Bearer tokens expire", "ratio 1://0", "C:\\Users\\sk-test", "password: hunter2",
	"key-value-store-0123456789abcdef", "monkey-0f1e2d3c", "hf_hub_download(repo_id='x')", "npm_config_registry", "r8_g8_b8_a8_unorm",
	"SG.de", "whsec_", "dapi.example.com", "Q~", "::AA::BB", "2001:AA::1", "[media image/png 688 bytes sha256:" + hex32 + hex32 + "]",
	"[media image/png truncated]", "[redacted]", "Bearer [redacted]", "://user:[redacted]@host", "glpat-", "gsk_to_usd", "fw_update_manager_v2_final",
}

func TestCleanText(t *testing.T) {
	t.Parallel()
	r := mustRedactor(t)
	for _, text := range clean {
		if got := r.Text(text); got != text {
			t.Errorf("Text(%q) = %q", text, got)
		}
		raw, err := json.Marshal([]string{text})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.JSON(raw); string(got) != string(raw) {
			t.Errorf("JSON(%s) = %s", raw, got)
		}
	}
}

func TestKnownSecrets(t *testing.T) {
	t.Parallel()
	const key, short = "vergissmeinnicht und co+/=", "abcd12"
	r := mustRedactor(t, key, short, "", "  ")
	for _, row := range []struct{ name, text, want string }{
		{"as it is", "a" + key + "b", "a[redacted]b"},
		{"in an address", "/x?q=vergissmeinnicht+und+co%2B%2F%3D&r", "/x?q=[redacted]&r"},
		{"base64", "v " + b64(key) + " w", "v [redacted] w"},
		{"base64 after a name", "v " + b64("u:"+key) + " w", "v [redacted] w"},
		{"base64 after a longer name", "v " + b64("us:"+key+"!") + " w", "v [redacted] w"},
		{"base64url", base64.RawURLEncoding.EncodeToString([]byte("???" + key)), "[redacted]"},
		{"short, as a word", "key abcd12, ok", "key [redacted], ok"},
		{"short, in a word", "xabcd12 abcd123", "xabcd12 abcd123"},
		{"twice", key + key, "[redacted][redacted]"},
	} {
		if got := r.Text(row.text); got != row.want {
			t.Errorf("%s: Text(%q) = %q, want %q", row.name, row.text, got, row.want)
		}
	}
}

func TestNewRedactorRefusesShort(t *testing.T) {
	t.Parallel()
	_, err := NewRedactor("long enough", "abc")
	if err == nil || strings.Contains(err.Error(), "abc") {
		t.Errorf("NewRedactor: %v", err)
	}
}

func TestRedactJSON(t *testing.T) {
	t.Parallel()
	key := "sk-" + mix36
	r := mustRedactor(t)
	for _, row := range []struct{ name, in, want string }{
		{"empty", ``, ``},
		{"spaces and order stay", "{ \"b\" : [1,2 ,3.50e+1],\n\"a\":\"x\\u00e4\\/\" , \"b\":null}", "{ \"b\" : [1,2 ,3.50e+1],\n\"a\":\"x\\u00e4\\/\" , \"b\":null}"},
		{"value", `{"a":"x ` + key + `","z": "\u00e4"}`, `{"a":"x [redacted]","z": "\u00e4"}`},
		{"hidden by escapes", `["\u0073k\u002d` + mix36 + `"]`, `["[redacted]"]`},
		{"text around is kept", `["<a> & \"ä\" \ud83d\ude00\n` + key + `"]`, `["<a> & \"ä\" 😀\n[redacted]"]`},
		{"member name", `{"` + key + `":1}`, `{"[redacted]":1}`},
		{"secret member", `{"api_key":"hunter2","Password":"x","max_tokens":"7","authorization":{"type":"string"}}`,
			`{"api_key":"[redacted]","Password":"[redacted]","max_tokens":"7","authorization":{"type":"string"}}`},
		{"list of a secret member", `{"api_keys":["a","b"]}`, `{"api_keys":["[redacted]","[redacted]"]}`},
		{"headers of a tool", `{"type":"mcp","headers":{"X-Foo-Token":"a","Accept":"b"},"x-foo-token":"c"}`,
			`{"type":"mcp","headers":{"X-Foo-Token":"[redacted]","Accept":"b"},"x-foo-token":"c"}`},
		{"headers by other names", `{"request_headers":{"X-Foo-Token":"a"},"http_headers":{"x-foo-token":"b"},"extra_headers":{"X-Foo-Token":"c"},"requester_custom_headers":{"x-foo-token":"d"}}`,
			`{"request_headers":{"X-Foo-Token":"[redacted]"},"http_headers":{"x-foo-token":"[redacted]"},"extra_headers":{"X-Foo-Token":"[redacted]"},"requester_custom_headers":{"x-foo-token":"[redacted]"}}`},
		{"arguments", `{"arguments":"{\"k\":\"` + key + `\"}"}`, `{"arguments":"{\"k\":\"[redacted]\"}"}`},
		{"half a surrogate", `["\ud83d ` + key + `"]`, "[\"\ufffd [redacted]\"]"},
		{"empty containers", `{"a":{},"b":[ ],"c":""}`, `{"a":{},"b":[ ],"c":""}`},
		{"broken", `{"a":"` + key, `"[redaction failed]"`},
		{"broken escape", `["\x41` + key + `"]`, `"[redaction failed]"`},
		{"two documents", `{} {}`, `"[redaction failed]"`},
		{"not a number", `{"a":NaN}`, `"[redaction failed]"`},
		{"missing comma", `[1 2]`, `"[redaction failed]"`},
		{"bare word", `sk`, `"[redaction failed]"`},
		{"too deep", strings.Repeat("[", 2000) + strings.Repeat("]", 2000), `"[redaction failed]"`},
	} {
		if got := string(r.JSON(json.RawMessage(row.in))); got != row.want {
			t.Errorf("%s: JSON(%s)\n got %s\nwant %s", row.name, row.in, got, row.want)
		}
	}
}

// TestHostileLength reads texts of 1 MB made of one rule's beginnings. Each takes
// a fraction of a second, also under the race detector; read to its end at each
// beginning, it would take minutes.
func TestHostileLength(t *testing.T) {
	t.Parallel()
	r := mustRedactor(t)
	for _, piece := range []string{
		"sk-", "api_key=", "Bearer+", "basic+", "eyJ.", "eyJaaaaaaaaaa.", "-----BEGIN PRIVATE KEY-----", "://", "://a:", ":AA", "Q~",
		"/api/webhooks/", "hooks.slack.com/services/", ";password=", "?key=", "data:;base64,", "data:a/b;base64,AA\n", "data:", "hf_", `\`, `\\n`, "%20",
		" xoxd-", "curl -u a:", "curl --user ", "://a:b/", "://a:b@c/", "&code=", "u0026key=", "data:a/b;base64,AA=", "data:a/b;base64,AA%3D", "...(truncated",
	} {
		text := strings.Repeat(piece, 1<<20/len(piece))
		start := time.Now()
		if got := r.Text(text); len(got) > len(text)*8 {
			t.Errorf("%q: %d bytes of %d", piece, len(got), len(text))
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%q: %v", piece, took)
		}
	}
}

func mustRedactor(tb testing.TB, known ...string) *Redactor {
	tb.Helper()
	r, err := NewRedactor(known...)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}
