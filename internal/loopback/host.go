package loopback

import (
	"net/netip"
	"strings"
)

// Host tells whether a host, without its port, is this machine alone: localhost, a
// name below it (RFC 6761), or an address of loopback. An empty host is every
// address, so it is not.
func Host(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
