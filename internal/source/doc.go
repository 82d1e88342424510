// Package source turns files, globs, folders and standard input into lines.
//
// It finds the inputs that command-line arguments name and puts them in the
// order in which they were written (Expand), decompresses them, cuts them into
// lines, and takes off what a container runtime or a log shipper put around
// each line: its envelope (Open, Reader).
//
//	inputs, err := source.Expand([]string{"/var/log/litellm"})
//	for _, in := range inputs {
//		r, err := source.Open(in, os.Stdin, source.Config{})
//		for {
//			line, err := r.Next()
//			if err == io.EOF {
//				break
//			}
//			// line.Bytes is valid until the next call
//		}
//		r.Close()
//	}
//
// These envelopes are known: Docker's json-file, CRI (Kubernetes), `docker logs
// -t`, `docker compose logs`, `kubectl logs --prefix --timestamps`, journalctl's
// short, short-precise, short-iso, json and export, syslog (RFC 3164 and 5424),
// CloudWatch (stamped lines and JSON events), Google Cloud Logging, and Loki's
// logcli (default and jsonl). They are detected by content, on the first 64 lines
// or 256 KiB, and may be nested.
//
// Open reads to the end and stops. A Follower reads a log for ever instead, by the
// name of its live file, through rotation, truncation and restarts:
//
//	f, err := source.NewFollower("/var/log/litellm/proxy.log", lastCheckpoints, lastSaved, source.FollowConfig{})
//	s := f.Stream()
//	for {
//		line, err := s.Next()
//		if errors.Is(err, tailer.ErrPause) {
//			s.Look()
//			s.Wait(ctx, 200*time.Millisecond)
//		}
//	}
//	checkpoints := f.Checkpoints(tracker)
//
// It does not know what a line means: bytes pass through as they are, NULs and
// invalid UTF-8 included.
//
// Invariants:
//   - No input makes it panic, and it ends when the input ends.
//   - A line longer than Config.MaxLine is cut, never dropped, and the cut is
//     counted. Memory grows with the longest line kept, not with the input.
//   - A line that isn't of the detected envelope is passed on as it is.
//   - Damaged compressed input yields every line before the damage.
//   - It starts no goroutine.
//   - A file that is followed is known by its content, never by its name. A line
//     is handed on when it is whole.
//
// Limits: a line whose pieces lie in two rotated files is returned as two lines,
// the first one open. An entry of several lines (CloudWatch, Cloud Logging, Loki,
// journald) is returned as lines that share one position. The identity of a
// source is a hash of its first KiB, so two logs that begin alike share it.
package source
