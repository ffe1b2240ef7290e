// SPDX-License-Identifier: Apache-2.0
// The dashboard in a real browser, before a database filled through the real path.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, axeSource, launch, manifest, number, open, site, sql } from "./harness.mjs";

const days = Object.keys(manifest.daily).sort();
const whole = `from=${days[0]}&to=${days.at(-1)}`;
const PLAIN = ["/", "/domains", "/domains/example.com", "/sources", "/sources?outcome=fail&domain=example.com",
	"/reports", "/reporters", "/contradictions", "/?provenance=local&provenance=verified", "/failures", "/tls", "/quarantine", "/mails?outcome=duplicate"];
let axe, browser, paths;

before(async () => {
	browser = await launch();
	axe = axeSource();
	const one = (query) => sql(query)[0][0];
	paths = [...PLAIN,
		`/reports/${one("SELECT report_key FROM dmarcd_api.report WHERE policy_domain = 'example.com' AND kind = 'aggregate' ORDER BY records DESC LIMIT 1")}`,
		`/reports/${one("SELECT report_key FROM dmarcd_api.report WHERE conflict LIMIT 1")}`,
		`/reports/${one("SELECT report_key FROM dmarcd_api.report WHERE kind = 'tlsrpt' AND org_name NOT LIKE '%canary%' LIMIT 1")}`,
		`/failures/${one("SELECT report_key FROM dmarcd_api.failure WHERE reported_domain <> 'hostile.example' LIMIT 1")}`,
		`/failures/${one("SELECT report_key FROM dmarcd_api.failure WHERE reported_domain <> 'hostile.example' LIMIT 1")}/shown`,
		`/sources/${one("SELECT host(source_ip) FROM dmarcd_api.sources WHERE source_ip IS NOT NULL GROUP BY 1 ORDER BY sum(messages) DESC LIMIT 1")}`,
		`/reports/${one("SELECT report_key FROM dmarcd_api.report WHERE policy_domain = 'example.com' AND kind = 'aggregate' LIMIT 1")}/document`,
		`/quarantine/${one("SELECT sha256 FROM dmarcd_api.mail WHERE outcome = 'quarantined' LIMIT 1")}`,
		"/?domain=no.such.domain.example"];
});

after(async () => browser.close());

async function withPage(options, work) {
	const opened = await open(browser, options);
	try {
		await work(opened);
		assert.deepEqual(opened.problems, []);
	} finally {
		await opened.close();
	}
}

const VIEWS = [
	{ name: "light, wide", axe: true, options: {} },
	{ name: "dark, wide", axe: false, options: { colorScheme: "dark" } },
	{ name: "light, 360 px", axe: false, options: { viewport: { width: 360, height: 740 } } },
	{ name: "dark, 360 px", axe: true, options: { colorScheme: "dark", viewport: { width: 360, height: 740 } } },
];

for (const view of VIEWS) {
	test(`every page opens, fits and can be used by all: ${view.name}`, async () => {
		await withPage(view.options, async ({ page, visit }) => {
			for (const path of paths) {
				assert.equal((await visit(path)).status(), 200, path);
				const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
				assert.ok(sideways <= 0, `${path} is ${sideways} px too wide`);
				if (!view.axe)
					continue;
				// The driver injects by the debugger, which the page's policy does not bind.
				await page.evaluate(axe);
				const found = await page.evaluate(() => globalThis.axe.run(document, {
					runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], resultTypes: ["violations"] }));
				const bad = found.violations.map((v) => `${v.impact} ${v.id}: ${v.nodes[0].html} ${v.nodes[0].failureSummary}`);
				assert.deepEqual(bad, [], path);
			}
		});
	});
}

test("errors have pages of their own", async () => {
	await withPage({ expectErrors: true }, async ({ page, visit }) => {
		for (const [path, status] of [["/nothing", 404], ["/?from=yesterday", 400]]) {
			assert.equal((await visit(path)).status(), status);
			assert.equal(await page.locator("h1").count(), 1);
			await page.locator("main a").first().click();
			assert.equal(new URL(page.url()).pathname, "/");
		}
	});
});

test("the navigation leads to each page and says where one is", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit("/");
		const labels = await page.locator("nav a:not(.brand)").allTextContents();
		assert.ok(labels.length >= 7);
		for (const label of labels) {
			await page.locator("nav").getByRole("link", { name: label, exact: true }).click();
			assert.equal(await page.locator("nav a[aria-current=page]").textContent(), label);
		}
	});
});

