package langfuse

import "testing"

func TestHeir(t *testing.T) {
	const a, b = "langfuse https://a pk-lf-1", "langfuse https://b pk-lf-1"
	for _, test := range []struct {
		what       string
		configured []string
		name, want string
	}{
		{"a new key", []string{"file:/x", a, b}, "langfuse https://a pk-lf-0", a},
		{"the same key", []string{a}, a, ""},
		{"another project is configured besides", []string{a, "langfuse https://a pk-lf-2"}, a, ""},
		{"two projects of the server", []string{a, "langfuse https://a pk-lf-2"}, "langfuse https://a pk-lf-0", ""},
		{"another server", []string{a}, "langfuse https://c pk-lf-1", ""},
		{"another path", []string{a}, "langfuse https://a/x pk-lf-1", ""},
		{"a longer name", []string{a}, "langfuse https://a.example.org pk-lf-1", ""},
		{"a file", []string{a}, "file:/y", ""},
		{"a file with a name like it", []string{a}, "file:langfuse https://a pk", ""},
		{"a back end", []string{a}, "otlp https://a pk-lf-1", ""},
		{"none", nil, a, ""},
	} {
		if got := Heir(test.configured, test.name); got != test.want {
			t.Errorf("%s: %q, want %q", test.what, got, test.want)
		}
	}
}
