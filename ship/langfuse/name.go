package langfuse

import "strings"

const nameStart = "langfuse "

func nameOf(base, publicKey string) string { return nameStart + base + " " + publicKey }

// Heir returns which of the names of configured sinks is that of the project to which
// a sink wrote that is not configured any more: the only one of the same server. It is
// "" if there is none, or are several, or name is configured.
func Heir(configured []string, name string) (heir string) {
	base, _, ok := strings.Cut(strings.TrimPrefix(name, nameStart), " ")
	if !ok || !strings.HasPrefix(name, nameStart) {
		return ""
	}
	for _, other := range configured {
		switch {
		case !strings.HasPrefix(other, nameOf(base, "")):
		case other == name || heir != "":
			return ""
		default:
			heir = other
		}
	}
	return heir
}