test("the filter narrows to a domain and a day", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit("/");
		const day = days[Math.floor(days.length / 2)];
		await page.locator("form.filter input[name=from]").fill(day);
		await page.locator("form.filter input[name=to]").fill(day);
		await page.locator("form.filter input[name=domain]").fill("example.com");
		await page.locator("form.filter button").first().click();
		await page.waitForURL(/domain=example\.com/u);
		const [[messages]] = sql(`SELECT sum(messages) FROM dmarcd_api.record WHERE day = '${day}' AND policy_domain = 'example.com'`);
		assert.equal(number(await page.locator("[data-figure=messages]").textContent()), Number(messages));
		assert.equal(await page.locator("svg.wide g.bar").count(), 1);
		assert.equal(await page.locator("form.filter input[name=domain]").inputValue(), "example.com");
	});
});

test("the boxes of provenance narrow every figure, and one link takes them away", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit(`/?${whole}`);
		const all = number(await page.locator("[data-figure=messages]").textContent());
		assert.match(await page.locator("p.weight").textContent(), /⚑ [\d.]+ % of these messages rest on reports that are not proved/u);
		await page.getByRole("checkbox", { name: "local" }).check();
		await page.getByRole("checkbox", { name: "verified", exact: true }).check();
		await page.locator("form.filter button").first().click();
		await page.waitForURL(/provenance=local|provenance=verified/u);
		const [[local]] = sql(`SELECT sum(messages) FROM dmarcd_api.daily WHERE provenance = 'local' AND day BETWEEN '${days[0]}' AND '${days.at(-1)}'`);
		assert.equal(number(await page.locator("[data-figure=messages]").textContent()), Number(local));
		assert.ok(await page.getByRole("checkbox", { name: "local" }).isChecked());
		await page.locator(".chips a").first().click();
		assert.equal(number(await page.locator("[data-figure=messages]").textContent()), all);
	});
});

test("a sample is masked until the second step, and both are written down", async () => {
	await withPage({}, async ({ page, visit }) => {
		const [[key]] = sql("SELECT report_key FROM dmarcd_api.failure WHERE reported_domain <> 'hostile.example' AND orig_from LIKE '%@%' LIMIT 1");
		await visit(`/failures/${key}`);
		const masked = await page.locator("main").textContent();
		assert.match(masked, /…@/u);
		await page.getByRole("link", { name: "Show it unmasked (noted)" }).click();
		await page.waitForURL(/shown$/u);
		assert.notEqual(await page.locator("dl.facts").nth(1).textContent(), masked);
		const noted = sql(`SELECT what FROM dmarcd_api.audit WHERE object = '${key}' ORDER BY at DESC LIMIT 2`).flat();
		assert.deepEqual(noted, ["sample.show", "sample.view"]);
	});
});

test("each number can be followed down to the rows and the document", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit(`/?${whole}`);
		const total = number(await page.locator("[data-figure=messages]").textContent());
		const [[rows]] = sql(`SELECT sum(messages) FROM dmarcd_api.record WHERE day BETWEEN '${days[0]}' AND '${days.at(-1)}'`);
		assert.equal(total, Number(rows));

		await page.locator("table[data-block=domains]").getByRole("link", { name: "example.com", exact: true }).click();
		assert.equal(number(await page.locator("[data-figure=messages]").textContent()), manifest.domains["example.com"].messages);

		const source = page.locator("table[data-block=sources] tbody tr").first();
		const address = (await source.locator("td").first().textContent()).trim();
		await source.getByRole("link").first().click();
		assert.ok((await page.locator("h1").textContent()).includes(address));

		await page.locator("table[data-block=records] tbody a[href^='/reports/']").first().click();
		assert.match(new URL(page.url()).pathname, /^\/reports\/[0-9a-f-]{36}$/u);
		const shown = (await page.locator("table[data-block=records] tbody tr td:nth-child(2)").allTextContents()).map(number);
		const report = await api(new URL(page.url()).pathname);
		assert.equal(shown.reduce((a, b) => a + b, 0), report.report.messages);

		await page.getByRole("link", { name: /original/iu }).click();
		const text = await page.locator("pre.document").innerText();
		assert.ok(text.includes("<feedback") && text.includes(report.report.report_id));
		const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Download" }).click()]);
		assert.match(download.suggestedFilename(), /^report-[0-9a-f-]{36}\.xml$/u);
	});
});

test("a list is read page by page", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit(`/reports?${whole}`);
		let count = 0;
		for (let pages = 0; pages < 10; pages++) {
			count += await page.locator("table[data-block=reports] tbody tr").count();
			const next = page.locator("a[rel=next]");
			if (await next.count() === 0)
				break;
			await next.click();
			await page.waitForLoadState("load"); // a page that is still read has fewer rows
			assert.match(page.url(), /after=/u);
		}
		const [[all]] = sql(`SELECT count(*) FROM dmarcd_api.report WHERE day BETWEEN '${days[0]}' AND '${days.at(-1)}'`);
		assert.equal(count, Number(all));
	});
});

