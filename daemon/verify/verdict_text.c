// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/verdict_text.h"

/* Columns of a step: where its result stands when there is room. */
#define STEP_COLUMN 56

static const char *word(enum auth_result result)
{
	return result == AUTH_UNKNOWN ? "none" : auth_result_text(result);
}

static bool has(struct str text)
{
	return text.len > 0;
}

/* " label value" when there is a value. */
static void add(struct buf *out, const char *label, struct str value)
{
	if (has(value))
		buf_printf(out, "%s%.*s", label, STR_FMT(value));
}

/* An indented line "label: value" when there is a value. */
static void line(struct buf *out, const char *label, struct str value)
{
	if (has(value))
		buf_printf(out, "  %s: %.*s\n", label, STR_FMT(value));
}

/* A value of several lines (a canonicalised header) stands on several lines. */
static void value_lines(struct buf *out, int indent, struct str value)
{
	static const struct str line_end = {"\\x0d\\x0a", 8};
	while (has(value)) {
		size_t len = str_find(value, line_end);
		buf_printf(out, "  %*s    %.*s\n", indent, "", STR_FMT(str_sub(value, 0, len)));
		value = len == SIZE_MAX ? STR_NONE : str_from_offset(value, len + line_end.len);
	}
}

static void step_line(struct buf *out, const struct trace_step *step)
{
	size_t start = out->len;
	int indent = step->depth > 20 ? 40 : (int)step->depth * 2;
	buf_printf(out, "  %*s", indent, "");
	if (has(step->kind) && !str_eq(step->kind, STR("dns")) && !str_eq(step->kind, STR("term")) &&
		!str_eq(step->kind, step->name))
		buf_printf(out, "%.*s%s", STR_FMT(step->kind), has(step->name) ? " " : "");
	buf_add_str(out, step->name);
	if (has(step->result)) {
		size_t width = out->len - start;
		buf_printf(out, "%*s  %.*s", (int)(width < STEP_COLUMN ? STEP_COLUMN - width : 0), "",
			STR_FMT(step->result));
	}
	if (has(step->note))
		buf_printf(out, "  (%.*s)", STR_FMT(step->note));
	buf_add_char(out, '\n');
	if (!str_ends(step->name, step->value)) /* "include:d" has shown d */
		value_lines(out, indent, step->value);
}

/* Shown above all steps. */
static bool is_identity(const struct trace_step *step)
{
	return str_eq(step->part, verdict_part_word(PART_MESSAGE)) && str_eq(step->kind, STR("identity"));
}

void verdict_text_steps(struct buf *out, const struct verdict *verdict, struct str part)
{
	for (size_t i = 0; i < verdict->trace.count; i++)
		if (str_eq(verdict->trace.at[i].part, part) && !is_identity(&verdict->trace.at[i]))
			step_line(out, &verdict->trace.at[i]);
}

static void identities(struct buf *out, const struct verdict *verdict)
{
	static const char *const kinds[] = {"header_from", "mail_from", "helo", "ip"};
	static const char *const labels[] = {"From", "MAIL FROM", "HELO", "IP"};
	buf_add_str(out, STR("Identities\n"));
	for (size_t kind = 0; kind < 4; kind++)
		for (size_t i = 0; i < verdict->identities.count; i++) {
			const struct verdict_identity *identity = &verdict->identities.at[i];
			if (!str_eq(identity->kind, str_from(kinds[kind])))
				continue;
			buf_printf(out, "  %-10s %.*s", labels[kind], STR_FMT(has(identity->value) ?
				identity->value : str_eq(identity->kind, STR("mail_from")) ? STR("<>") : STR("-")));
			add(out, "  (", identity->source);
			buf_add_str(out, has(identity->source) ? STR(")\n") : STR("\n"));
		}
	verdict_text_steps(out, verdict, verdict_part_word(PART_MESSAGE));
}

void verdict_text_spf(struct buf *out, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->spf.count; i++) {
		const struct verdict_spf *spf = &verdict->spf.at[i];
		buf_printf(out, "SPF %.*s: %s", STR_FMT(spf->identity), word(spf->result));
		add(out, "  ", spf->domain);
		add(out, " by ", spf->term);
		if (spf->lookups > 0)
			buf_printf(out, ", %llu of 10 look-ups", (unsigned long long)spf->lookups);
		if (spf->void_lookups > 0)
			buf_printf(out, ", %llu void", (unsigned long long)spf->void_lookups);
		buf_add_char(out, '\n');
		line(out, "explanation", spf->explanation);
		line(out, "problem", spf->problem);
	}
	verdict_text_steps(out, verdict, verdict_part_word(PART_SPF));
}

