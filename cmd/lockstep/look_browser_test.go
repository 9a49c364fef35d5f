package main

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// browse calls a method of the browser.
func browse(method string, params map[string]any) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		var answer map[string]any
		return t.Call(ctx, method, params, &answer)
	})
}

func colors(value string) chromedp.Action[chromedp.Void] {
	return browse("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{
		{"name": "prefers-color-scheme", "value": value}}})
}

// scripts turns the page's scripts on or off.
func (b *browserTab) scripts(on bool) {
	b.Helper()
	b.do("turn scripts on or off", browse("Emulation.setScriptExecutionDisabled", map[string]any{"value": !on}))
}

// seen checks the open page at a desk and on a phone, in light and in dark, and takes screenshots.
func (b *browserTab) seen(name string) {
	b.Helper()
	for _, mode := range []string{"dark", "light"} {
		b.do("use "+mode+" mode", colors(mode))
		b.do("sit at a desk", chromedp.EmulateViewport(1100, 900), b.picture(name+"-desk-"+mode))
		b.flawless(name + " at a desk, " + mode)
		b.do("hold a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), b.picture(name+"-phone-"+mode))
		b.flawless(name + " on a phone, " + mode)
	}
	b.do("sit at a desk", chromedp.EmulateViewport(1100, 900))
}

func (b *browserTab) flawless(name string) {
	b.Helper()
	flaws, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](flawsOfLook))
	if err != nil {
		b.Fatalf("look at %s: %v", name, err)
	}
	for _, flaw := range flaws {
		b.Errorf("%s: %s", name, flaw)
	}
}

// flawsOfLook lists what is wrong with a page that has the shared look.
const flawsOfLook = `(() => {
	const flaws = [], shown = e => e.checkVisibility() && e.getBoundingClientRect().width > 2
	const dark = matchMedia("(prefers-color-scheme: dark)").matches
	const back = getComputedStyle(document.body).backgroundColor
	if (back != (dark ? "rgb(20, 24, 30)" : "rgb(244, 246, 249)")) flaws.push("its background is " + back)
	if (document.documentElement.scrollWidth > innerWidth) flaws.push("it is " + document.documentElement.scrollWidth + " px wide")
	for (const e of document.querySelectorAll("button, a, input:not([type=hidden]), summary")) {
		const height = Math.round(e.getBoundingClientRect().height)
		if (shown(e) && height < 44) flaws.push("<" + e.localName + "> " + (e.textContent.trim() || e.name) + " is " + height + " px high")
	}
	for (const e of document.querySelectorAll("input:not([type=hidden])"))
		if (shown(e) && !e.labels.length) flaws.push("the field " + e.name + " has no label")
	if (innerWidth < 600) for (const e of document.querySelectorAll("td"))
		if (e.textContent.trim() && !getComputedStyle(e, "::before").content.includes(e.dataset.label)) flaws.push("a cell has no label: " + e.textContent)
	if (document.querySelectorAll("h1").length != 1) flaws.push("it has " + document.querySelectorAll("h1").length + " main headings")
	if (!document.title || !document.documentElement.lang) flaws.push("it has no title or no language")
	if (!document.querySelector("link[rel=icon]")) flaws.push("it has no icon")
	for (const e of performance.getEntriesByType("resource"))
		if (!e.name.startsWith(location.origin) && !e.name.startsWith("data:")) flaws.push("it loads " + e.name)
	return flaws
})()`

// focusable are the elements that a keyboard must reach, in order.
const focusable = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), summary, iframe")].filter(e => e.checkVisibility())`

// tabs presses Tab from the start of the page to its end: each control must get the focus in its order, and
// show it.
func (b *browserTab) tabs(name string) {
	b.Helper()
	count, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](focusable+`.length`))
	if err != nil || count == 0 {
		b.Fatalf("%s: %d controls, %v", name, count, err)
	}
	var order []int
	for range count + 10 { // a frame may have controls of its own
		b.do("press Tab", chromedp.KeyEvent("\t"))
		at, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`(() => {
			const e = document.activeElement, style = getComputedStyle(e)
			if (e.localName != "iframe" && e != document.body && (style.outlineStyle == "none" || parseFloat(style.outlineWidth) < 2)) return -2
			return `+focusable+`.indexOf(e)
		})()`))
		if err != nil {
			b.Fatalf("%s: %v", name, err)
		}
		if at == -2 {
			b.Errorf("%s: control %d does not show its focus", name, len(order))
		}
		if at >= 0 && (len(order) == 0 || order[len(order)-1] != at) { // below 0 is what scrolls, or is in a frame
			order = append(order, at)
		}
		if at == count-1 {
			break
		}
	}
	want := make([]int, count)
	for i := range want {
		want[i] = i
	}
	if fmt.Sprint(order) != fmt.Sprint(want) {
		b.Errorf("%s: the keyboard reaches %v, want %v", name, order, want)
	}
}

// attack is a name that would change the title of the page if it became markup.
const attack = `"'></title></pre><script>document.title="attacked"</script><img src=x onerror="document.title='attacked'"><b class=attacked>`

// unharmed checks that an attack is text on the open page.
func (b *browserTab) unharmed(name string) {
	b.Helper()
	harmed, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](
		`document.title == "attacked" || !!document.querySelector(".attacked") || !document.documentElement.textContent.includes("onerror")`))
	if err != nil || harmed {
		b.Errorf("%s: the attack succeeds, or is not shown (%v)", name, err)
	}
}

// TestTheMailPageInABrowser: with and without scripts, and by keyboard.
func TestTheMailPageInABrowser(t *testing.T) {
	b, mails := startBrowser(t), startMails(t)
	b.open(mails.url+"/mail", ".empty")
	b.seen("mail-1-empty")
	mails.deliver("ada@example.com", "subscription.started")
	b.waits("the first e-mail", func() bool { return b.text("article h2") != "" })
	b.seen("mail-2-one")
	mails.deliver("bob@example.com", "payment.failed")
	b.waits("the second e-mail in the list", func() bool { return b.count("#list li") == 2 })
	b.shows("article h2", "is active") // the open e-mail stays open
	b.tabs("mail")
	b.press("#list li:first-child a", "article")
	b.shows("article h2", "failed")
	b.seen("mail-3-two")
	b.do("search", chromedp.SetValue("#q", "ADA@", chromedp.NodeVisible), chromedp.Submit("#q"))
	b.waits("one e-mail", func() bool { return b.count("#list li") == 1 })

	mails.attacks()
	for path, name := range map[string]string{"/mail": "list", "/mail/3": "e-mail"} {
		b.open(mails.url+path, "article")
		b.unharmed(name)
	}
	b.seen("mail-4-attack")
	b.open(mails.url+"/mail/3/html", "b")
	if title := b.text("title"); title == "attacked" {
		t.Error("the HTML of an e-mail runs a script")
	}

	b.scripts(false)
	b.open(mails.url+"/mail/1", "article")
	b.shows("article pre", "Hello Ada")
	b.open(mails.url+"/mail?q=bob", "article")
	b.shows("article h2", "failed")
	b.seen("mail-5-no-script")
}

// count returns how many elements there are.
func (b *browserTab) count(selector string) int {
	count, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.querySelectorAll(`+"`"+selector+"`"+`).length`))
	if err != nil {
		return 0 // while the page loads
	}
	return count
}
