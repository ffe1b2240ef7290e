// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi.h"

#include "model/digest.h"
#include "verifier/bimi/discover.h"
#include "verifier/bimi/gate.h"
#include "verifier/bimi/vmc.h"

static const struct dmarc_options PLAIN_DMARC = {.method = DMARC_TREEWALK};

struct job {
	const struct verify *verify;
	const struct message *message;
	const struct bimi_options *options;
	const struct dmarc_options *dmarc;
	struct verdict *verdict;
	struct verdict_bimi *bimi;
};

static void step(const struct job *job, struct str kind, struct str name, struct str value, struct str result,
	struct str note)
{
	trace_add(job->verify, &(struct trace_step){.part = STR("bimi"), .kind = kind, .name = name, .value = value,
		.result = result, .note = note});
}

/* Ends the job; texts are made clean. */
static void conclude(const struct job *job, enum auth_result result, const char *reason, struct str detail)
{
	job->bimi->result = result;
	job->bimi->reason = str_from(reason);
	job->bimi->detail = verify_text(job->verify->arena, detail);
}

/* Fields that only the receiver's own border may write (the draft's section on existing headers). */
static void note_foreign_fields(const struct job *job)
{
	static const char *const NAMES[] = {"BIMI-Location", "BIMI-Indicator", "BIMI-Logo-Preference"};
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		if (message_field(job->message, str_from(NAMES[i]), 0))
			step(job, STR("field"), str_from(NAMES[i]), STR_NONE, STR("ignored"),
				STR("it came with the message and must be removed at the border"));
}

static bool covers(struct str signed_fields, struct str name)
{
	struct str field;
	while (str_split(&signed_fields, ':', &field))
		if (str_eq_nocase(str_trim(field), name))
			return true;
	return false;
}

static bool selector_signed(const struct job *job)
{
	for (size_t i = 0; i < job->verdict->dkim.count; i++) {
		const struct verdict_dkim *signature = &job->verdict->dkim.at[i];
		if (covers(signature->signed_fields, STR("BIMI-Selector")) &&
			bimi_signature_aligned(job->verify, job->dmarc, job->verdict, signature))
			return true;
	}
	return false;
}

/* False: concluded. */
static bool choose_selector(const struct job *job, struct str *selector_r)
{
	size_t count = message_fields_count(job->message, STR("BIMI-Selector"));
	struct str selector, body;
	*selector_r = BIMI_SELECTOR_DEFAULT;
	if (count == 0)
		return true;
	if (count > 1) {
		conclude(job, AUTH_FAIL, "selector.several", STR("there are several BIMI-Selector fields"));
		return false;
	}
	body = message_unfolded(job->verify->arena, message_field(job->message, STR("BIMI-Selector"), 0));
	const char *why = !bimi_selector_parse(body, &selector) ? "not a selector of BIMI1: the default is used" :
		!selector_signed(job) ? "no aligned signature that passes covers it: the default is used" : NULL;
	step(job, STR("selector"), STR("BIMI-Selector"), body, why ? STR("ignored") : STR("used"), str_from(why));
	if (!why)
		*selector_r = selector;
	return true;
}

static void set_hash(const struct job *job, const struct svg *svg)
{
	char hex[SHA256_HEX_BYTES];
	struct sha256 sum = sha256_of(svg->bytes.ptr, svg->bytes.len);
	job->bimi->indicator_hash = arena_str(job->verify->arena, str_from(sha256_hex(&sum, hex)));
}

static void step_vmc(const struct job *job, const struct vmc *vmc)
{
	struct arena *arena = job->verify->arena;
	if (!job->verify->trace)
		return;
	if (!vmc->sha256.ptr) {
		step(job, STR("certificate"), STR_NONE, STR_NONE, str_from(vmc->reason), vmc->detail);
		return;
	}
	const char *scts = vmc->has_scts ? "transparency timestamps are there, not verified" :
		"no transparency timestamps in it";
	struct str whose = str_from(arena_printf(arena, "issued by %.*s, %.*s to %.*s; %.*s%s%.*s",
		STR_FMT(vmc->issuer), STR_FMT(vmc->not_before), STR_FMT(vmc->not_after), STR_FMT(vmc->mark_type),
		vmc->trademark.len > 0 ? " " : "", STR_FMT(vmc->trademark)));
	step(job, STR("certificate"), vmc->organization, vmc->names, str_from(vmc->reason ? vmc->reason : "pass"),
		str_from(arena_printf(arena, "%.*s; digest of the logo: %s; %s%s; revocation is not checked",
			STR_FMT(whose), vmc->hash_algorithm ? vmc->hash_algorithm : "none that matches", scts,
			vmc->experimental ? "; of the pilot (1.3.6.1.4.1.53087.4.1)" : "")));
	if (vmc->svg.reason || vmc->svg.advice.len > 0)
		step(job, STR("indicator"), STR("in the certificate"), STR_NONE,
			str_from(vmc->svg.reason ? vmc->svg.reason : "valid"),
			vmc->svg.reason ? vmc->svg.detail : vmc->svg.advice);
}

