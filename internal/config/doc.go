// Package config reads tailer's configuration file: YAML, every key known, every
// value checked before anything starts.
//
// It provides Config, whose defaults (Default) are the zero point, Load, which
// lays a file over them, and Example, the commented file that packages install.
// Flags and environment variables are laid over the result by cmd/tailer: flags
// win over the environment, the environment over the file.
//
//	cfg, err := config.Load("/etc/tailer/tailer.yaml")
//	if err != nil {
//		// /etc/tailer/tailer.yaml:12: unknown key "statedir"
//	}
//
// Invariants:
//   - A file with an unknown key, a key given twice or a value of the wrong type
//     is an error that names the line. It never quotes the line: it may hold a
//     secret.
//   - Secrets are of type Secret, which cannot be printed, or are named by the
//     file that holds them.
//   - Example decodes to Default, and names every key.
//
// It does not read the secrets' files, resolve globs, or know what a sink is:
// who uses a setting says what is wrong with it beyond its form.
package config