static const char *matches(enum maybe value)
{
	return value == MAYBE_YES ? "matches" : value == MAYBE_NO ? "differs" : "not checked";
}

/* Of the author's own domain, or one above or below it, or of somebody else. */
static const char *signer(struct str domain, const struct verdict *verdict, bool author_domain)
{
	struct str author = verdict->dmarc.author_domain;
	if (author_domain)
		return ", author's domain";
	if (!has(domain) || !has(author))
		return "";
	bool below = domain.len > author.len && str_ends(domain, author) &&
		domain.ptr[domain.len - author.len - 1] == '.';
	return below ? ", below the author's domain" : ", third party";
}

static void dkim(struct buf *out, const struct verdict *verdict)
{
	if (verdict->dkim.count == 0)
		buf_add_str(out, STR("DKIM: none  (no signature)\n"));
	for (size_t i = 0; i < verdict->dkim.count; i++) {
		const struct verdict_dkim *one = &verdict->dkim.at[i];
		buf_printf(out, "DKIM %zu: %s", i + 1, word(one->result));
		add(out, "  d=", one->domain);
		add(out, " s=", one->selector);
		add(out, " ", one->algorithm);
		add(out, " ", one->canonicalization);
		if (one->key_bits > 0)
			buf_printf(out, ", key of %llu bits%s", (unsigned long long)one->key_bits,
				one->key_testing ? " in testing (t=y)" : "");
		buf_printf(out, "%s\n", signer(one->domain, verdict, one->author_domain));
		line(out, "reason", has(one->detail) ? one->detail : one->reason);
		line(out, "usual cause", one->cause);
		buf_printf(out, "  body hash %s, signature %s\n", matches(one->body_hash_matches),
			matches(one->signature_matches));
		if (one->partial_body)
			buf_printf(out, "  l= signs only %llu of %llu bytes of the body\n",
				(unsigned long long)one->body_signed, (unsigned long long)one->body_bytes);
		line(out, "signed", one->signed_fields);
		line(out, "on behalf of (i=)", one->auid);
		line(out, "made at (t=)", one->created);
		line(out, "expires at (x=)", one->expires);
	}
	verdict_text_steps(out, verdict, verdict_part_word(PART_DKIM));
}

static void arc(struct buf *out, const struct verdict *verdict)
{
	const struct verdict_arc *chain = &verdict->arc;
	buf_printf(out, "ARC: %s", word(chain->result));
	if (chain->sets > 0)
		buf_printf(out, "  %llu set%s", (unsigned long long)chain->sets, chain->sets == 1 ? "" : "s");
	if (chain->failed_at > 0)
		buf_printf(out, ", broken at i=%llu", (unsigned long long)chain->failed_at);
	if (chain->oldest_pass > 0)
		buf_printf(out, ", message signatures pass from i=%llu on", (unsigned long long)chain->oldest_pass);
	buf_add_str(out, chain->sets > 0 ? STR("  (RFC 8617 is experimental)\n") : STR("\n"));
	line(out, "reason", has(chain->detail) ? chain->detail : chain->reason);
	if (chain->would_override)
		line(out, "local policy: a trusted sealer, which would override DMARC", chain->trusted_sealer);
	for (size_t i = 0; i < verdict->arc_sets.count; i++) {
		const struct verdict_arc_set *set = &verdict->arc_sets.at[i];
		buf_printf(out, "  i=%llu", (unsigned long long)set->instance);
		add(out, " sealed by ", set->domain);
		add(out, " cv=", set->cv);
		buf_printf(out, ": seal %s, message signature %s\n", matches(set->seal),
			matches(set->message_signature));
		line(out, "    reason", set->detail);
		line(out, "    said", set->authentication_results);
	}
	verdict_text_steps(out, verdict, verdict_part_word(PART_ARC));
}

