package console_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/lockstep-dev/lockstep"
	"github.com/lockstep-dev/lockstep/internal/check/browser"
	"github.com/lockstep-dev/lockstep/internal/web/console"
)

// enter signs in with a link, as a person does.
func enter(b *browser.Tab, k *kit, role lockstep.ConsoleRole) {
	b.Helper()
	b.Open(k.url+k.link(role), "button")
	b.Click("button", "nav.menu")
}

// TestPagesInABrowser opens every page of the menu on a phone and at a desk, light and dark, with and without
// scripts.
func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	b, k := browser.Start(t), start(t)
	k.buy(k.ada(), "pro")
	k.hour()
	b.Open(k.url+"/console", "main")
	b.Look("console-sign-in-without-link")
	b.Open(k.url+k.link(lockstep.ConsoleOperator), "button")
	b.Look("console-sign-in")
	enter(b, k, lockstep.ConsoleOperator)
	for _, path := range console.MenuPaths() {
		name := "console-" + strings.Trim(strings.ReplaceAll(strings.TrimPrefix(path, "/console"), "/", "-"), "-")
		b.Open(k.url+path, "main h1")
		b.Look(name)
	}
	b.Scripts(false)
	for _, path := range console.MenuPaths() {
		b.Open(k.url+path, "main h1")
		if current := browser.Value[string](b, `document.querySelector("nav [aria-current]").pathname`); current != path {
			t.Errorf("without scripts %s shows the menu's entry %s", path, current)
		}
	}
	b.Scripts(true)
	b.Open(k.url+"/console/actions/sync?account=user/user_1", "#reason")
	b.Look("console-action")
}

// TestShortcuts uses the console by keyboard only.
func TestShortcuts(t *testing.T) {
	t.Parallel()
	b, k := browser.Start(t), start(t)
	enter(b, k, lockstep.ConsoleViewer)
	b.Open(k.url+"/console/audit", "tr[data-row]")
	b.Type("jjk")
	if chosen := browser.Value[string](b, `document.querySelector(".chosen").id`); chosen == "" {
		t.Error("j and k choose no row")
	}
	b.Type("/")
	if focused := browser.Value[string](b, `document.activeElement.type`); focused != "search" {
		t.Errorf("/ focuses %q", focused)
	}
	b.Type("j?") // typed, and no shortcuts
	if typed := browser.Value[string](b, `document.activeElement.value`); !strings.HasSuffix(typed, "j?") {
		t.Errorf("typed %q", typed)
	}
	b.Type(kb.Escape + "?")
	if open := browser.Value[bool](b, `document.getElementById("shortcuts").open`); !open {
		t.Error("? shows no help")
	}
	b.Type(kb.Escape)
	b.Open(k.url+"/console", "main")
	b.Type(kb.Tab)
	if first := browser.Value[string](b, `document.activeElement.className`); first != "skip" {
		t.Errorf("the first stop of Tab is %q, want the link that skips the menu", first)
	}
	b.Type(kb.Enter)
	if reached := browser.Value[string](b, `document.activeElement.id`); reached != "main" {
		t.Errorf("the link leads to %q, want the content", reached)
	}
}

// TestALivePageFollowsChanges: what happens appears without a reload, and what someone opened stays open.
func TestALivePageFollowsChanges(t *testing.T) {
	t.Parallel()
	b, k := browser.Start(t), start(t)
	enter(b, k, lockstep.ConsoleViewer)
	b.Open(k.url+"/console/audit", "tr[data-row]")
	browser.Value[bool](b, `window.same = true`)
	k.link(lockstep.ConsoleViewer) // leaves an entry
	rows := `document.querySelectorAll("tr[data-row]").length`
	before := browser.Value[int](b, rows)
	k.api("POST", "/v1/console/links", map[string]string{"name": "newcomer"}, nil)
	b.Wait("the entry", func() bool { return browser.Value[int](b, rows) > before })
	b.Shows("main", "newcomer")
	if !browser.Value[bool](b, `window.same === true`) {
		t.Error("the page was loaded again")
	}
}
