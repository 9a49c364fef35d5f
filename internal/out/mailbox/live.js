// Replaces the list when an e-mail arrives. The e-mail that is open stays open.
const list = document.getElementById("list");
const look = async () => {
	if (document.hidden) return;
	const newest = await (await fetch(list.dataset.root + "/newest")).text();
	if (newest === list.dataset.newest) return;
	const next = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
	if (!document.querySelector("article")) return location.reload(); // the first e-mail
	const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
	list.replaceChildren(...next.getElementById("list").childNodes);
	list.dataset.newest = newest;
	if (focused) list.querySelector(`a[href="${focused}"]`)?.focus();
	document.getElementById("news").textContent = "New e-mail";
};
setInterval(() => look().catch(() => {}), 1000); // the program may have ended
