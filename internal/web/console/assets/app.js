// Shortcuts, and pages that follow changes. Every page works without this file.
"use strict";

// Times are shown in the browser's zone, which the server learns from a cookie.
const ahead = -new Date().getTimezoneOffset();
document.cookie = "lockstep-zone=" + ahead + "; path=/console; max-age=31536000; samesite=strict";

const main = () => document.querySelector("main");

// The rows that j and k go through.
const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);

function choose(step) {
	const all = rows();
	if (all.length === 0) return;
	const at = all.findIndex((row) => row.classList.contains("chosen"));
	const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
	all[at]?.classList.remove("chosen");
	next.classList.add("chosen");
	(next.matches("a, button, summary") ? next : next.querySelector("a, button, summary"))?.focus({ preventScroll: true });
	next.scrollIntoView({ block: "nearest" });
}

const shortcuts = {
	"/": () => (document.querySelector("input[type=search]") ?? (location.href = "/console/accounts")).focus?.(),
	j: () => choose(1),
	k: () => choose(-1),
	"?": () => {
		const help = document.getElementById("shortcuts");
		help.open ? help.close() : help.showModal();
	},
};

document.addEventListener("keydown", (event) => {
	const typing = event.target.closest("input, textarea, select");
	if (typing && event.key === "Escape") typing.blur();
	if (typing || event.ctrlKey || event.metaKey || event.altKey || !shortcuts[event.key]) return;
	event.preventDefault();
	shortcuts[event.key]();
});

// A page that is being used is not replaced: someone types, has selected text, or asks for something.
function busy() {
	const focused = document.activeElement;
	return Boolean(
		focused?.closest("input, textarea, select") || !getSelection().isCollapsed || document.querySelector("dialog[open]"),
	);
}

// replace fetches the content again. What was open, chosen and focused stays so.
let waiting = false;
async function replace() {
	if (busy() || document.hidden) {
		waiting = true;
		return;
	}
	waiting = false;
	let answer;
	try {
		answer = await fetch(location.href, { headers: { "Lockstep-Fragment": "main" } });
	} catch {
		return; // the service restarts; the stream says so when it is back
	}
	if (answer.status === 401) return location.reload();
	if (!answer.ok) return;
	const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
	if (!fresh || busy()) return;
	const open = new Set([...main().querySelectorAll("details[open][id]")].map((d) => d.id));
	const chosen = document.querySelector(".chosen")?.id;
	const focused = document.activeElement?.id;
	for (const id of open) fresh.querySelector("#" + CSS.escape(id))?.setAttribute("open", "");
	main().replaceWith(fresh);
	if (chosen) document.getElementById(chosen)?.classList.add("chosen");
	if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// The stream is closed while nobody sees the page: a browser has few connections to one host.
let stream;
function follow() {
	stream?.close();
	stream = undefined;
	if (document.hidden || !main()?.hasAttribute("data-live")) return;
	stream = new EventSource("/console/live");
	let opened = false;
	stream.addEventListener("open", () => {
		if (opened) replace(); // it may have missed changes
		opened = true;
	});
	stream.addEventListener("changed", replace);
}
document.addEventListener("visibilitychange", () => {
	if (!document.hidden && main()?.hasAttribute("data-live")) replace();
	follow();
});
setInterval(() => waiting && replace(), 1000);
follow();

// A page that only leads on.
const onward = document.querySelector("a[data-onward]");
if (onward) location.replace(onward.href);
