package enrich

import (
	"regexp"
	"strings"

	"tailer/internal/rawjson"
)

// claudeID is how older versions of Claude Code fill metadata.user_id. The account
// may be empty.
var claudeID = regexp.MustCompile(`^user_([0-9A-Za-z]*)_account_([0-9A-Za-z-]*)_session_([0-9A-Za-z-]*)$`)

// parseClaude reads Claude Code's metadata.user_id: the form above, or (newer
// versions) a JSON object with device_id, account_uuid and session_id, as a string.
func parseClaude(id string) (account, session string, ok bool) {
	id = strings.TrimSpace(id)
	if m := claudeID.FindStringSubmatch(id); m != nil {
		return m[2], m[3], true
	}
	if !strings.HasPrefix(id, "{") {
		return "", "", false
	}
	for name, value := range rawjson.Members([]byte(id)) {
		switch name {
		case "account_uuid":
			account, ok = rawjson.Scalar(value), true
		case "session_id":
			session, ok = rawjson.Scalar(value), true
		case "device_id":
			ok = true
		}
	}
	return account, session, ok
}

// claudeAccount returns the user in Claude Code's id; ok says that it is one,
// whether it names a user or not. The device is not a user.
func claudeAccount(id string) (string, bool) {
	account, _, ok := parseClaude(id)
	return account, ok
}

// claudeSession returns the session in a metadata.user_id. Another client's id
// has none, so ok is always true: the id itself never stands for a session.
func claudeSession(id string) (string, bool) {
	_, session, _ := parseClaude(id)
	return session, true
}