static void dmarc(struct buf *out, const struct verdict *verdict)
{
	const struct verdict_dmarc *one = &verdict->dmarc;
	buf_printf(out, "DMARC: %s", word(one->result));
	add(out, "  ", one->author_domain);
	if (has(one->policy))
		buf_printf(out, ", policy %.*s (%.*s of %.*s)", STR_FMT(one->policy), STR_FMT(one->policy_tag),
			STR_FMT(one->policy_domain));
	buf_add_str(out, one->testing ? STR(", in test mode\n") : STR("\n"));
	line(out, "reason", has(one->detail) ? one->detail : one->reason);
	buf_printf(out, "  SPF %saligned, DKIM %saligned\n", one->spf_aligned ? "" : "not ",
		one->dkim_aligned ? "" : "not ");
	line(out, str_eq(one->method, STR("psl")) ? "organisational domain by the public suffix list (RFC 7489)" :
		"organisational domain by tree walk (RFC 9989)", one->org_domain);
	if (has(one->org_domain_psl) && !str_eq(one->org_domain_psl, one->org_domain))
		line(out, "by the public suffix list (RFC 7489) it would be", one->org_domain_psl);
	if (has(one->org_domain_walk) && !str_eq(one->org_domain_walk, one->org_domain))
		line(out, "by tree walk (RFC 9989) it would be", one->org_domain_walk);
	if (one->result == AUTH_FAIL)
		line(out, "what receivers are asked to do", one->disposition);
	verdict_text_steps(out, verdict, verdict_part_word(PART_DMARC));
}

static void bimi(struct buf *out, const struct verdict *verdict)
{
	const struct verdict_bimi *one = &verdict->bimi;
	buf_printf(out, "BIMI: %s", word(one->result));
	add(out, "  ", one->domain);
	add(out, " selector ", one->selector);
	buf_add_char(out, '\n');
	line(out, "reason", has(one->detail) ? one->detail : one->reason);
	line(out, "indicator", one->location);
	line(out, "evidence", one->evidence);
	line(out, "logo preference", one->preference);
	line(out, "authority", one->authority);
	line(out, "certificate", one->mark_kind);
	line(out, "SHA-256 of the indicator", one->indicator_hash);
	verdict_text_steps(out, verdict, verdict_part_word(PART_BIMI));
}

static void claims(struct buf *out, const struct verdict *verdict)
{
	if (verdict->claims.count == 0)
		return;
	buf_add_str(out, STR("What others said\n"));
	for (size_t i = 0; i < verdict->claims.count; i++) {
		const struct verdict_claim *claim = &verdict->claims.at[i];
		buf_printf(out, "  %.*s", STR_FMT(claim->field));
		add(out, " by ", claim->authserv_id);
		buf_printf(out, ": %.*s=%.*s", STR_FMT(claim->method), STR_FMT(claim->result));
		add(out, " ", claim->properties);
		if (has(claim->reason))
			buf_printf(out, ", \"%.*s\"", STR_FMT(claim->reason));
		buf_add_str(out, claim->agrees == MAYBE_YES ? STR("  (as we find") :
			claim->agrees == MAYBE_NO ? STR("  (we find otherwise") : STR("  (not compared"));
		buf_add_str(out, claim->trusted ? STR(")\n") : STR("; authserv-id not known)\n"));
	}
}

void verdict_text_advice(struct buf *out, const struct verdict *verdict)
{
	if (verdict->advice.count == 0)
		return;
	buf_add_str(out, STR("Advice\n"));
	for (size_t i = 0; i < verdict->advice.count; i++) {
		const struct verdict_advice *advice = &verdict->advice.at[i];
		buf_printf(out, "  %.*s", STR_FMT(advice->severity));
		add(out, " ", advice->code);
		buf_printf(out, ": %.*s\n", STR_FMT(advice->text));
		if (has(advice->record))
			buf_printf(out, "    %.*s %.*s %.*s\n", STR_FMT(advice->name), STR_FMT(advice->type),
				STR_FMT(advice->record));
		else if (str_find(advice->text, advice->name) == SIZE_MAX)
			buf_printf(out, "    at %.*s\n", STR_FMT(advice->name));
	}
}

void verdict_text(struct buf *out, const struct verdict *verdict)
{
	void (*const parts[])(struct buf *, const struct verdict *) = {
		identities, verdict_text_spf, dkim, arc, dmarc, bimi, claims, verdict_text_provenance,
		verdict_text_recheck, verdict_text_alignments, verdict_text_advice,
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t before = out->len;
		if (i > 0)
			buf_add_char(out, '\n');
		size_t begun = out->len;
		parts[i](out, verdict);
		if (out->len == begun)
			out->len = before;
	}
}
