// Package doctor says in plain words why requests, answers or users are missing,
// and which line to change. It looks at what it is given: a log on its way
// through the stages (Log), LiteLLM's config.yaml (LiteLLM), Open WebUI's
// environment (OpenWebUI), files and sockets (Host), a Langfuse project (Server).
//
// Each thing that can be found has an id in the table of kinds, and a section of
// that name in docs/findings.md:
//
//	log := doctor.NewLog("proxy.log")
//	for … {
//		log.Line(line)     // every line
//		log.Record(record) // every record
//		log.Exchange(x)    // every exchange, before it is enriched
//		log.Attributed(x)  // and after
//	}
//	findings := log.Findings(doctor.Version{})
//
// It reads no file itself but where Host is asked to, opens no connection, and
// changes nothing. It starts no goroutine. What it says never holds a value from
// a header, a body or a configuration but where a setting is named: names only.
package doctor
