// SPDX-License-Identifier: Apache-2.0
// What a page can do beyond being read: numbers under the pointer, sorting,
// copying, keys. Every page is whole without it. Nothing here asks the network,
// stores anything or writes markup: text goes in as text.

/** @param {string} name @param {string} className @param {string} [text] */
function element(name, className, text = "") {
	const made = document.createElement(name);
	made.className = className;
	made.textContent = text;
	return made;
}

// ---- charts: the numbers of a bar, by pointer and by arrow keys ----

/** The whole height over and under a bar belongs to it. @param {SVGGElement} bar */
function addReach(bar, height) {
	// By attributes: a drawing that is not shown at this width has no boxes.
	const rect = bar.querySelector("rect");
	if (!rect)
		return;
	const box = { x: rect.x.baseVal.value, width: rect.width.baseVal.value };
	const reach = document.createElementNS("http://www.w3.org/2000/svg", "rect");
	reach.setAttribute("class", "reach");
	reach.setAttribute("x", String(box.x));
	reach.setAttribute("y", "0");
	reach.setAttribute("width", String(box.width));
	reach.setAttribute("height", String(height));
	bar.append(reach);
}

/** @param {HTMLElement} figure @param {SVGSVGElement} svg */
function chartTips(figure, svg) {
	const bars = [...svg.querySelectorAll("g.bar")];
	if (bars.length === 0)
		return;
	const tip = element("div", "tip");
	const texts = new Map(bars.map((bar) => {
		const title = bar.querySelector("title");
		const text = title?.textContent ?? "";
		title?.remove(); // else the browser's own tip comes on top
		return [bar, text.replace(": ", "\n").replaceAll(", ", "\n")];
	}));
	tip.hidden = true;
	tip.setAttribute("role", "status");
	figure.append(tip);
	let at = -1;
	const show = (i) => {
		bars[at]?.classList.remove("on");
		at = i;
		const bar = bars[i];
		tip.hidden = !bar;
		if (!bar)
			return;
		bar.classList.add("on");
		tip.textContent = texts.get(bar) ?? "";
		const outer = figure.getBoundingClientRect();
		const inner = bar.getBoundingClientRect();
		const middle = inner.left + inner.width / 2 - outer.left;
		const left = middle > outer.width / 2 ? middle - tip.offsetWidth - 12 : middle + 12;
		// By the object model, not by a style attribute: the policy allows no inline style.
		tip.style.left = `${Math.max(0, left)}px`;
		tip.style.top = `${svg.getBoundingClientRect().top - outer.top}px`;
	};
	// To the same page on the bar's days; the table below has the same links.
	const follow = (i) => {
		const href = bars[i]?.getAttribute("data-href");
		if (href)
			location.assign(href);
	};
	const box = svg.viewBox.baseVal;
	for (const [i, bar] of bars.entries()) {
		addReach(bar, box.height);
		bar.addEventListener("pointerenter", () => show(i));
		bar.addEventListener("click", () => follow(i));
	}
	svg.addEventListener("pointerleave", () => show(-1));
	svg.setAttribute("tabindex", "0");
	svg.addEventListener("blur", () => show(-1));
	svg.addEventListener("keydown", (event) => {
		const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		if (step) {
			show(Math.min(bars.length - 1, Math.max(0, at + step)));
			event.preventDefault();
		} else if (event.key === "Escape") {
			show(-1);
		} else if (event.key === "Enter") {
			follow(at);
		}
	});
}

// ---- tables: sort by a column ----

/** "1,234", "✓ 99.5 %", "12.5 KiB" as numbers; other text as it is. @param {string} text */
function sortKey(text) {
	const found = /^[^\d\w-]*(-?[\d,]+(?:\.\d+)?)\s*(%|B|KiB|MiB)?$/u.exec(text.trim());
	if (!found)
		return text.trim();
	const unit = { KiB: 1024, MiB: 1048576 }[found[2]] ?? 1;
	return Number(found[1].replaceAll(",", "")) * unit;
}

function compare(a, b) {
	if (typeof a === "number" && typeof b === "number")
		return a - b;
	if (typeof a !== typeof b)
		return typeof a === "number" ? 1 : -1;
	return a < b ? -1 : a > b ? 1 : 0;
}

/** @param {HTMLTableElement} table */
function sortable(table) {
	const body = table.tBodies[0];
	const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
	if (!body || body.rows.length < 2)
		return;
	for (const [column, head] of heads.entries()) {
		const button = element("button", "", head.textContent ?? "");
		button.setAttribute("type", "button");
		head.replaceChildren(button);
		button.addEventListener("click", () => {
			const number = head.classList.contains("n");
			const down = head.getAttribute("aria-sort") === (number ? null : "ascending");
			for (const other of heads)
				other.removeAttribute("aria-sort");
			head.setAttribute("aria-sort", down ? "descending" : "ascending");
			const rows = [...body.rows].map((row) => [sortKey(row.cells[column].textContent ?? ""), row]);
			rows.sort(([a], [b]) => (down ? compare(b, a) : compare(a, b)));
			body.append(...rows.map(([, row]) => row));
		});
	}
}

// ---- facts: copy what people paste into a ticket ----

const COPIED = ["Report id", "SHA-256", "Message-ID", "SPF record"];

/** @param {Element} row */
function copyButton(row) {
	const label = row.querySelector("dt")?.textContent ?? "";
	const value = row.querySelector("dd");
	if (!value || !COPIED.includes(label) || !navigator.clipboard)
		return;
	const text = value.textContent ?? "";
	const button = element("button", "copy", "Copy");
	button.setAttribute("type", "button");
	button.setAttribute("aria-label", `Copy ${label}`);
	button.addEventListener("click", async () => {
		try {
			await navigator.clipboard.writeText(text);
			button.textContent = "Copied";
		} catch {
			button.textContent = "Not allowed";
		}
	});
	value.append(button);
}

// ---- keys: "/" goes to the filter ----

/** @param {KeyboardEvent} event */
function goToFilter(event) {
	const target = event.target;
	const typing = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
	if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey)
		return;
	const field = document.querySelector("form.filter input[name=domain]");
	if (field instanceof HTMLInputElement) {
		field.focus();
		event.preventDefault();
	}
}

for (const figure of document.querySelectorAll("figure"))
	figure.querySelectorAll("svg").forEach((svg) => chartTips(figure, svg));
document.querySelectorAll("table").forEach(sortable);
document.querySelectorAll("dl.facts > div").forEach(copyButton);
document.addEventListener("keydown", goToFilter);