test("a reporter, a failure sample, a TLS report and a quarantined mail", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit(`/reporters?${whole}`);
		const row = page.locator("tbody tr").first();
		const [name, reports] = [await row.locator("td").nth(0).textContent(), number(await row.locator("td").nth(1).textContent())];
		await row.getByRole("link").first().click();
		assert.ok(new URL(page.url()).searchParams.get("reporter"));
		const listed = await api(`/reports?reporter=${encodeURIComponent(name.trim())}&kind=aggregate&${whole}`);
		assert.equal(listed.reports.filter((r) => !r.conflict).length, reports);

		await visit("/failures");
		await page.locator("table[data-block=failures] tbody a").first().click();
		assert.match(page.url(), /\/failures\/[0-9a-f-]{36}/u);
		assert.ok(await page.locator("dl.facts").count() > 0);

		await visit(`/tls?${whole}`);
		const success = (await page.locator("table[data-block=tls] tbody tr td:nth-child(5)").allTextContents()).map(number);
		assert.equal(success.reduce((a, b) => a + b, 0), number(await page.locator("[data-figure=success]").textContent()));
		await page.locator("table[data-block=tls] tbody a[href^='/reports/']").first().click();
		assert.ok(await page.locator("table[data-block=policies]").count() > 0);

		await visit("/quarantine");
		assert.equal(await page.locator("table[data-block=quarantine] tbody tr").count(),
			number(await page.locator("[data-figure=quarantined]").textContent()));
	});
});

test("tables are sorted by a click or a key", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit(`/sources?${whole}`);
		const table = page.locator("table[data-block=sources]");
		const column = async (n) => (await table.locator(`tbody tr td:nth-child(${n})`).allTextContents());
		const rising = (list) => list.every((value, i) => i === 0 || list[i - 1] <= value);
		const falling = (list) => rising([...list].reverse());
		const failing = table.getByRole("columnheader", { name: "Failing" });
		await failing.getByRole("button").click();
		assert.equal(await failing.getAttribute("aria-sort"), "descending");
		assert.ok(falling((await column(7)).map(number)));
		await failing.getByRole("button").press("Enter");
		assert.equal(await failing.getAttribute("aria-sort"), "ascending");
		assert.ok(rising((await column(7)).map(number)));
		assert.equal((await column(1)).length, (await api(`/sources?${whole}`)).sources.length);
	});
});

test("the chart tells its numbers, to the pointer and as a table", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit(`/?${whole}`);
		const { daily } = await api(`/?${whole}`);
		assert.equal(await page.locator("svg.wide g.bar").count(), daily.length);
		await page.locator("svg.wide g.bar").nth(2).hover();
		const tip = await page.locator(".tip").first().textContent();
		assert.ok(tip.startsWith(daily[2].day) && tip.includes(`${daily[2].both} SPF and DKIM`), tip);
		await page.locator("figure svg.wide").focus();
		await page.keyboard.press("ArrowRight");
		assert.ok((await page.locator(".tip").first().textContent()).startsWith(daily[3].day));
		await page.keyboard.press("Escape");
		assert.equal(await page.locator(".tip").first().isVisible(), false);
		await page.locator("figure summary").click();
		const first = (await page.locator("figure tbody tr").first().locator("th, td").allTextContents());
		assert.deepEqual(first.slice(1).map(number), [daily[0].both, daily[0].dkim_only, daily[0].spf_only, daily[0].fail]);
		const heights = await page.locator("svg.wide g.bar").evaluateAll((bars) => bars.map((bar) =>
			[...bar.querySelectorAll("rect:not(.reach)")].reduce((sum, rect) => sum + rect.height.baseVal.value, 0)));
		const totals = daily.map((d) => d.both + d.dkim_only + d.spf_only + d.fail);
		const highest = totals.indexOf(Math.max(...totals));
		assert.equal(heights.indexOf(Math.max(...heights)), highest);
	});
});

