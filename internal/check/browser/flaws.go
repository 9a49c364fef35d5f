package browser

import (
	"os"
	"strings"

	"github.com/chromedp/chromedp"
)

// Look checks a page on a phone and at a desk, light and dark, and takes screenshots. LOCKSTEP_AXE names the file
// axe.min.js, which make conformance installs; then Look also reports what axe-core finds.
func (b *Tab) Look(name string) {
	b.Helper()
	b.OnPhone()
	b.Picture(name + "-phone")
	for _, flaw := range Value[[]string](b, phoneFlaws) {
		b.Errorf("%s on a phone: %s", name, flaw)
	}
	b.Dark(true)
	b.Picture(name + "-phone-dark")
	b.axe(name + " on a phone, dark")
	b.AtDesk()
	b.Picture(name + "-dark")
	b.Dark(false)
	b.Picture(name)
	for _, flaw := range Value[[]string](b, flaws) {
		b.Errorf("%s: %s", name, flaw)
	}
	b.axe(name)
}

// flaws lists what is wrong with a page at any width: wider than the window, fields without a label, headings,
// ids that repeat, targets of links that do not exist.
const flaws = `(() => {
	const flaws = [], shown = e => e.checkVisibility() && e.getBoundingClientRect().width > 2
	if (document.documentElement.scrollWidth > innerWidth) {
		const wide = [...document.querySelectorAll("main *")].filter(e => shown(e) && e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll, pre"))
		flaws.push("it is " + document.documentElement.scrollWidth + " px wide: " + wide.slice(0, 3).map(e => e.localName + "." + e.className + " " + e.textContent.trim().slice(0, 40)).join("; "))
	}
	for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
		if (shown(e) && !e.labels.length && !e.ariaLabel) flaws.push("the field " + e.name + " has no label")
	if (document.querySelectorAll("h1").length != 1) flaws.push("it has " + document.querySelectorAll("h1").length + " main headings")
	const ids = [...document.querySelectorAll("[id]")].map(e => e.id)
	for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) != i))) flaws.push("the id " + id + " is not unique")
	for (const a of document.querySelectorAll("a[href^='#']"))
		if (a.hash.length > 1 &&
			!document.getElementById(decodeURIComponent(a.hash.slice(1)))) flaws.push("the link " + a.hash + " leads nowhere")
	return flaws
})()`

// phoneFlaws adds targets that are too small for a finger: buttons and fields below 44 pixels.
var phoneFlaws = strings.Replace(flaws, "return flaws", `for (const e of document.querySelectorAll("button, a.button, input:not([type=radio],[type=checkbox],[type=hidden]), select, textarea, summary")) {
		const height = Math.round(e.getBoundingClientRect().height)
		if (shown(e) && height < 44) flaws.push("<" + e.localName + "> " + (e.textContent.trim() || e.name) + " is " + height + " px high")
	}
	return flaws`, 1)

// axe reports the violations of WCAG 2.1 A and AA, and of best practices, that axe-core finds.
func (b *Tab) axe(page string) {
	b.Helper()
	file := os.Getenv("LOCKSTEP_AXE")
	if file == "" {
		return
	}
	source, err := os.ReadFile(file) //nolint:gosec // the file that the Makefile names
	if err != nil {
		b.Fatalf("LOCKSTEP_AXE: %v", err)
	}
	b.Do("load axe-core", chromedp.Evaluate[chromedp.Void](string(source)))
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](`(async () => {
		const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })
		return found.violations.flatMap(v => v.nodes.map(n => v.id + ": " + v.help + ": " + n.html.slice(0, 160)))
	})()`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("axe-core: %v", err)
	}
	for _, violation := range found {
		b.Errorf("%s: axe: %s", page, violation)
	}
}
