// Package tailer is the vocabulary of the program: the nouns that its stages
// pass to each other. It does no I/O and imports only the standard library.
//
// Data flows one way. A source yields a Line; parse turns lines into a Record;
// pair joins the records of one request into an Exchange; enrich says who asked
// (Attribution) and removes secrets; ship turns it into spans and delivers
// them. Only positions come back:
//
//	source ── Line ──▶ parse ── Record ──▶ pair ── Exchange ──▶ enrich ──▶ ship
//	   ▲                                                                    │
//	   └───────────────────────── resolved positions ◀──────────────────────┘
//
// All types are plain values. None is safe for concurrent modification; a stage
// owns what it was handed until it hands it on.
package tailer
