package loopback

import "testing"

func TestHost(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost.": true, "tailer.localhost": true, "127.0.0.1": true, "127.8.9.1": true, "::1": true, "[::1]": true,
		"::ffff:127.0.0.1": true,
		"":                 false, "0.0.0.0": false, "::": false, "192.168.1.2": false, "example.org": false, "localhost.example.org": false,
		"127.0.0.1.example.org": false, "::ffff:10.0.0.1": false, "0x7f000001": false, "notlocalhost": false,
	} {
		if got := Host(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}
