// SPDX-License-Identifier: Apache-2.0
// Why two verifiers differ: the kinds of doc/interop.md. A kind is found from what each of them says.

// A header line that is neither a field nor its continuation: where our header ends.
const lineThatIsNoField = message => {
	const header = message.toString('latin1').split(/\r?\n\r?\n/)[0].split(/\r?\n/);
	return header.some((line, i) => !(/^[!-9;-~]+[ \t]*:/.test(line) || (i > 0 && /^[ \t]/.test(line))));
};

const spf = ({verdict, them, comment}) => {
	if (verdict.spf.result === 'permerror' && verdict.spf.problem)
		return 'whole-record';
	if (them === 'permerror' && comment.includes('Invalid domain'))
		return 'name-after-macros';
	if (/%\{p/i.test(verdict.spf.record || ''))
		return 'macro-p';
};

const DKIM = {
	tag_missing: 'required-tag', tag_duplicate: 'tag-list', tag_name: 'tag-list', version: 'version',
	key_strict: 'key-strict', sha1: 'sha1', syntax: 'tag-syntax',
};
const dkim = ({verdict, message}) => {
	if (lineThatIsNoField(message))
		return 'no-field';
	if (/\r(?!\n)/.test(message.toString('latin1')))
		return 'bare-cr';
	return verdict.dkim.map(d => DKIM[d.reason]).find(Boolean);
};

const arc = ({verdict, message}) => {
	if (lineThatIsNoField(message))
		return 'no-field';
	if (/\r(?!\n)/.test(message.toString('latin1')))
		return 'bare-cr';
	if (verdict.arc.reason === 'syntax')
		return 'tag-list';
};

const dmarc = ({verdict, theirs}) => {
	const {reason, org_domain: org, org_domain_psl: psl, policy_domain: at, author_domain: author} = verdict.dmarc;
	if (/^from_/.test(reason || ''))
		return 'from';
	if (reason === 'policy_invalid')
		return 'policy-invalid';
	if (reason === 'dns_error')
		return 'dns-error';
	if (reason === 'no_record')
		return 'not-a-record';
	if (reason === 'not_aligned' && theirs.alignment?.spf?.strict)
		return 'strict';
	if (org !== psl || (at && at !== author && at !== psl) || reason === 'not_aligned')
		return 'tree-walk';
};

const bimi = ({verdict, us}) => {
	const {reason, domain} = verdict.bimi;
	if (/^policy\./.test(reason || ''))
		return 'policy';
	if (domain !== verdict.dmarc.org_domain)
		return 'author-domain';
	if (reason === 'record.several')
		return 'several-records';
	if (us === 'declined')
		return 'declined';
	if (us === 'none')
		return 'not-a-record';
	if (us === 'fail' && /^record\./.test(reason))
		return 'strict-record';
};

const svg = ({verdict, us}) => {
	if (us === 'fail')
		return verdict.bimi.reason === 'svg.xml' ? 'malformed' : 'profile';
};

const finders = {spf, dkim, arc, dmarc, bimi, svg};
export const kindOf = (part, given) => given.them.startsWith('exception') ? 'exception' : finders[part](given);
