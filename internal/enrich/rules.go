package enrich

// shapes are secrets that their own form gives away: a prefix that their maker
// chose, then a run of bytes. Lengths are those of the run; max 0 is no limit.
// Prefixes are the well-known ones; lengths are set a little below what is common,
// and none was measured on a live key.
var shapes = []struct {
	prefix   string
	run      *class
	min, max int
	check    func(run []byte) bool // nil: any run will do
}{
	{"sk-", wordByte, 16, 0, looksLikeKey}, // OpenAI, Anthropic, OpenRouter, DeepSeek, LiteLLM, Langfuse (sk-lf-)
	{"pk-lf-", wordByte, 8, 0, hasDigit},   // Langfuse public key
	{"sk_live_", alnumByte, 16, 0, nil},    // Stripe
	{"sk_test_", alnumByte, 16, 0, nil},
	{"rk_live_", alnumByte, 16, 0, nil},
	{"rk_test_", alnumByte, 16, 0, nil},
	{"sk_", lowerHex, 48, 0, nil}, // ElevenLabs
	{"whsec_", base64Byte, 24, 0, nil},
	{"AIza", wordByte, 30, 0, nil},  // Google API key
	{"ya29.", wordByte, 20, 0, nil}, // Google OAuth access token
	{"1//0", wordByte, 30, 0, nil},  // Google OAuth refresh token
	{"GOCSPX-", wordByte, 20, 0, nil},
	{"AKIA", upperDigit, 16, 16, nil}, // AWS access key ids
	{"ASIA", upperDigit, 16, 16, nil},
	{"ABIA", upperDigit, 16, 16, nil},
	{"ACCA", upperDigit, 16, 16, nil},
	{"ABSK", base64Byte, 80, 0, nil}, // AWS Bedrock API key
	{"bedrock-api-key-", base64Byte, 32, 0, nil},
	{"gsk_", alnumByte, 32, 0, nil},    // Groq
	{"xai-", alnumByte, 32, 0, nil},    // xAI
	{"pplx-", alnumByte, 32, 0, nil},   // Perplexity
	{"nvapi-", wordByte, 32, 0, nil},   // NVIDIA
	{"hf_", alnumByte, 30, 0, nil},     // Hugging Face
	{"r8_", alnumByte, 30, 0, nil},     // Replicate
	{"fw_", alnumByte, 20, 0, hasBoth}, // Fireworks
	{"tgp_v1_", wordByte, 32, 0, nil},  // Together
	{"jina_", wordByte, 32, 0, nil},
	{"tvly-", wordByte, 20, 0, hasDigit}, // Tavily
	{"lsv2_", wordByte, 32, 0, nil},      // LangSmith
	{"dapi", lowerHex, 32, 0, nil},       // Databricks
	{"ghp_", alnumByte, 30, 0, nil},      // GitHub
	{"gho_", alnumByte, 30, 0, nil},
	{"ghu_", alnumByte, 30, 0, nil},
	{"ghs_", dottedByte, 30, 0, hasDigit},
	{"ghr_", alnumByte, 30, 0, nil},
	{"github_pat_", wordByte, 22, 0, nil},
	{"glpat-", dottedByte, 20, 0, nil}, // GitLab
	{"gldt-", wordByte, 20, 0, hasDigit},
	{"glrt-", dottedByte, 20, 0, hasDigit},
	{"xoxa-", wordByte, 10, 0, hasDigit}, // Slack
	{"xoxb-", wordByte, 10, 0, hasDigit},
	{"xoxc-", wordByte, 10, 0, hasDigit},
	{"xoxd-", bearerByte, 10, 0, hasDigit},
	{"xoxe-", wordByte, 10, 0, hasDigit},
	{"xoxe.", dottedByte, 10, 0, hasDigit},
	{"xoxp-", wordByte, 10, 0, hasDigit},
	{"xoxr-", wordByte, 10, 0, hasDigit},
	{"xoxs-", wordByte, 10, 0, hasDigit},
	{"xapp-", wordByte, 10, 0, hasDigit},
	{"npm_", alnumByte, 36, 0, nil},
	{"pypi-", wordByte, 50, 0, nil},
	{"SG.", dottedByte, 40, 0, hasDigit},  // SendGrid
	{"key-", lowerHex, 32, 32, nil},       // Mailgun
	{"dop_v1_", lowerHex, 64, 0, nil},     // DigitalOcean
	{"shpat_", hexByte, 32, 0, nil},       // Shopify
	{"tskey-", wordByte, 16, 0, hasDigit}, // Tailscale
	{"hvs.", wordByte, 24, 0, nil},        // HashiCorp Vault
	{"lin_api_", alnumByte, 32, 0, nil},   // Linear
	{"ntn_", alnumByte, 40, 0, nil},       // Notion
	{"ATATT3", bearerByte, 60, 0, nil},    // Atlassian
	{"glsa_", wordByte, 32, 0, hasDigit},  // Grafana
	{"glc_", base64Byte, 32, 0, hasDigit},
	{"NRAK-", upperDigit, 27, 0, nil}, // New Relic
	{"PMAK-", wordByte, 32, 0, nil},   // Postman
	{"AGE-SECRET-KEY-1", upperDigit, 40, 0, nil},
	{"EAACEdEose0cBA", alnumByte, 10, 0, nil}, // Facebook
	{"AQ.A", wordByte, 40, 0, hasBoth},        // Google API key, of Vertex AI
	{"vck_", alnumByte, 40, 0, hasDigit},      // Vercel AI Gateway
	{"pa-", wordByte, 40, 0, random},          // Voyage
	{"esecret_", alnumByte, 24, 0, hasDigit},  // Anyscale
	{"fc-", lowerHex, 32, 32, nil},            // Firecrawl
	{"dckr_pat_", wordByte, 24, 0, nil},       // Docker Hub
	{"shpss_", hexByte, 32, 0, nil},
	{"sntrys_", base64Byte, 40, 0, hasDigit}, // Sentry
	{"pul-", lowerHex, 40, 40, nil},          // Pulumi
	{"sq0csp-", wordByte, 40, 0, nil},        // Square
	{"Signature=", lowerHex, 64, 64, nil},    // AWS, of a request
	// Base64 of a Google service account's file, `{"type":"service_account",…`, with and
	// without a blank, and indented.
	{"eyJ0eXBlIjoic2VydmljZV9hY2NvdW50I", valueByte, 40, 0, nil},
	{"eyJ0eXBlIjogInNlcnZpY2VfYWNjb3VudCI", valueByte, 40, 0, nil},
	{"ewogICJ0eXBlIjogInNlcnZpY2VfYWNjb3VudCI", valueByte, 40, 0, nil},
}

