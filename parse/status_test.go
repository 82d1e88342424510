package parse_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestStatusOfRefusal: up to 1.80 a payload does not state the code with which a key was
// refused, but from where. Its model is the one that was asked for.
func TestStatusOfRefusal(t *testing.T) {
	log := string(captured(t, "1.109.1", "json-standard-payload"))
	before, _, _ := strings.Cut(log, `"call_type": "acompletion"`)
	doc, _, _ := strings.Cut(log[strings.LastIndex(before, "{\n"):], "\n}")
	doc = strings.NewReplacer(`"status": "success"`, `"status": "failure"`, `"call_type": "acompletion"`, `"call_type": "/v1/chat/completions"`).Replace(doc)
	const (
		first   = "  File \"/x/fastapi/routing.py\", line 291, in app\n    solved_result = await solve_dependencies(\n                    ^^^^^\n"
		check   = "  File \"/x/litellm/proxy/auth/user_api_key_auth.py\", line 791, in _user_api_key_auth_builder\n    raise ProxyException(\n"
		again   = "  File \"/x/litellm/proxy/auth/user_api_key_auth.py\", line 799, in _user_api_key_auth_builder\n    raise e\n"
		deeper  = "  File \"/x/litellm/proxy/auth/auth_checks.py\", line 17, in get_key_object\n    raise ProxyException(\n"
		ofProxy = "ProxyException"
	)
	for _, test := range []struct {
		name, class, code, stack string
		want                     int
	}{
		{"by the check itself", ofProxy, "", first + check, 400},
		{"by the check itself, alone", ofProxy, "", check, 400},
		{"by what the check called", ofProxy, "", first + deeper, 0},
		{"raised once more", ofProxy, "", first + again, 0},
		{"elsewhere after it", ofProxy, "", check + deeper, 0},
		{"another class", "KeyError", "", first + check, 0},
		{"a code that is stated", ofProxy, "403", first + check, 403},
		{"no stack", ofProxy, "", "", 0},
		{"over budget", "BudgetExceededError", "429", "", 429},
		{"over budget, up to 1.96", "BudgetExceededError", "429", "", 0},
		{"over budget, up to 1.80", "BudgetExceededError", "400", "", 400},
		{"another limit, up to 1.96", "RateLimitError", "429", "", 429},
	} {
		t.Run(test.name, func(t *testing.T) {
			stated, err := json.Marshal(map[string]string{"error_code": test.code, "error_class": test.class, "traceback": test.stack})
			if err != nil {
				t.Fatal(err)
			}
			doc := doc
			if strings.Contains(test.name, "up to") {
				doc = strings.Replace(doc, `"session_id"`, `"another"`, 1)
			}
			got := feed(doc + `,
    "error_information": ` + string(stated) + "\n}").records
			if len(got) != 1 || got[0].Call.Failure.Status != test.want || got[0].Call.Failure.Class != test.class {
				t.Fatalf("got %+v", got)
			}
			if model := got[0].Request.Body.Text("model"); model != "openai/gpt-4o-mini" {
				t.Errorf("asked for %q", model)
			}
		})
	}
}