test("a bar leads to its days, and a chip takes a filter away", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit(`/?${whole}`);
		const { daily } = await api(`/?${whole}`);
		await page.locator("svg.wide g.bar").nth(5).click();
		await page.waitForURL(new RegExp(`from=${daily[5].day}&to=${daily[5].day}$`, "u"));
		const sum = daily[5].both + daily[5].dkim_only + daily[5].spf_only + daily[5].fail;
		assert.equal(number(await page.locator("[data-figure=messages]").textContent()), sum);
		await page.locator("[data-figure=failing] a").click();
		assert.equal(new URL(page.url()).pathname, "/sources");
		assert.equal(await page.locator("select[name=outcome]").inputValue(), "fail");
		assert.ok((await api(`/sources${new URL(page.url()).search}`)).sources.every((row) => row.failing > 0));
		await page.locator(".chips a").click();
		assert.equal(new URL(page.url()).searchParams.get("outcome"), null);
		assert.equal(new URL(page.url()).searchParams.get("from"), daily[5].day);
		await page.locator(".periods a", { hasText: "90 days" }).click();
		assert.equal(await page.locator(".periods a[aria-current]").textContent(), "90 days");
	});
});

test("a narrow screen has a drawing of its own, as legible as the rest", async () => {
	await withPage({ viewport: { width: 390, height: 844 } }, async ({ page, visit }) => {
		await visit(`/?${whole}`);
		assert.equal(await page.locator("figure svg.wide").isVisible(), false);
		const label = page.locator("figure svg.compact text.axis").first();
		assert.ok((await label.boundingBox()).height >= 10);
	});
});

test("what reports say stays text", async () => {
	await withPage({}, async ({ page, visit }) => {
		const keys = sql("SELECT kind, report_key FROM dmarcd_api.report WHERE policy_domain LIKE '%hostile.example' OR report_key IN (SELECT report_key FROM dmarcd_api.tls WHERE policy_domain = 'hostile.example') OR kind = 'failure' AND report_key IN (SELECT report_key FROM dmarcd_api.failure WHERE reported_domain = 'hostile.example')");
		assert.ok(keys.length >= 60);
		const lists = ["/", "/reporters", "/reports", "/failures", "/tls", "/quarantine", "/domains/hostile.example",
			"/domains/other.hostile.example"].map((path) => `${path}?${whole}`);
		for (const path of [...lists, ...keys.map(([kind, key]) => (kind === "failure" ? `/failures/${key}` : `/reports/${key}`))]) {
			assert.equal((await visit(path)).status(), 200, path);
			const strange = await page.evaluate(() => document.querySelectorAll(
				"iframe, img, object, embed, base, form:not(.filter), main script, main link, main svg:not(figure svg, td svg.mix), [onload], [onerror], [onclick], [onmouseover], [onfocus], [style]:not(.tip)").length);
			assert.equal(strange, 0, path);
			for (const href of await page.locator("a").evaluateAll((links) => links.map((a) => a.href)))
				assert.ok(href.startsWith(site), `${path}: ${href}`);
		}
	});
});

test("what goes into a ticket is copied whole", async () => {
	await withPage({ permissions: ["clipboard-read", "clipboard-write"] }, async ({ page, visit }) => {
		const [[key, sha]] = sql("SELECT report_key, mail_sha256 FROM dmarcd_api.report WHERE kind = 'aggregate' LIMIT 1");
		await visit(`/reports/${key}`);
		await page.getByRole("button", { name: "Copy SHA-256" }).click();
		await page.getByText("Copied").waitFor();
		assert.equal(await page.evaluate(() => navigator.clipboard.readText()), sha);
	});
});

test("text that runs backwards ends where its cell ends", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit(`/reporters?${whole}`);
		const cell = page.locator("bdi", { hasText: "moc.elpmaxe" });
		assert.match(await cell.textContent(), /^moc\.elpmaxe\\u\{202e\}live$/iu);
	});
});

test("pages work without scripts", async () => {
	await withPage({ javaScriptEnabled: false }, async ({ page }) => {
		await page.goto(`${site}sources?${whole}`);
		assert.ok(await page.locator("tbody tr").count() > 10);
		await page.locator("tbody a").first().click();
		assert.match(page.url(), /\/sources\/./u);
	});
});

test("a page can be printed", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit("/");
		await page.emulateMedia({ media: "print" });
		assert.equal(await page.locator("header").isVisible(), false);
		assert.ok((await page.pdf({ format: "A4" })).length > 10000);
	});
});

test("a keyboard reaches the content, and shows where it is", async () => {
	await withPage({}, async ({ page, visit }) => {
		await visit("/");
		await page.keyboard.press("Tab");
		assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
		await page.keyboard.press("Enter");
		assert.equal(new URL(page.url()).hash, "#main");
		for (let i = 0; i < 12; i++) {
			await page.keyboard.press("Tab");
			// The parts of a date field are the browser's own, ring and all.
			const ring = await page.evaluate(() => (document.activeElement.type === "date" ? "own" :
				getComputedStyle(document.activeElement).outlineStyle));
			assert.notEqual(ring, "none", await page.evaluate(() => document.activeElement.outerHTML.slice(0, 80)));
		}
	});
});
