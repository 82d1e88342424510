package page

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailer/internal/browsertest"
	"tailer/internal/report"
)

// look is what a script finds in the page.
type look struct {
	Drawn   string   // "yes" when the script came to its end
	Blank   []string // plots of one colour
	Plots   int
	Rows    int
	Found   string
	First   string
	Scripts int  // that a name has become
	Wide    bool // the page is wider than the window
}

const looking = `(() => {
	const blank = [];
	document.querySelectorAll("canvas").forEach(c => {
		const copy = Object.assign(document.createElement("canvas"), { width: c.width, height: c.height });
		const copied = copy.getContext("2d", { willReadFrequently: true });
		copied.drawImage(c, 0, 0);
		const d = copied.getImageData(0, 0, c.width, c.height).data;
		const colors = new Set();
		for (let i = 0; i < d.length; i += 4) if (d[i+3] > 200) colors.add(d[i] << 16 | d[i+1] << 8 | d[i+2]);
		if (colors.size < 2) blank.push(c.id);
	});
	return {
		Drawn: document.documentElement.dataset.drawn || "", Blank: blank, Plots: document.querySelectorAll("canvas").length,
		Rows: document.querySelectorAll(".tabulator-row").length, Found: document.getElementById("found").textContent,
		First: (document.querySelector(".tabulator-row .first") || {}).textContent || "",
		Scripts: Array.from(document.scripts).filter(s => s.textContent.startsWith("alert")).length,
		Wide: document.documentElement.scrollWidth > window.innerWidth + 1,
	};
})()`

// open writes the report into a file and opens it.
func open(t *testing.T, b *browsertest.Browser, d *report.Document) {
	t.Helper()
	var text bytes.Buffer
	if err := WriteReport(&text, d); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b.Go("file://" + path)
}

// TestReportInBrowser opens the page as a file in a real browser: nothing is
// complained about, plots have colours, search, sort and filter work, and a user
// named like a script is a name.
func TestReportInBrowser(t *testing.T) {
	b := browsertest.Open(t)
	d := sample(t, 6000).Document(MaxRows)
	d.Version, d.Generated, d.Inputs = "1.2.3", time.Date(2026, time.November, 27, 9, 0, 0, 0, time.UTC), []string{"proxy.log", "proxy.log.1"}
	d.Notes = []string{"proxy.log: a note of the run " + hostile}
	open(t, b, d)
	b.Wait(".tabulator-row")
	all := browsertest.Look[look](b, looking)
	if all.Drawn != "yes" || all.Plots != 8 || len(all.Blank) != 0 || all.Rows != 25 || all.Scripts != 0 || all.Wide {
		t.Errorf("the page has %+v", all)
	}
	b.Shoot("report-light")

	b.Type("#search", "<SCRIPT>")
	if got := browsertest.Look[look](b, looking); got.Rows != 1 || got.First != hostile {
		t.Errorf("a search found %+v", got)
	}
	b.Type("#search", "no such name")
	if got := browsertest.Look[look](b, looking); got.Rows != 0 || !strings.HasPrefix(got.Found, "0 of") {
		t.Errorf("a search for nothing found %+v", got)
	}
	b.Type("#search", " ")
	b.Click("#failing")
	failing := browsertest.Look[look](b, looking)
	if failing.Rows == 0 || failing.Found == all.Found {
		t.Errorf("with errors only: %+v", failing)
	}
	b.Click(`.tabulator-col[tabulator-field="n"]`)
	if got := browsertest.Look[look](b, looking); got.First == failing.First {
		t.Errorf("sorted by name the first is still %q", got.First)
	}
	b.Click("#failing")
	b.Click(`#tabs button[data-key="chat"]`)
	b.Wait(".tabulator-row")
	if got := browsertest.Look[look](b, looking); got.Rows != 25 || got.Found == all.Found {
		t.Errorf("chats: %+v", got)
	}

	b.Dark(true)
	b.Reload()
	b.Wait(".tabulator-row")
	if got := browsertest.Look[look](b, looking); len(got.Blank) != 0 || got.Drawn != "yes" {
		t.Errorf("dark: %+v", got)
	}
	b.Shoot("report-dark")
	b.Click("#theme")
	if got := browsertest.Look[string](b, `getComputedStyle(document.body).backgroundColor`); got != "rgb(245, 246, 248)" {
		t.Errorf("chosen light, the page is %s", got)
	}
	b.Dark(false)
	b.Size(390, 844)
	b.Reload()
	b.Wait(".tabulator-row")
	if got := browsertest.Look[look](b, looking); len(got.Blank) != 0 || got.Wide {
		t.Errorf("on a phone: %+v", got)
	}
	b.Shoot("report-phone")
	b.Silent()
}

// TestEmptyReportInBrowser says what to do.
func TestEmptyReportInBrowser(t *testing.T) {
	b := browsertest.Open(t)
	open(t, b, report.New(report.Config{}).Document(0))
	if words := b.Text("main"); !strings.Contains(words, "Nothing to report yet") {
		t.Errorf("the page says %q", words)
	}
	b.Shoot("report-empty")
	b.Silent()
}
