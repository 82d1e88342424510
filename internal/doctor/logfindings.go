package doctor

import (
	"fmt"
	"time"

	"tailer"
)

// Input is what the source and the clock say about a log, which its lines alone
// do not.
type Input struct {
	Binary    bool          // it does not look like text
	Reversed  bool          // its stamps go backwards
	Withheld  int64         // lines that journalctl left out
	Skew      time.Duration // between stamps and the times inside records; 0: none
	DateGuess bool          // days were counted from the file's time
	Zone      string        // zone in which its stamps were read
}

// fewest is how many records must be there before something is said of all.
const fewest = 3

// Findings returns what is wrong with the log. given is the version that the
// user states, which wins over what the log tells.
func (l *Log) Findings(in Input, given Version) []Finding {
	out := &list{where: l.name}
	v := l.Version()
	if given.Known() {
		v = given
	}
	if !l.unread(in, out) {
		return out.findings
	}
	l.verbosity(v, out)
	l.content(out)
	l.keys(v, out)
	l.clocks(in, out)
	l.requests.findings(v, l, out)
	return out.findings
}

// unread tells why nothing can be read; it returns false where nothing else
// needs to be said.
func (l *Log) unread(in Input, out *list) bool {
	records := l.text + l.json + l.kinds[tailer.KindPayload]
	ours := l.text + l.plainJSON + l.core + l.kinds[tailer.KindPayload]
	const pipe = "docker logs -f litellm 2>&1 | tailer -"
	switch {
	case l.lines == 0:
		out.add("log-empty", 0, "", "There is not one line in it. If it is a pipe, its writer has ended or wrote to standard error.")
	case in.Binary:
		out.add("log-not-a-log", 0, "", "Half of its lines are not text. Compressed files are recognized by their content (gzip, zstd, xz), others are not.")
	case ours == 0 && l.kinds[tailer.KindAccess] > 0:
		out.add("log-stdout-only", 0, pipe,
			"It holds %s and no record. Up to 1.98 LiteLLM writes its records to standard error; \"2>&1\" sends both streams into the pipe.",
			plural(int(l.kinds[tailer.KindAccess]), "access line"))
	case records == 0:
		out.add("log-not-litellm", 0, "", "None of its %s has the form of LiteLLM's. Is it the log of the proxy, and of the right container?", plural(int(l.lines), "line"))
	default:
		return true
	}
	return false
}

// detailed counts the records that only a debug log has.
func (l *Log) detailed() int64 {
	return l.kinds[tailer.KindHeaders] + l.kinds[tailer.KindBody] + l.kinds[tailer.KindPrepared] + l.kinds[tailer.KindArguments] +
		l.kinds[tailer.KindDetails] + l.kinds[tailer.KindRawAnswer]
}

// whole counts the records that hold all of a request.
func (l *Log) whole() int64 { return l.kinds[tailer.KindCall] + l.kinds[tailer.KindPayload] }

// verbosity tells whether the proxy logs enough.
func (l *Log) verbosity(v Version, out *list) {
	switch {
	case l.whole() > 0:
		l.halves(v, out)
	case l.detailed() < fewest && l.setVerbose > 0 && l.info < fewest:
		out.add("log-set-verbose-only", 0, verboseChange(v),
			"Its records say that set_verbose is on, and no more. set_verbose prints fragments without headers, bodies or ids; it does not lower the level of the log.")
	case l.detailed() < fewest && l.info >= fewest:
		out.add("log-level-info", 0, verboseChange(v),
			"It holds %d records at INFO and none of a request. --debug and LITELLM_LOG=INFO are this level.", l.info)
	case l.detailed() < fewest:
		out.add("log-level-default", 0, verboseChange(v), "It holds %d records, none of a request: the proxy was started without a debug flag.", l.text+l.json)
	case l.kinds[tailer.KindArguments] == l.inside && l.kinds[tailer.KindRawAnswer] == 0 && !v.Since(84):
		out.add("log-core-logger-off", 0, "litellm --config config.yaml --detailed_debug",
			"Headers and bodies are there, but no call and no answer. Up to 1.80 LITELLM_LOG=DEBUG reaches the proxy's loggers only; the flag reaches all.")
	default:
		out.add("log-answers-untied", 0, payloadChange(v),
			"It holds %s and their headers, but neither payloads nor a callback's records. Only those have request and answer together; "+
				"without them an answer is known only where a single request can be meant, and streamed answers are mostly lost.",
			plural(l.requests.all, "request"))
	}
}

