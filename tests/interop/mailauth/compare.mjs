// SPDX-License-Identifier: Apache-2.0
// Their side: mailauth over the same cases, and where the two differ. Exit 1: in a way that no kind explains.
// usage: compare.mjs NODE_MODULES_PARENT CASES_TSV OURS_TSV [-v]
import {createRequire} from 'node:module';
import {readFileSync} from 'node:fs';
import {kindOf} from './kinds.mjs';

const [modules, casesPath, oursPath, verbose] = process.argv.slice(2);
const {authenticate, validateBimiSvg} = createRequire(modules + '/')('mailauth');

const failure = code => Object.assign(new Error(code), {code});
const STATUS = {'!SERVFAIL': 'ESERVFAIL', '!TIMEOUT': 'ETIMEOUT'};

const resolverOf = zone => async (name, type) => {
	let owner = zone[name.toLowerCase().replace(/\.$/, '')];
	for (let i = 0; owner?.CNAME && type !== 'CNAME' && i < 8; i++)
		owner = zone[owner.CNAME[0].toLowerCase()];
	if (!owner)
		throw failure('ENOTFOUND');
	const values = owner[type];
	if (!values)
		throw failure('ENODATA');
	if (STATUS[values[0]])
		throw failure(STATUS[values[0]]);
	if (type === 'TXT')
		return values.map(value => [value]);
	if (type === 'MX')
		return values.map(([priority, exchange]) => ({priority, exchange}));
	return values;
};

const word = value => value ? String(value).replace(/^(temp|perm)err$/, '$1error') : 'none';

// Words for what is no pass are a matter of taste in DKIM (RFC 8601 section 2.7.1): how many pass is compared.
const passes = results => results.filter(result => result === 'pass').length + ' pass';

const ofTheirs = {
	spf: r => word(r.spf?.status?.result),
	dkim: r => passes((r.dkim?.results || []).map(d => d.status?.result)),
	arc: r => word(r.arc?.status?.result),
	dmarc: r => word(r.dmarc?.status?.result),
	bimi: r => word(r.bimi?.status?.result),
};
const ofOurs = {
	spf: v => word(v.spf?.result),
	dkim: v => passes(v.dkim.map(d => d.result)),
	arc: v => word(v.arc?.result),
	dmarc: v => word(v.dmarc?.result),
	bimi: v => word(v.bimi?.result),
	svg: v => word(v.bimi?.result),
};

const indicator = path => {
	try {
		validateBimiSvg(readFileSync(path));
		return {them: 'pass', comment: ''};
	} catch (error) {
		return {them: 'fail', comment: error.message};
	}
};

const message = async (part, bytes, options) => {
	try {
		const theirs = await authenticate(bytes, options);
		return {them: ofTheirs[part](theirs), theirs: theirs[part] || {}, comment: theirs[part]?.status?.comment || ''};
	} catch (error) {
		return {them: 'exception: ' + error.message, theirs: {}, comment: error.message};
	}
};

const lines = path => readFileSync(path, 'utf8').split('\n').filter(Boolean);
const verdicts = new Map(lines(oursPath).map(line => {
	const tab = line.indexOf('\t');
	return [line.slice(0, tab), line.slice(tab + 1)];
}));
const zones = new Map(), compared = {}, kinds = {};
for (const line of lines(casesPath)) {
	const [id, path, zonePath, ip, helo, sender, svg] = line.split('\t');
	const part = id.split('-')[0], verdict = JSON.parse(verdicts.get(id)), bytes = readFileSync(path);
	if (!zones.has(zonePath))
		zones.set(zonePath, JSON.parse(readFileSync(zonePath + '.json', 'latin1')));
	const options = {ip, helo, sender, mta: 'mx.receiver.example', resolver: resolverOf(zones.get(zonePath))};
	const other = part === 'svg' ? indicator(svg) : await message(part, bytes, options);
	const us = ofOurs[part](verdict);
	compared[part] = (compared[part] || 0) + 1;
	if (us === other.them)
		continue;
	const kind = `${part} ${kindOf(part, {...other, us, verdict, message: bytes}) || 'unexplained'}`;
	const pairs = kinds[kind] ||= {};
	(pairs[`ours ${us}, mailauth ${other.them}`] ||= []).push(id);
}

for (const [part, count] of Object.entries(compared))
	console.log(`${part}: ${count} compared`);
for (const [kind, pairs] of Object.entries(kinds).sort()) {
	console.log(`${String(Object.values(pairs).flat().length).padStart(6)}  ${kind}`);
	if (verbose || kind.endsWith('unexplained'))
		for (const [pair, ids] of Object.entries(pairs))
			console.log(`${String(ids.length).padStart(14)}  ${pair} (${ids.slice(0, 5).join(' ')})`);
}
process.exitCode = Object.keys(kinds).some(kind => kind.endsWith('unexplained')) ? 1 : 0;
