package browsertest

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// shots keeps pictures of what tests look at.
var shots = flag.String("shots", "", "write screenshots into `FOLDER`")

// patience is how long one test may use a browser.
const patience = 2 * time.Minute

// Browser is one window. Its methods end the test when they fail.
type Browser struct {
	t          testing.TB
	ctx        context.Context // of chromedp, which keeps the window in it
	mu         sync.Mutex
	complaints []string // guarded by mu
}

// Open starts a browser for one test, or skips the test.
func Open(t testing.TB) *Browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no Chromium here: what a browser makes of the page is not tested")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	limited, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	allocated, stop := chromedp.NewExecAllocator(limited, options...)
	t.Cleanup(stop)
	ctx, quit := chromedp.NewContext(allocated)
	t.Cleanup(quit)
	b := &Browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	b.Size(1280, 900)
	return b
}

func (b *Browser) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		text, _ := json.Marshal(e.Args)
		b.complain("console %v: %s", e.Type, text)
	case *runtime.EventExceptionThrown:
		text, _ := json.Marshal(e.ExceptionDetails)
		b.complain("exception: %s", text)
	case *log.EventEntryAdded:
		b.complain("%v: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *page.EventJavascriptDialogOpening:
		b.complain("dialog: %s", e.Message)
	}
}

func (b *Browser) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, fmt.Sprintf(format, args...))
}

// Complaints are what the browser has said so far; they are forgotten by it.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.complaints
	b.complaints = nil
	return said
}

// Silent fails the test if the browser has complained.
func (b *Browser) Silent() {
	b.t.Helper()
	for _, said := range b.Complaints() {
		b.t.Errorf("the browser says: %s", said)
	}
}

// Go opens an address and waits until it is loaded.
func (b *Browser) Go(address string) { b.t.Helper(); b.do(chromedp.Navigate(address)) }

// Reload loads the page again.
func (b *Browser) Reload() { b.t.Helper(); b.do(chromedp.Reload()) }

// Wait waits for an element.
func (b *Browser) Wait(selector string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(chromedp.CSS(selector)))
}

// Click clicks an element when it can be seen.
func (b *Browser) Click(selector string) { b.t.Helper(); b.do(chromedp.Click(chromedp.CSS(selector))) }

// Type types into a field, in place of what is in it.
func (b *Browser) Type(selector, text string) {
	b.t.Helper()
	Look[string](b, fmt.Sprintf("document.querySelector(%q).value = ''", selector))
	b.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Size sets the window's size in pixels; below 500 it is a phone's.
func (b *Browser) Size(width, height int64) {
	b.t.Helper()
	if width < 500 {
		b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile))
		return
	}
	b.do(chromedp.EmulateViewport(width, height))
}

// Dark makes the system's theme dark or light.
func (b *Browser) Dark(dark bool) {
	b.t.Helper()
	value := map[bool]string{true: "dark", false: "light"}[dark]
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}},
	}); err != nil {
		b.t.Fatal(err)
	}
}

// Text returns what an element shows.
func (b *Browser) Text(selector string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

// Look returns the value of a script's expression.
func Look[T any](b *Browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// Shoot keeps a picture of the whole page, if -shots asks for it.
func (b *Browser) Shoot(name string) {
	b.t.Helper()
	if *shots == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(*shots, name+".png"), picture, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *Browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}
