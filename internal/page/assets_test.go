package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tailer/internal/report"
)

// TestVendored holds the libraries against the sums that were written down when
// they were taken in.
func TestVendored(t *testing.T) {
	readme, err := files.ReadFile("assets/vendor/README.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([a-z.-]+) \\| [0-9.]+ \\| `([0-9a-f]{64})` \\|$").FindAllStringSubmatch(string(readme), -1)
	if len(lines) != 4 {
		t.Fatalf("%d libraries are written down", len(lines))
	}
	for _, line := range lines {
		text, err := files.ReadFile("assets/vendor/" + line[1])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != line[3] {
			t.Errorf("%s is not what was written down", line[1])
		}
	}
	for _, name := range []string{"chart", "chartjs-chart-matrix", "tabulator"} {
		if text, err := files.ReadFile("assets/vendor/" + name + ".LICENSE"); err != nil || !bytes.Contains(text, []byte("MIT")) {
			t.Errorf("license of %s: %v", name, err)
		}
	}
}

// TestAssets can stand in a page: nothing in them ends their element.
func TestAssets(t *testing.T) {
	for _, a := range slices.Concat(assets().styles, assets().liveScripts) {
		lower := strings.ToLower(a.text)
		if strings.Contains(lower, "</script") || strings.Contains(lower, "</style") || strings.Contains(lower, "<!--") {
			t.Errorf("%s would end its element", a.name)
		}
		text, media, ok := Asset(a.Path())
		if !ok || text != a.text || !strings.Contains(media, "charset") {
			t.Errorf("%s is not served at %s", a.name, a.Path())
		}
	}
	if _, _, ok := Asset("/assets/../templates/report.html"); ok {
		t.Error("a template is served")
	}
}

// TestReport is one file: it names no other address to load anything from, and
// its data come back as they were.
func TestReport(t *testing.T) {
	d := sample(t, 500).Document(MaxRows)
	var out bytes.Buffer
	if err := WriteReport(&out, d); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, a := range slices.Concat(assets().styles, assets().scripts) {
		if !strings.Contains(text, a.text) {
			t.Errorf("%s is not in the page", a.name)
		}
		text = strings.Replace(text, a.text, "", 1)
	}
	if found := regexp.MustCompile(`(?i)(src|href|action)="[^d]|url\(|@import|\son[a-z]+=|\sstyle=`).FindString(text); found != "" {
		t.Errorf("the page has %q", found)
	}
	if strings.Contains(text, hostile) || !strings.Contains(text, `\u003cscript\u003ealert(1)`) {
		t.Error("a name is not escaped, or not there")
	}
	_, rest, _ := strings.Cut(text, `<script type="application/json" id="data">`)
	raw, _, found := strings.Cut(rest, "</script>")
	var back data
	if err := json.Unmarshal([]byte(raw), &back); err != nil || !found {
		t.Fatalf("data: %v", err)
	}
	if rows := back.By[report.ByUser].Rows; len(rows) != len(d.By[report.ByUser].Rows) {
		t.Errorf("%d users of %d", len(rows), len(d.By[report.ByUser].Rows))
	}
	var sum int64
	for _, p := range back.Series.Points {
		sum += p.Requests
	}
	if sum != d.Total.Requests {
		t.Errorf("over time there are %d requests of %d", sum, d.Total.Requests)
	}
}