// names are what stands before a value that has no form of its own, in
// configuration, code, headers and command lines: `api_key="…"`.
var names = []string{
	"api_key", "api-key", "apikey", "subscription-key", "secret_key", "secret-key", "secretkey", "secret_access_key",
	"secretaccesskey", "access_token", "accesstoken", "auth_token", "authtoken", "refresh_token", "refreshtoken",
	"session_token", "security-token", "client_secret", "clientsecret", "accountkey", "sharedaccesskey", "authorization",
	"master_key", "private_key", "bearer_token", "signing_key", "api_token", "api-token", "auth-token", "vault-token", "ad_token",
	"vertex_credentials", "vertex_ai_credentials", "password", "passwd", "key provided", // `invalid API key provided: …`, in the words of providers
}

// params are names of query parameters whose values are secrets of at least so many bytes:
// short codes are of errors and countries.
var params = []struct {
	name string
	min  int
}{
	{"key=", 8}, {"api_key=", 8}, {"api-key=", 8}, {"apikey=", 8}, {"access_token=", 8}, {"token=", 8}, {"auth=", 8}, {"sig=", 8},
	{"signature=", 8}, {"client_secret=", 8}, {"password=", 8}, {"x-amz-signature=", 8}, {"x-amz-security-token=", 8},
	{"x-amz-credential=", 8}, {"x-goog-signature=", 8}, {"x-goog-credential=", 8}, {"subscription-key=", 8},
	{"ocp-apim-subscription-key=", 8}, {"secret=", 8}, {"id_token=", 8}, {"refresh_token=", 8}, {"auth_token=", 8}, {"authtoken=", 8},
	{"private_token=", 8}, {"session_token=", 8}, {"jwt=", 8}, {"pwd=", 8}, {"passwd=", 8}, {"access_key=", 8}, {"secret_key=", 8},
	{"code_verifier=", 16}, {"code=", 16},
}

// textRules are the rules for unknown secrets and for media.
func textRules() []rule {
	all := []rule{
		{name: "media", prefix: "data:", fold: true, match: matchMedia, always: true},
		{name: "bearer", prefix: "bearer", fold: true, match: matchBearer},
		{name: "basic", prefix: "basic", fold: true, match: matchBasic},
		{name: "jwt", prefix: "eyJ", match: matchJWT},
		{name: "private key", prefix: "-----BEGIN ", free: true, match: matchPEM},
		{name: "url password", prefix: "://", free: true, match: matchUserinfo},
		{name: "curl user", prefix: "-u ", match: matchCurl, free: true},
		{name: "curl user", prefix: "--user", match: matchCurl, free: true},
		{name: "telegram", prefix: ":AA", free: true, match: matchTelegram},
		{name: "azure client secret", prefix: "Q~", free: true, match: matchAzureSecret},
		{name: "slack webhook", prefix: "hooks.slack.com/services/", free: true, match: webhook(20)},
		{name: "discord webhook", prefix: "/api/webhooks/", free: true, match: webhook(40)},
		{name: "key in a word", prefix: "sk-", free: true, match: shape(len("sk-"), wordByte, 32, 0, random)},
		{name: "connection string", prefix: ";password=", fold: true, free: true, match: matchConnection},
		{name: "connection string", prefix: ";pwd=", fold: true, free: true, match: matchConnection},
		{name: "cookie", prefix: "cookie", fold: true, free: true, match: matchCookie},
		{name: "refused key", prefix: receivedKey, free: true, match: matchReceived},
	}
	for _, s := range shapes {
		all = append(all, rule{name: s.prefix, prefix: s.prefix, match: shape(len(s.prefix), s.run, s.min, s.max, s.check)})
	}
	for _, name := range names {
		all = append(all, rule{name: name, prefix: name, fold: true, free: true, match: assignment(len(name))})
	}
	for _, p := range params {
		all = append(all, rule{name: "query " + p.name, prefix: p.name, fold: true, free: true, match: parameter(len(p.name), p.min)})
	}
	return all
}