// halves tells what is missing although whole requests are there.
func (l *Log) halves(v Version, out *list) {
	payloads, calls := l.kinds[tailer.KindPayload], l.kinds[tailer.KindCall]
	if payloads > 0 && calls == 0 && l.detailed() < fewest {
		if l.text > 0 && !l.stderr {
			out.add("log-forgeable", 0, "JSON_LOGS=true   # in the proxy's environment",
				"LiteLLM's warnings and errors quote clients and providers raw, line breaks and all. In a text log a payload in such a quotation is as good as one of LiteLLM's own, "+
					"under whatever user it names.")
		}
		if v.Since(84) {
			out.add("log-payload-no-failures", 0, "litellm --config config.yaml --detailed_debug",
				"From 1.84 on LiteLLM prints payloads of successful requests only. A failed one is then known by its error alone, without prompt and user. "+
					"With --detailed_debug beside the payloads nearly all is known; the log grows about fivefold.")
		}
		if l.requests.withHeaders == 0 && l.requests.all >= fewest {
			change := "pip install 'litellm[proxy]'   # or the official image: it brings litellm-enterprise"
			if v.Before(72) {
				change = "litellm --config config.yaml --detailed_debug   # or LiteLLM 1.72 or later"
			}
			out.add("log-payload-headers", 0, change,
				"None of the %s tells a header. LiteLLM 1.72 and later puts the x-* headers into payloads if the package litellm-enterprise is installed.",
				plural(int(payloads), "payload"))
		}
	}
	if l.refusals >= fewest && l.errors == 0 && !l.stderr && v.Since(99) {
		out.add("log-stderr-missing", 0, "docker logs -f litellm 2>&1 | tailer -",
			"%s refused or failed, but no record says why: from 1.102 on, warnings and errors alone go to standard error.", plural(int(l.refusals), "request"))
	}
}

// content tells what stands in the log that should not.
func (l *Log) content(out *list) {
	switch {
	case l.secrets > 0:
		out.add("log-secrets", 0, "pip install -U 'litellm[proxy]>=1.98'   # masks both",
			"%s a client's key or cookie in clear: up to 1.80 LiteLLM masks nothing, up to 1.84 no cookie. tailer sends none of it on; but who can read this log has them.",
			holds(l.secrets))
	case l.printed >= fewest:
		out.add("log-secrets", 0, "set_verbose: false   # in litellm_settings",
			"%s a provider's key in clear: what set_verbose prints bypasses LiteLLM's redaction, up to 1.98. tailer sends none of it on; but who can read this log has it.",
			holds(l.printed))
	}
	if l.setVerbose > 0 && l.detailed() >= fewest {
		out.add("log-set-verbose", 0, "# remove from litellm_settings: set_verbose: true",
			"The debug log says all that set_verbose prints. It prints the same calls again, slows the proxy, and is deprecated.")
	}
}

func holds(n int64) string {
	if n == 1 {
		return "1 record holds"
	}
	return fmt.Sprintf("%d records hold", n)
}

// clocks tells what is wrong with times and order.
func (l *Log) clocks(in Input, out *list) {
	if in.Skew != 0 {
		out.add("log-clock-skew", 0, "tailer … --timezone ZONE   # the zone of the proxy's clock, e.g. Europe/Berlin; TZ in its container",
			"The times inside its records are %v off its stamps, read in zone %s. Until this is put right all times are wrong by as much.", in.Skew.Abs(), in.Zone)
	}
	if in.DateGuess && l.text > 0 {
		out.add("log-date-guessed", 0, "json_logs: true   # in litellm_settings; or: tailer … --date 2026-11-23",
			"Its records state the time of day alone. The days were counted from the file's time, which a copy changes.")
	}
	if in.Reversed {
		out.add("log-newest-first", 0, "logcli query --forward …", "Its stamps go backwards. Export the log oldest first.")
	}
	if in.Withheld > 0 {
		out.add("log-lines-withheld", 0, "journalctl -o json --all -u litellm", "journalctl wrote null in place of %s.", plural(int(in.Withheld), "long line"))
	}
}

// payloadChange is the environment that prints payloads.
func payloadChange(v Version) string {
	change := "LITELLM_PRINT_STANDARD_LOGGING_PAYLOAD=true   # in the proxy's environment\nJSON_LOGS=true   # clients can forge a text log"
	if !v.Since(91) {
		change += "\nPYTHONUNBUFFERED=1   # up to 1.90 what is printed waits in a buffer"
	}
	return change
}

// verboseChange is what turns a log without requests into one that has them.
func verboseChange(v Version) string {
	const flag = "litellm --config config.yaml --detailed_debug"
	switch {
	case v.Before(61):
		return flag + "\nlitellm_settings: {success_callback: [langfuse], failure_callback: [langfuse]}   # 1.55 cannot print payloads"
	case v.Before(76):
		return "LITELLM_PRINT_STANDARD_LOGGING_PAYLOAD=true   # in the proxy's environment; up to 1.75 it needs the flag too\n" + flag
	case v.Since(76) && v.Before(84):
		return payloadChange(v) // failed requests are among them
	}
	why := "   # for failed requests too; without it the log is a fifth of the size"
	if !v.Since(76) {
		why = "   # up to 1.75 nothing is printed without it; later it adds the failed requests"
	}
	return payloadChange(v) + "\n" + flag + why
}
