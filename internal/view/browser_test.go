package view

import (
	"strings"
	"testing"

	"tailer/internal/browsertest"
)

// TestViewInBrowser walks through the viewer in a real browser, under its content
// security policy: nothing is complained about, and names stay names.
func TestViewInBrowser(t *testing.T) {
	b := browsertest.Open(t)
	server := start(t, Config{Store: fill(t, 3000), Token: token, Version: "1.2.3"})
	b.Go(server.URL)
	b.Shoot("view-login")
	b.Complaints() // a browser logs every 401
	b.Type(`input[name="token"]`, token)
	b.Click("button.primary")
	b.Wait(".tabulator-row")
	if drawn := browsertest.Look[string](b, `document.documentElement.dataset.drawn`); drawn != "yes" {
		t.Error("the report is not drawn")
	}
	b.Shoot("view-report")
	b.Click(`.ranges button[value="24h"]`)
	b.Wait(`.ranges button[value="24h"][aria-pressed]`)
	b.Wait(".tabulator-row")

	b.Click(`nav a[href="/requests"]`)
	b.Wait("td.when")
	b.Shoot("view-requests")
	b.Type(`input[name="q"]`, "onerror")
	b.Click("button.primary")
	b.Wait("a.clear")
	if user := b.Text("td.who a"); user != hostile {
		t.Errorf("the user is shown as %q", user)
	}
	b.Click("td.when a")
	b.Wait("dl")
	if said := b.Text(".turn.user .said"); !strings.Contains(said, "<img src=x onerror=alert(2)>") {
		t.Errorf("the question is shown as %q", said)
	}
	b.Go(server.URL + "/requests?status=error")
	b.Click("td.when a")
	b.Wait("dl")
	b.Go(server.URL + "/requests?q=place2950")
	b.Click("td.when a")
	b.Wait("dl")
	b.Shoot("view-request")
	b.Dark(true)
	b.Reload()
	b.Shoot("view-request-dark")
	b.Size(390, 844)
	b.Reload()
	b.Shoot("view-request-phone")
	b.Go(server.URL + "/requests")
	b.Shoot("view-requests-phone")
	if wide := browsertest.Look[bool](b, `document.documentElement.scrollWidth > window.innerWidth + 1`); wide {
		t.Error("the list is wider than a phone")
	}
	b.Silent()
}
