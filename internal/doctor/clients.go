package doctor

// findings tells what is wrong with how clients say who they are.
func (q *requests) findings(v Version, l *Log, out *list) {
	if q.withHeaders < fewest {
		return
	}
	const forward = "ENABLE_FORWARD_USER_INFO_HEADERS=true   # in Open WebUI's environment"
	header, n := q.address()
	switch {
	case q.tokens >= fewest && 2*q.hiddenTokens > q.tokens:
		out.add("owui-jwt-redacted", 0, "# remove from Open WebUI's environment: FORWARD_USER_INFO_HEADER_JWT_SECRET\n"+payloadChange(v)+"   # or print payloads, which LiteLLM does not redact",
			"%s bear X-OpenWebUI-User-Jwt, and LiteLLM's log redacts tokens: who asked cannot be read.", plural(q.tokens, "request"))
	case q.tokens >= fewest:
		out.add("owui-jwt", 0, "# tailer verifies them with the secret of FORWARD_USER_INFO_HEADER_JWT_SECRET; else it marks the user as unverified",
			"%s bear X-OpenWebUI-User-Jwt in place of the four user headers. tailer reads the claims and stores no token.", plural(q.tokens, "request"))
	case 2*q.withUser >= q.withHeaders:
		// Most requests name their user. Those that do not may be of other clients.
	case n >= fewest && 2*n >= q.withHeaders-q.withUser:
		out.add("owui-header-renamed", 0,
			"# in Open WebUI's environment, remove the FORWARD_USER_INFO_HEADER_… variables; or name the header to tailer:\nidentity:\n  user: [\"header:"+header+"\"]",
			"%s of %d bear an e-mail address in the header %s, which tailer does not take for a user unless it is told to.", plural(n, "request"), q.withHeaders, header)
	case q.withUser == 0:
		out.add("owui-forward-off", 0, forward,
			"The headers of %s are known, and none names a user. Open WebUI sends its X-OpenWebUI-User-* headers only with this switch; it is off by default.",
			plural(q.withHeaders, "request"))
	}
	if q.openWebUI >= fewest && q.chats >= fewest && q.chatIDs == 0 {
		out.add("owui-no-chat-id", 0, "ghcr.io/open-webui/open-webui:v0.6.17   # or later; or unset FORWARD_SESSION_INFO_HEADER_CHAT_ID",
			"%s of Open WebUI's name a user but no chat. X-OpenWebUI-Chat-Id is sent since 0.6.17, and may have been renamed since 0.8.0. Without it there are no sessions.",
			plural(q.chats, "chat request"))
	}
	if l.langfuse && v.Since(84) && !v.Since(104) && v.Before(109) && q.inSession > len(q.sessions)+fewest {
		out.add("log-session-collapse", 0, "# in tailer's own mode: remove langfuse from success_callback and failure_callback; or LiteLLM 1.104 or later",
			"%d requests bear %s in an x-…-session-id header. LiteLLM 1.84 to 1.103 (this is %s) makes that its Langfuse trace id, so its own callback writes as many traces, "+
				"each overwritten by every request of the session. tailer's traces are one for each request.",
			q.inSession, plural(len(q.sessions), "different value"), v)
	}
}
