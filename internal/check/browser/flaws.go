package browser

import "strings"

// Look checks a page on a phone and at a desk, light and dark, and takes screenshots.
func (b *Tab) Look(name string) {
	b.Helper()
	b.OnPhone()
	b.Picture(name + "-phone")
	for _, flaw := range Value[[]string](b, phoneFlaws) {
		b.Errorf("%s on a phone: %s", name, flaw)
	}
	b.Dark(true)
	b.Picture(name + "-phone-dark")
	b.AtDesk()
	b.Picture(name + "-dark")
	b.Dark(false)
	b.Picture(name)
	for _, flaw := range Value[[]string](b, flaws) {
		b.Errorf("%s: %s", name, flaw)
	}
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
		if (a.hash.length > 1 && !document.getElementById(decodeURIComponent(a.hash.slice(1)))) flaws.push("the link " + a.hash + " leads nowhere")
	return flaws
})()`

// phoneFlaws adds targets that are too small for a finger: buttons and fields below 44 pixels.
var phoneFlaws = strings.Replace(flaws, "return flaws", `for (const e of document.querySelectorAll("button, a.button, input:not([type=radio],[type=checkbox],[type=hidden]), select, textarea, summary")) {
		const height = Math.round(e.getBoundingClientRect().height)
		if (shown(e) && height < 44) flaws.push("<" + e.localName + "> " + (e.textContent.trim() || e.name) + " is " + height + " px high")
	}
	return flaws`, 1)

// Axe runs axe-core, whose source is given, and returns its violations of WCAG 2 A and AA, one per line.
func (b *Tab) Axe(source string) []string {
	b.Helper()
	return Value[[]string](b, `(async () => {
		if (!window.axe) { `+source+` }
		const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })
		return found.violations.flatMap(v => v.nodes.map(n => v.id + ": " + v.help + ": " + n.html.slice(0, 160)))
	})()`)
}
