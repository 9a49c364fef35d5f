// Makes the pages of the controls live. Without it, they work by reload.
"use strict"

// Each [data-live] element shows what its stream sends, whenever that changes.
for (const element of document.querySelectorAll("[data-live]")) {
	new EventSource(element.dataset.live).addEventListener("part", message => {
		const focused = element.contains(document.activeElement) ? document.activeElement.id : ""
		element.innerHTML = message.data
		if (focused) document.getElementById(focused)?.focus()
	})
}

// The list of entries gets new ones at its top, and stays short.
const most = 200
const list = document.querySelector("[data-entries]")
if (list) {
	const source = new EventSource(list.dataset.entries)
	const live = document.getElementById("live")
	source.addEventListener("ready", () => { live.hidden = false })
	source.addEventListener("error", () => { live.hidden = true })
	source.addEventListener("entries", message => {
		const box = document.createElement("template")
		box.innerHTML = message.data
		for (const entry of box.content.querySelectorAll("li[id]")) {
			if (document.getElementById(entry.id)) continue
			entry.classList.add("new")
			list.prepend(entry)
		}
		while (list.children.length > most) list.lastElementChild.remove()
		document.getElementById("none").hidden = true
	})
}

// Each range says its value while it moves.
for (const output of document.querySelectorAll("output[data-unit]")) {
	const range = document.getElementById(output.htmlFor.value)
	range.addEventListener("input", () => { output.textContent = range.value + " " + output.dataset.unit })
}
