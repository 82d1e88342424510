package doctor_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tailer/internal/doctor"
)

// TestPages demands a section of the documentation for every finding, and a
// finding for every section.
func TestPages(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "findings.md"))
	if err != nil {
		t.Fatal(err)
	}
	var sections []string
	for _, m := range regexp.MustCompile(`(?m)^### (\S+)$`).FindAllStringSubmatch(string(text), -1) {
		sections = append(sections, m[1])
	}
	slices.Sort(sections)
	if ids := doctor.IDs(); !slices.Equal(sections, ids) {
		t.Errorf("sections %v\nids %v", sections, ids)
	}
}

func TestVersion(t *testing.T) {
	for _, test := range []struct {
		text          string
		since, before int // largest minor that it is, smallest that it is not
		ok            bool
	}{
		{"1.98.1", 98, 99, true},
		{"v1.77", 77, 78, true},
		{" 1.109.1\n", 109, 110, true},
		{"2.0.0", 0, 0, false},
		{"", 0, 0, false},
		{"latest", 0, 0, false},
		{"1.x", 0, 0, false},
	} {
		v, err := doctor.ParseVersion(test.text)
		if (err == nil) != test.ok {
			t.Errorf("%q: error %v", test.text, err)
			continue
		}
		if test.ok && (!v.Since(test.since) || v.Since(test.since+1) || !v.Before(test.before) || v.Before(test.before-1)) {
			t.Errorf("%q: since %d and before %d do not hold", test.text, test.since, test.before)
		}
	}
	var nothing doctor.Version
	if nothing.Known() || nothing.Since(1) || nothing.Before(1000) || nothing.String() != "unknown" {
		t.Error("the zero version knows something")
	}
}

const commented = `# my proxy
model_list:
- model_name: gpt-4o   # the big one
  litellm_params:
    model: azure/gpt-4o
    api_key: os.environ/AZURE_KEY

litellm_settings:

  # where traces go
  success_callback: ["langfuse"]
  set_verbose: True          # verbose, please
  extra_spend_tag_headers:
    - "X-OpenWebUI-User-Email"
    - X-OpenWebUI-Title

general_settings:
    master_key: sk-1234
    user_api_key_alias: X-OpenWebUI-User-Id
    # debug
    detailed_debug: true
    user_header_name: X-OpenWebUI-User-Email
`

const corrected = `# Start it with:  litellm --config config.yaml --detailed_debug
# This says who sent a request that is refused for its key. Up to 1.106 it locks out clients that send their key in
# another header than Authorization, such as x-api-key. If there are none, add to general_settings:
#   litellm_key_header_name: Authorization
# my proxy
model_list:
- model_name: gpt-4o   # the big one
  litellm_params:
    model: azure/gpt-4o
    api_key: os.environ/AZURE_KEY

litellm_settings:

  # where traces go
  json_logs: true
  success_callback: ["langfuse"]
  extra_spend_tag_headers:
    - x-openwebui-user-email

general_settings:
    master_key: sk-1234
    # debug
    user_header_mappings:
      - header_name: X-OpenWebUI-User-Email
        litellm_user_role: customer
`

// config returns the ids and lines of what is found, and the corrected text.
func config(t *testing.T, text, version string, both bool) (found []string, fixed string) {
	t.Helper()
	var v doctor.Version
	if version != "" {
		var err error
		if v, err = doctor.ParseVersion(version); err != nil {
			t.Fatal(err)
		}
	}
	var r doctor.Report
	if err := r.AddLiteLLM("config.yaml", []byte(text), v, both); err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		found = append(found, strings.TrimPrefix(f.Where, "config.yaml")+" "+f.ID)
	}
	if len(r.Fixed) > 0 {
		fixed = r.Fixed[0].Text
	}
	return found, fixed
}

