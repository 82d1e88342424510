package enrich

import (
	"fmt"
	"slices"
	"strings"
)

// defaultUser is the default precedence of users. Its middle is LiteLLM's own
// order (1.109.1); around it stand what clients set for Langfuse, Open WebUI's
// and LibreChat's headers, and what the key tells.
var defaultUser = []string{
	"header:langfuse_trace_user_id", "body:metadata.trace_user_id", "header:x-litellm-customer-id",
	"header:x-litellm-end-user-id", "header:x-openwebui-user-email", "header:x-openwebui-user-id", "jwt:email", "jwt:sub",
	"header:x-librechat-user-email", "header:x-librechat-user-id", "body:user", "body:metadata.user_id",
	"body:safety_identifier", "litellm:end_user", "key:user_email", "key:alias",
}

// defaultSession is the default precedence of sessions, likewise.
var defaultSession = []string{
	"header:langfuse_session_id", "body:metadata.session_id", "header:x-litellm-trace-id", "header:x-litellm-session-id",
	"header:x-openwebui-session-id", "header:x-openwebui-chat-id", "header:x-librechat-body-conversationid",
	"header:x-*-session-id", "codex:session-id", "codex:session_id", "codex:thread-id", "codex:conversation_id",
	"header:x-session-id", "body:metadata.user_id", "body:litellm_session_id", "baggage:session.id",
}

// profiles are further sources, by the name of what sends them. Everybody who
// can reach the proxy can send these headers, so each is off until asked for.
var profiles = map[string]struct{ user, session []string }{
	// oauth2-proxy, its page Overview: --pass-user-headers (X-Forwarded-…) and
	// --set-xauthrequest (X-Auth-Request-…).
	"oauth2-proxy": {user: []string{
		"header:x-forwarded-email", "header:x-auth-request-email", "header:x-forwarded-preferred-username",
		"header:x-auth-request-preferred-username", "header:x-forwarded-user", "header:x-auth-request-user",
	}},
	// Cloudflare Access; its Cf-Access-Jwt-Assertion is never stored.
	"cloudflare-access": {user: []string{"header:cf-access-authenticated-user-email"}},
	// Authelia, page Trusted Header SSO, which Caddy, Traefik and nginx pass on.
	"authelia": {user: []string{"header:remote-email", "header:remote-user"}},
	// authentik, page Proxy provider, section Headers.
	"authentik": {user: []string{"header:x-authentik-email", "header:x-authentik-username", "header:x-authentik-uid"}},
	// Google IAP, page Getting the user's identity; the value begins with `accounts.google.com:`, which is taken off.
	"google-iap": {user: []string{"header:x-goog-authenticated-user-email", "header:x-goog-authenticated-user-id"}},
	// AWS Application Load Balancer, page Authenticate users: the
	// subject, not an address. Its X-Amzn-Oidc-Data is a token and never read.
	"aws-alb": {user: []string{"header:x-amzn-oidc-identity"}},
	// Azure App Service, page Work with user identities.
	"azure-easy-auth": {user: []string{"header:x-ms-client-principal-name", "header:x-ms-client-principal-id"}},
	// Tailscale Serve, page Tailscale Serve, section Identity headers.
	"tailscale": {user: []string{"header:tailscale-user-login"}},
	// Open WebUI's headers renamed for Amazon Bedrock AgentCore.
	"bedrock-agentcore": {
		user: []string{
			"header:x-amzn-bedrock-agentcore-runtime-custom-user-email",
			"header:x-amzn-bedrock-agentcore-runtime-custom-user-id",
		},
		session: []string{
			"header:x-amzn-bedrock-agentcore-runtime-custom-chat-id", "header:x-amzn-bedrock-agentcore-runtime-session-id",
		},
	},
	// OpenAI's cache key: one per conversation in many clients, one per program in others.
	"openai-cache-key": {session: []string{"body:prompt_cache_key"}},
}

// Profiles returns the names that Config.Profiles may hold, sorted.
func Profiles() []string {
	names := make([]string, 0, len(profiles))
	for name := range profiles {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// extraSources returns the sources of the named profiles, in the order named.
func extraSources(names []string) (user, session []string, err error) {
	for _, name := range names {
		p, ok := profiles[name]
		if !ok {
			return nil, nil, fmt.Errorf("profile %q (there are %s): %w", name, strings.Join(Profiles(), ", "), ErrProfile)
		}
		user, session = append(user, p.user...), append(session, p.session...)
	}
	return user, session, nil
}
