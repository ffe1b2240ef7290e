// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium by playwright-core, watched: anything a page says on the console, any policy
// violation, dialog, download or request to elsewhere is a problem of the test that opened it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const site = process.env.SITE_URL;
export const manifest = JSON.parse(readFileSync(process.env.SITE_MANIFEST, "utf8"));

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync",
	"--disable-dev-shm-usage"];

function notRun(why) {
	console.log(`not run: browser: ${why}`);
	process.exit(process.env.CI === "true" ? 1 : 77);
}

async function load(name) {
	try {
		return await import(name);
	} catch {
		return notRun(`${name} is not installed; ./check --deps-only installs it (npm ci)`);
	}
}

export async function launch() {
	if (!CHROMIUM)
		notRun("chromium is not installed; apt-get install chromium");
	const { chromium } = await load("playwright-core");
	await load("axe-core");
	return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

export const axeSource = () => readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// A watched page. problems fills by itself; allowed: answers that are meant to be errors.
export async function open(browser, options = {}) {
	const context = await browser.newContext({ reducedMotion: "reduce", viewport: { width: 1280, height: 900 }, ...options });
	const page = await context.newPage();
	const problems = [];
	page.on("console", (message) => {
		if (["error", "warning"].includes(message.type()) && !(options.expectErrors && message.text().includes("status of 4")))
			problems.push(`console: ${message.text()}`);
	});
	page.on("pageerror", (error) => problems.push(`script: ${error}`));
	page.on("dialog", (dialog) => {
		problems.push(`dialog: ${dialog.message()}`);
		dialog.dismiss();
	});
	page.on("request", (request) => {
		if (!request.url().startsWith(site))
			problems.push(`request to ${request.url()}`);
	});
	page.on("popup", () => problems.push("a window opened"));
	await page.addInitScript(() => {
		globalThis.violations = [];
		document.addEventListener("securitypolicyviolation", (event) => {
			globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
		});
	});
	const visit = async (path) => {
		const answer = await page.goto(new URL(path, site).href, { waitUntil: "load" });
		await settle();
		return answer;
	};
	const settle = async () => {
		const found = await page.evaluate(() => [...globalThis.violations, ...(globalThis.xssCanary === undefined ?
			[] : [`canary ${globalThis.xssCanary}`])]);
		problems.push(...found);
	};
	return { page, problems, visit, settle, close: () => context.close() };
}

export async function api(path) {
	const answer = await fetch(new URL(`/api/v1${path}`, site));
	if (!answer.ok)
		throw new Error(`${path}: ${answer.status}`);
	return answer.json();
}

// Rows of the database, by the read-only role.
export function sql(query) {
	const text = execFileSync(`${process.env.SITE_BIN}/dmarcd`, ["-c", process.env.SITE_CONFIG, "psql", "-At", "-F", "\t",
		"-c", query], { encoding: "utf8" });
	return text.split("\n").filter(Boolean).map((line) => line.split("\t"));
}

export const number = (text) => Number(text.replaceAll(/[^0-9.-]/gu, ""));
