package doctor

import (
	"strconv"
	"strings"
	"time"
)

// Server is what a Langfuse project says about itself, as far as it was asked.
type Server struct {
	Host          string // as configured
	Unreachable   error  // no answer at all
	KeysRefused   bool   //
	Version       string // "" if it does not tell
	RetentionDays int    // of the project; 0: kept for ever, or not told
	EventsOnly    bool   // v4 that does not serve what LiteLLM's older callback writes
	API           string // that tailer is told to use: auto, otlp, ingestion
	Mode          string // of tailer: own, upsert, annotate, auto
	Twice         int    // requests that were found there from LiteLLM and from tailer
}

// regions are the hosts of Langfuse Cloud. Keys are of one of them only.
var regions = []string{"https://cloud.langfuse.com (EU)", "https://us.cloud.langfuse.com (US)", "https://hipaa.cloud.langfuse.com (HIPAA)"}

// Findings returns what is wrong with the server. first is the start of the
// oldest request in the log; now is the time.
func (s *Server) Findings(first, now time.Time) []Finding {
	out := &list{where: s.Host}
	major, minor := number(s.Version)
	switch {
	case s.Unreachable != nil:
		out.add("langfuse-unreachable", 0, "LANGFUSE_BASE_URL=https://…   # address of your Langfuse", "%v.", s.Unreachable)
		return out.findings
	case s.KeysRefused:
		says := "It does not know them. Keys belong to one project of one server."
		if strings.Contains(s.Host, "cloud.langfuse.com") {
			says += " Each region of Langfuse Cloud is a server of its own: " + strings.Join(regions, ", ") + "."
		}
		out.add("langfuse-keys", 0, "LANGFUSE_BASE_URL, LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY   # from Settings, API Keys, of the project", "%s", says)
		return out.findings
	}
	switch {
	case major > 0 && (major < 3 || major == 3 && minor < 22):
		if s.API == "otlp" {
			out.add("langfuse-write-mode", 0, "langfuse:\n  api: auto", "Langfuse %s has no OTLP end point; that came with 3.22.", s.Version)
		} else {
			out.add("langfuse-version", 0, "# Langfuse 3.22 or later", "Version %s takes JSON ingestion only, which tailer uses then. Usage details and costs by kind are lost on v2.", s.Version)
		}
	case major >= 4 && s.EventsOnly && s.API == "ingestion":
		out.add("langfuse-write-mode", 0, "langfuse:\n  api: auto", "Langfuse %s refuses traces by JSON ingestion unless LANGFUSE_MIGRATION_V4_WRITE_MODE=dual is set there.", s.Version)
	case major >= 4 && s.EventsOnly && s.Mode == "upsert":
		out.add("langfuse-write-mode", 0, "langfuse:\n  mode: own   # or annotate", "On Langfuse %s what was written cannot be changed: mode upsert has nothing to add to.", s.Version)
	}
	if s.RetentionDays > 0 && !first.IsZero() {
		if age := int(now.Sub(first).Hours() / 24); age >= s.RetentionDays {
			out.add("langfuse-retention", 0, "tailer backfill --since "+strconv.Itoa(24*s.RetentionDays)+"h …   # or a longer retention, in the project's settings",
				"The project keeps %d days; the oldest request in the log is %d days old. Langfuse deletes by the time of the request, so such traces go at its next clean-up.",
				s.RetentionDays, age)
		}
	}
	if s.Twice > 0 {
		out.add("langfuse-both-write", 0, "# remove langfuse from LiteLLM's success_callback and failure_callback, or give it another project",
			"%s of the log were found from both. Users' costs count both.", plural(s.Twice, "request"))
	}
	return out.findings
}

// number returns the first two numbers of a version, 0 where there are none.
func number(version string) (major, minor int) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	second, _, _ := strings.Cut(rest, ".")
	major, _ = strconv.Atoi(first)
	minor, _ = strconv.Atoi(second)
	return major, minor
}

// NoKeys is what to say where Langfuse is wanted and its keys are not set.
func NoKeys(where string) Finding {
	out := &list{where: where}
	out.add("langfuse-no-keys", 0, "LANGFUSE_PUBLIC_KEY=pk-lf-…\nLANGFUSE_SECRET_KEY_FILE=/etc/tailer/langfuse-secret-key", "A sink is langfuse, but there are no keys for it.")
	return out.findings[0]
}
