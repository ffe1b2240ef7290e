// SPDX-License-Identifier: Apache-2.0
// Comfort only: every page works without it. Tables sort by a click on a heading, and a value
// that is a key is copied by a double click.

const number = (cell) => {
	const text = cell.textContent.replace(/[^0-9.-]/g, "");
	return text === "" ? -1 : Number(text);
};

const sortBy = (table, index, button) => {
	const heads = table.tHead.rows[0].cells;
	const descending = heads[index].getAttribute("aria-sort") !== "descending";
	const numeric = heads[index].classList.contains("n");
	const rows = [...table.tBodies[0].rows];
	rows.sort((a, b) => {
		const [x, y] = [a.cells[index], b.cells[index]];
		const order = numeric ? number(x) - number(y) : x.textContent.localeCompare(y.textContent);
		return descending ? -order : order;
	});
	for (const head of heads) head.removeAttribute("aria-sort");
	heads[index].setAttribute("aria-sort", descending ? "descending" : "ascending");
	table.tBodies[0].append(...rows);
	button.focus();
};

for (const table of document.querySelectorAll("table[data-block]")) {
	[...table.tHead.rows[0].cells].forEach((head, index) => {
		const button = document.createElement("button");
		button.type = "button";
		button.append(...head.childNodes);
		button.addEventListener("click", () => sortBy(table, index, button));
		head.append(button);
	});
}
