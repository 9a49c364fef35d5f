// Package browser drives headless Chromium in tests: at a desk and on a phone, in dark mode, without scripts, and
// by keyboard. A test skips where there is no Chromium, except in CI.
package browser

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Patience is how long a tab waits for a condition, on a slow machine.
const Patience = 2 * time.Minute

// Tab is a tab of a browser. Its methods end the test when something fails.
type Tab struct {
	testing.TB
	ctx      context.Context
	pictures string // where screenshots go; empty: nowhere
}

// Start starts a browser with one tab. LOCKSTEP_SCREENSHOTS names a folder for screenshots.
func Start(t testing.TB) *Tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no chromium; `make test` installs it")
		}
		t.Skip("there is no chromium; `make test` installs it")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.WSURLReadTimeout(Patience), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(desk, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true))
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	ctx, closeTab := chromedp.NewContext(allocator)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	t.Cleanup(func() { cancel(); closeTab(); stop() })
	return &Tab{TB: t, ctx: ctx, pictures: os.Getenv("LOCKSTEP_SCREENSHOTS")}
}

// The widths of a window and of a phone, in CSS pixels.
const (
	desk  = 1280
	phone = 390
)

// Do performs actions.
func (b *Tab) Do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.Picture("failed")
		b.Fatalf("%s: %v", what, err)
	}
}

// Open goes to an address and waits for an element.
func (b *Tab) Open(address, then string) {
	b.Helper()
	b.Do("open "+address, chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS(then)))
}

// AtDesk and OnPhone set the size of the window.
func (b *Tab) AtDesk() {
	b.Helper()
	b.Do("sit at a desk", chromedp.EmulateViewport(desk, 900))
}

// OnPhone is 390 pixels wide.
func (b *Tab) OnPhone() {
	b.Helper()
	b.Do("hold a phone", chromedp.EmulateViewport(phone, 844, chromedp.EmulateMobile))
}

// Dark turns dark mode on or off.
func (b *Tab) Dark(on bool) {
	b.Helper()
	scheme := "light"
	if on {
		scheme = "dark"
	}
	b.Do("dark mode", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

// Scripts turns JavaScript on or off, for pages that are opened from then on.
func (b *Tab) Scripts(on bool) {
	b.Helper()
	b.Do("scripts", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: !on})
		return err
	}))
}

// Wait retries until a condition holds.
func (b *Tab) Wait(what string, so func() bool) {
	b.Helper()
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if so() {
			return
		}
	}
	b.Picture("failed")
	b.Fatalf("timed out waiting for %s; the page shows %q", what, b.Text("main"))
}

// Text returns the text of an element; empty if it does not exist.
func (b *Tab) Text(selector string) string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`(document.querySelector(`+"`"+selector+"`"+`) || {}).textContent || ""`))
	if err != nil {
		return "" // while the page loads
	}
	return text
}

// Shows waits until an element has a text.
func (b *Tab) Shows(selector, part string) {
	b.Helper()
	b.Wait(selector+" with "+part, func() bool { return strings.Contains(b.Text(selector), part) })
}

// Value evaluates an expression on the page.
func Value[T any](b *Tab, expression string) T {
	b.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Click clicks an element, and waits for an element of the next page.
func (b *Tab) Click(selector, then string) {
	b.Helper()
	b.leave("click "+selector, then, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Unfold opens a details element by its summary.
func (b *Tab) Unfold(summary string) {
	b.Helper()
	b.Do("unfold "+summary, chromedp.Click(chromedp.CSS(summary), chromedp.NodeVisible))
	b.Wait("what "+summary+" hides", func() bool {
		return Value[bool](b, `document.querySelector(`+"`"+summary+"`"+`).parentElement.open === true`)
	})
}

// Press presses keys, such as kb.Enter, and waits for an element of the next page.
func (b *Tab) Press(keys, then string) {
	b.Helper()
	b.leave("press a key", then, chromedp.KeyEvent(keys))
}

// Type presses keys on the page.
func (b *Tab) Type(keys string) {
	b.Helper()
	b.Do("type "+keys, chromedp.KeyEvent(keys))
}

// Fill types into a field.
func (b *Tab) Fill(selector, text string) {
	b.Helper()
	b.Do("fill in "+selector, chromedp.SetValue(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// leave does something that opens another page, and waits for an element there.
func (b *Tab) leave(what, then string, action chromedp.Action[chromedp.Void]) {
	b.Helper()
	b.Do(what, chromedp.Evaluate[chromedp.Void](`document.body.id = "left"`), action)
	b.Wait(then+" after: "+what, func() bool {
		found, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](
			`document.readyState == "complete" && document.body.id != "left" && !!document.querySelector(`+"`"+then+"`"+`)`))
		return err == nil && found
	})
}

// Picture takes a screenshot of the whole page, if LOCKSTEP_SCREENSHOTS is set.
func (b *Tab) Picture(name string) {
	b.Helper()
	if b.pictures == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(b.pictures, name+".png"), png, 0o600)
	}
	if err != nil {
		b.Errorf("screenshot %s: %v", name, err)
	}
}
