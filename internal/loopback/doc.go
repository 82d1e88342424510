// Package loopback tells whether a name or an address is this machine alone. What
// tailer serves needs a token on every other.
package loopback