// TestLiteLLMKeepsComments changes what is wrong and no other byte.
func TestLiteLLMKeepsComments(t *testing.T) {
	found, fixed := config(t, commented, "", false)
	want := []string{
		":21 config-detailed-debug", ":12 config-set-verbose", ":19 config-user-api-key-alias", ":22 config-user-header-name",
		":13 owui-header-never-sent", ":13 config-tag-headers-case", " config-refused-unnamed", " config-json-logs",
	}
	if !slices.Equal(found, want) {
		t.Errorf("found %v\nwant %v", found, want)
	}
	if fixed != corrected {
		t.Errorf("corrected:\n%s", fixed)
	}
	if again, _ := config(t, corrected, "", false); len(again) != 0 {
		t.Errorf("found in the corrected one: %v", again)
	}
}

func TestLiteLLMByVersion(t *testing.T) {
	const good = "# litellm_key_header_name: Authorization\nlitellm_settings: {json_logs: true, success_callback: [langfuse]}\n"
	const named = "litellm_settings: {json_logs: true, success_callback: [langfuse]}\ngeneral_settings: {litellm_key_header_name: Authorization}\n"
	for _, test := range []struct {
		name, text, version string
		both                bool
		want                []string
	}{
		{"good", good, "1.98.1", false, nil},
		{"both write", good, "1.98.1", true, []string{":2 langfuse-both-write"}},
		{"tags before they came", good + "general_settings: {}\n", "1.72.9", false, nil},
		{"tags in capitals, old", "litellm_settings:\n  # litellm_key_header_name: Authorization\n  success_callback: langfuse\n  json_logs: true\n  extra_spend_tag_headers: [X-A]\n", "1.72.9", false, []string{":5 config-tag-headers-old"}},
		{"tags in capitals, between", "litellm_settings:\n  # litellm_key_header_name: Authorization\n  success_callback: langfuse\n  json_logs: true\n  extra_spend_tag_headers: [X-A]\n", "1.98.1", false, []string{":5 config-tag-headers-case"}},
		{"tags in capitals, new", "litellm_settings:\n  # litellm_key_header_name: Authorization\n  success_callback: langfuse\n  json_logs: true\n  extra_spend_tag_headers: [X-A]\n", "1.109.1", false, nil},
		{"tags in lower case", "litellm_settings:\n  # litellm_key_header_name: Authorization\n  success_callback: langfuse\n  json_logs: true\n  extra_spend_tag_headers: [x-a]\n", "1.98.1", false, nil},
		{"user header before it came", good + "general_settings: {user_header_name: X-A}\n", "1.61.20", false, []string{":3 config-user-header-old"}},
		{"user header when it was new", good + "general_settings: {user_header_name: X-A}\n", "1.72.9", false, nil},
		{"user header, deprecated", good + "general_settings: {user_header_name: X-A}\n", "1.80.17", false, []string{":3 config-user-header-name"}},
		{"mapping", good + "general_settings:\n  user_header_mappings: [{header_name: X-A, litellm_user_role: customer}]\n", "", false, nil},
		{"mapping of no list", good + "general_settings:\n  user_header_mappings: X-A\n", "", false, []string{":4 config-user-mappings"}},
		{"mapping to no role", good + "general_settings:\n  user_header_mappings: [{header_name: X-A, litellm_user_role: user}]\n", "", false, []string{":4 config-user-mappings"}},
		{"mapping of a header that is never sent", good + "general_settings:\n  user_header_mappings: [{header_name: X-OpenWebUI-Session-Id, litellm_user_role: customer}]\n", "", false, []string{":4 owui-header-never-sent"}},
		{"refused requests without users", strings.TrimPrefix(good, "# litellm_key_header_name: Authorization\n"), "1.98.1", false, []string{" config-refused-unnamed"}},
		{"refused requests without users, where it costs nothing", strings.TrimPrefix(good, "# litellm_key_header_name: Authorization\n"), "1.109.1", false, []string{" config-refused-unnamed"}},
		{"clients with keys elsewhere", named, "1.98.1", false, []string{":2 config-key-header"}},
		{"clients with keys elsewhere, perhaps", named, "", false, []string{":2 config-key-header"}},
		{"keys anywhere", named, "1.109.1", false, nil},
		{"no callback", "litellm_settings:\n  json_logs: true\n", "1.98.1", false, []string{":1 config-no-callback"}},
		{"no settings", "model_list: []\n", "1.98.1", false, []string{" config-no-callback", " config-json-logs"}},
		{"no mapping", "- a\n- b\n", "", false, []string{" config-unreadable"}},
		{"no YAML", "a: [b\n", "", false, []string{" config-unreadable"}},
		{"nothing", "", "", false, []string{" config-unreadable"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, fixed := config(t, test.text, test.version, test.both)
			if !slices.Equal(found, test.want) {
				t.Errorf("found %v, want %v", found, test.want)
			}
			if fixed != "" && len(test.want) > 0 && !test.both {
				again, _ := config(t, fixed, test.version, false)
				for _, f := range again {
					if !strings.HasSuffix(f, "config-no-callback") && !strings.HasSuffix(f, "config-user-header-old") && !strings.HasSuffix(f, "config-tag-headers-old") && !strings.HasSuffix(f, "owui-header-never-sent") &&
						!strings.HasSuffix(f, "config-key-header") && !strings.HasSuffix(f, "config-refused-unnamed") {
						t.Errorf("found in the corrected one: %s\n%s", f, fixed)
					}
				}
			}
		})
	}
}