/* False: concluded. */
static bool check_evidence(const struct job *job, const struct bimi_discovery *discovery, struct vmc *vmc_r)
{
	struct verdict_bimi *bimi = job->bimi;
	const struct vmc_request request = {
		.evidence = job->options->evidence,
		.roots = job->options->roots,
		.roots_count = job->options->roots_count,
		.now_epoch_secs = job->verify->now_epoch_secs,
		.domain = discovery->domain,
		.org_domain = job->verdict->dmarc.org_domain,
		.selector = discovery->selector,
		.evidence_bytes_max = job->verify->limits.bimi_evidence_bytes,
		.svg_bytes_max = job->verify->limits.bimi_svg_bytes,
	};
	vmc_check(job->verify->arena, &request, vmc_r);
	step_vmc(job, vmc_r);
	bimi->mark_type = vmc_r->mark_type;
	bimi->mark_kind = str_from(vmc_r->kind);
	bimi->mark_owner = vmc_r->organization;
	bimi->trademark = vmc_r->trademark;
	bimi->issuer = vmc_r->issuer;
	bimi->not_before = vmc_r->not_before;
	bimi->not_after = vmc_r->not_after;
	if (vmc_r->svg.valid)
		set_hash(job, &vmc_r->svg);
	if (vmc_r->state == VMC_FAIL) {
		bimi->authority = STR("fail");
		conclude(job, AUTH_FAIL, vmc_r->reason, vmc_r->detail);
		return false;
	}
	bimi->authority = vmc_r->state == VMC_PASS ? STR("pass") : STR("none");
	conclude(job, AUTH_PASS, vmc_r->reason, vmc_r->detail);
	return true;
}

/* The file behind l=. vmc: NULL when no certificate was judged. */
static void check_indicator(const struct job *job, const struct vmc *vmc)
{
	struct svg svg;
	svg_check(job->verify->arena, job->options->indicator, job->verify->limits.bimi_svg_bytes, &svg);
	step(job, STR("indicator"), job->bimi->location, STR_NONE, str_from(svg.valid ? "valid" : svg.reason),
		svg.valid ? svg.advice : svg.detail);
	if (!svg.valid) {
		conclude(job, AUTH_FAIL, svg.reason, svg.detail);
	} else if (vmc && !str_eq(svg.bytes, vmc->svg.bytes)) {
		job->bimi->authority = STR("fail");
		conclude(job, AUTH_FAIL, "indicator.differs", STR("the indicator is not the one in the certificate"));
	} else if (!vmc) {
		set_hash(job, &svg);
	}
}

static void check_files(const struct job *job, const struct bimi_discovery *discovery)
{
	const struct bimi_options *options = job->options;
	bool has_evidence = discovery->record.evidence.len > 0, has_location = discovery->record.location.len > 0;
	struct vmc vmc;
	job->bimi->authority = STR("none");
	conclude(job, AUTH_PASS, NULL, has_evidence ? STR("the evidence document is not at hand and was not checked") :
		STR("the record names no evidence: the indicator is self-asserted"));
	if (options->evidence.ptr && !has_evidence)
		step(job, STR("certificate"), STR_NONE, STR_NONE, STR("ignored"), STR("the record has no a="));
	if (options->evidence.ptr && has_evidence && !check_evidence(job, discovery, &vmc))
		return;
	if (options->indicator.ptr && has_location)
		check_indicator(job, options->evidence.ptr && has_evidence ? &vmc : NULL);
	else if (options->indicator.ptr)
		step(job, STR("indicator"), STR_NONE, STR_NONE, STR("ignored"), STR("the record's l= is empty"));
}

static void check_message(const struct job *job)
{
	struct arena *arena = job->verify->arena;
	struct author author;
	struct bimi_gate gate;
	struct bimi_discovery found;
	struct str selector;
	address_author(arena, job->message, &author);
	bimi_gate(job->verify, &author, job->dmarc, job->verdict, &gate);
	if (gate.result != AUTH_PASS) {
		conclude(job, gate.result, gate.reason, gate.detail);
		return;
	}
	if (!choose_selector(job, &selector))
		return;
	bimi_discover(job->verify, author.domain, job->verdict->dmarc.org_domain, selector,
		author.mailboxes[0].local_part, &found);
	job->bimi->domain = verify_text(arena, found.domain);
	job->bimi->selector = verify_text(arena, found.selector);
	job->bimi->record = verify_text(arena, found.text);
	if (found.result != AUTH_PASS) {
		conclude(job, found.result, found.reason, found.detail);
		return;
	}
	job->bimi->location = verify_text(arena, found.record.location);
	job->bimi->evidence = verify_text(arena, found.record.evidence);
	job->bimi->preference = found.record.preference;
	check_files(job, &found);
}

void bimi_check(const struct verify *verify, const struct message *message, const struct bimi_options *options,
	struct verdict *verdict)
{
	const struct job job = {verify, message, options, options->dmarc ? options->dmarc : &PLAIN_DMARC, verdict,
		&verdict->bimi};
	verdict->bimi = (struct verdict_bimi){0};
	note_foreign_fields(&job);
	check_message(&job);
	step(&job, STR("result"), verdict->bimi.domain, STR_NONE, str_from(auth_result_text(verdict->bimi.result)),
		verdict->bimi.detail);
}
