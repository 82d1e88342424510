package page

import (
	"strings"
	"testing"
)

func TestFormat(t *testing.T) {
	plain := func(s string) string { return strings.ReplaceAll(s, "\u202f", " ") }
	for _, test := range []struct{ got, want string }{
		{money(0), "$0"},
		{money(3e-7), "$0.0000003"},
		{money(0.000044123), "$0.0000441"},
		{money(0.005), "$0.005"},
		{money(0.25), "$0.2500"},
		{money(1234567.891), "$1 234 567.89"},
		{money(1e-30), "$0"},
		{seconds(0.0004), "0 ms"},
		{seconds(0.25), "250 ms"},
		{seconds(3.14159), "3.14 s"},
		{seconds(59.96), "60.0 s"},
		{seconds(600), "10.0 min"},
		{percent(0, 0), "–"},
		{percent(1, 3), "33.3 %"},
		{percent(1, 1), "100 %"},
		{percent(1, 100_000), "< 0.1 %"},
		{grouped(-1234567), "-1 234 567"},
		{grouped(7), "7"},
		{short(5, "a  b\nc d e"), "a b c…"},
		{short(3, "山田太郎"), "山田太…"},
	} {
		if plain(test.got) != test.want {
			t.Errorf("got %q, want %q", plain(test.got), test.want)
		}
	}
}