// TestNameRefused: what names the users of refused requests is set where it locks
// nobody out, or where it is asked for.
func TestNameRefused(t *testing.T) {
	for _, test := range []struct {
		version string
		asked   bool
		set     bool
	}{
		{"1.98.1", false, false}, {"1.98.1", true, true}, {"1.106.0", false, false}, {"1.109.1", false, true}, {"", false, false}, {"", true, true},
	} {
		var v doctor.Version
		if test.version != "" {
			v, _ = doctor.ParseVersion(test.version)
		}
		for _, text := range []string{"litellm_settings: {success_callback: [langfuse]}\n", "litellm_settings: {success_callback: [langfuse]}\ngeneral_settings:\n  master_key: sk-1\n"} {
			r := doctor.Report{NameRefused: test.asked}
			if err := r.AddLiteLLM("config.yaml", []byte(text), v, false); err != nil || len(r.Fixed) != 1 {
				t.Fatal(err, r.Fixed)
			}
			set := strings.Contains(r.Fixed[0].Text, "\n  litellm_key_header_name: Authorization\n")
			if commented := strings.Contains(r.Fixed[0].Text, "\n#   litellm_key_header_name: Authorization\n"); set != test.set || commented == set {
				t.Errorf("%+v: corrected\n%s", test, r.Fixed[0].Text)
			}
		}
	}
}

// TestErrorsHoldNoSecret: a file that cannot be read may hold keys.
func TestErrorsHoldNoSecret(t *testing.T) {
	var r doctor.Report
	if err := r.AddLiteLLM("config.yaml", []byte("general_settings:\n  master_key: \"sk-secret-1234\n  x: [\n"), doctor.Version{}, false); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.Print(&b, false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "sk-secret") {
		t.Errorf("printed: %s", b.String())
	}
}

func FuzzLiteLLM(f *testing.F) {
	f.Add(commented)
	f.Add("{\"litellm_settings\": {\"set_verbose\": true}}")
	f.Add("general_settings:\n  detailed_debug: true\n")
	f.Fuzz(func(t *testing.T, text string) {
		var r doctor.Report
		if err := r.AddLiteLLM("config.yaml", []byte(text), doctor.Version{}, false); err != nil {
			t.Skip(err) // what cannot be corrected is told, and not printed
		}
		for _, fixed := range r.Fixed {
			if _, err := doctor.ReadLiteLLM("config.yaml", []byte(fixed.Text)); err != nil {
				t.Errorf("the corrected text cannot be read: %v\n%s", err, fixed.Text)
			}
		}
	})
}
