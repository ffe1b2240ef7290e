// SPDX-License-Identifier: Apache-2.0
#include "verifier/arc.h"

#include "verifier/arc/sets.h"
#include "verifier/authres.h"
#include "verifier/dkim/judge.h"
#include "verifier/domain.h"

#define TEXT_BYTES_MAX 2048

struct arc {
	struct judge judge;
	struct arc_sets sets;
	struct digest *prefix; /* sets 1…k-1 as they are sealed (section 5.1.1), so that no set is hashed twice */
	struct verdict *verdict;
};

static struct str text(const struct verify *verify, struct str bytes)
{
	return verify_text(verify->arena, str_sub(bytes, 0, TEXT_BYTES_MAX));
}

static void conclude(struct arc *arc, enum auth_result result, const char *reason, struct str detail,
	uint64_t failed_at)
{
	struct verdict_arc *verdict = &arc->verdict->arc;
	if (verdict->result != AUTH_UNKNOWN)
		return;
	verdict->result = result;
	verdict->reason = str_from(reason);
	verdict->detail = text(arc->judge.verify, detail);
	verdict->failed_at = failed_at;
}

static void describe(const struct verify *verify, const struct arc_sets *sets, struct verdict *verdict)
{
	verdict->arc_sets.at = ARENA_ARRAY(verify->arena, sets->count + 1, struct verdict_arc_set);
	verdict->arc_sets.count = sets->count;
	for (size_t i = 0; i < sets->count; i++) {
		const struct arc_set *set = &sets->sets[i];
		verdict->arc_sets.at[i] = (struct verdict_arc_set){
			.instance = i + 1,
			.domain = text(verify, signature_tag(&set->seal, "d")),
			.selector = text(verify, signature_tag(&set->seal, "s")),
			.message_domain = text(verify, signature_tag(&set->message, "d")),
			.message_selector = text(verify, signature_tag(&set->message, "s")),
			.cv = text(verify, signature_tag(&set->seal, "cv")),
			.authentication_results = set->results ? text(verify,
				message_unfolded(verify->arena, set->results)) : STR_NONE,
		};
	}
}

static void trace(const struct arc *arc, const char *kind, const char *name, uint64_t instance,
	struct str value, const char *result, struct str note)
{
	const struct verify *verify = arc->judge.verify;
	if (!verify->trace)
		return;
	trace_add(verify, &(struct trace_step){
		.part = verdict_part_word(PART_ARC),
		.depth = instance > 0,
		.kind = str_from(kind),
		.name = instance > 0 ? str_from(arena_printf(verify->arena, "%s %u", name, (unsigned)instance))
				     : str_from(name),
		.value = value,
		.result = str_from(result),
		.note = note,
	});
}

/* Why this signature is no good; reason NULL: it is. */
static struct fault judge_signature(struct arc *arc, const struct signature *signature, const struct sha256 *digest)
{
	struct judged_key key;
	struct fault fault = {.result = AUTH_FAIL};
	judge_key(&arc->judge, signature, digest, &key);
	if (key.fault.reason)
		fault = key.fault;
	else if (!key.good)
		fault = (struct fault){AUTH_FAIL, "signature", STR("the signature does not fit fields and key")};
	return fault;
}

static struct fault judge_syntax(const struct signature *signature)
{
	if (!signature->fault.reason && signature->algorithm == ALGORITHM_RSA_SHA1)
		return (struct fault){AUTH_FAIL, "sha1", STR("rsa-sha1 must not be verified (RFC 8301 section 3.1)")};
	return signature->fault;
}

/* ARC-Message-Signature, like DKIM-Signature (section 4.1.2). */
static struct fault judge_message(struct arc *arc, const struct signature *signature)
{
	struct fault fault = judge_syntax(signature);
	if (fault.reason)
		return fault;
	const struct judged_body *body = judge_body(&arc->judge, signature);
	if (!judge_body_matches(body, signature) && arc->judge.message->headers_only)
		return (struct fault){AUTH_NONE, "no_body", STR("the body is not at hand")};
	if (!judge_body_matches(body, signature))
		return (struct fault){AUTH_FAIL, "body_hash", STR("the body is not the one that was signed")};
	struct sha256 digest = judge_header(&arc->judge, signature, NULL);
	fault = judge_signature(arc, signature, &digest);
	if (!fault.reason && signature->has_expires && signature->expires < UINT64_MAX
		&& (int64_t)signature->expires < arc->judge.verify->now_epoch_secs)
		return (struct fault){AUTH_FAIL, "expired", STR("the signature has expired (x=)")};
	return fault;
}

static void add_field(struct canon *canon, const struct message_field *field)
{
	canon_field_relaxed(canon, field->name, field->body);
	canon_line_end(canon);
}

/* ARC-Seal over the sets up to its own (section 5.1.1). Called for 1, 2, … in this order. */
static struct fault judge_seal(struct arc *arc, const struct arc_set *set)
{
	struct fault fault = judge_syntax(&set->seal);
	struct canon canon;
	struct digest *digest = keys_digest(arc->judge.keys);
	canon_begin(&canon, arc->prefix, NULL, UINT64_MAX);
	add_field(&canon, set->results);
	add_field(&canon, set->message.field);
	canon_end(&canon);
	if (!fault.reason) {
		digest_copy(digest, arc->prefix);
		canon_begin(&canon, digest, NULL, UINT64_MAX);
		judge_add_unsigned(&canon, &set->seal);
		canon_end(&canon);
		struct sha256 sum = digest_take(digest);
		fault = judge_signature(arc, &set->seal, &sum);
	}
	canon_begin(&canon, arc->prefix, NULL, UINT64_MAX);
	add_field(&canon, set->seal.field);
	canon_end(&canon);
	return fault;
}

static void note_set(struct arc *arc, size_t i, const char *field, const struct fault *fault, enum maybe *judged_r)
{
	struct verdict_arc_set *set = &arc->verdict->arc_sets.at[i];
	struct str domain = str_eq(str_from(field), STR("ARC-Seal")) ? set->domain : set->message_domain;
	*judged_r = !fault->reason ? MAYBE_YES : fault->result == AUTH_NONE ? MAYBE_UNKNOWN : MAYBE_NO;
	if (fault->reason && !set->detail.ptr)
		set->detail = str_from(arena_printf(arc->judge.verify->arena, "%s: %.*s", field,
			STR_FMT(text(arc->judge.verify, fault->detail))));
	trace(arc, "signature", field, i + 1, domain, fault->reason ? fault->reason : "pass", fault->detail);
}

/* Step 4, and step 5 for oldest-pass: "the lowest instance value of the AMS that passes, all newer ones passing".
 * Only the newest decides. */
static void judge_messages(struct arc *arc)
{
	size_t count = arc->sets.count;
	bool unbroken = true;
	for (size_t i = count; i-- > 0;) {
		struct fault fault = judge_message(arc, &arc->sets.sets[i].message);
		note_set(arc, i, "ARC-Message-Signature", &fault, &arc->verdict->arc_sets.at[i].message_signature);
		if (fault.reason && i + 1 == count)
			conclude(arc, fault.result == AUTH_NONE ? AUTH_NONE : AUTH_FAIL, fault.reason,
				arc->verdict->arc_sets.at[i].detail, count);
		if (fault.reason && unbroken && i + 1 < count)
			arc->verdict->arc.oldest_pass = i + 2;
		unbroken = unbroken && !fault.reason;
	}
}

/* Step 6. The newest broken seal is the one that counts. */
static void judge_seals(struct arc *arc)
{
	const char *reason = NULL;
	size_t at = 0;
	arc->prefix = digest_open();
	for (size_t i = 0; i < arc->sets.count; i++) {
		struct fault fault = judge_seal(arc, &arc->sets.sets[i]);
		note_set(arc, i, "ARC-Seal", &fault, &arc->verdict->arc_sets.at[i].seal);
		if (fault.reason) {
			reason = fault.reason;
			at = i + 1;
		}
	}
	digest_close(&arc->prefix);
	if (reason)
		conclude(arc, AUTH_FAIL, reason, arc->verdict->arc_sets.at[at - 1].detail, at);
}

static bool is_trusted(const struct arc *arc, struct str domain, const struct str *trusted, size_t trusted_count)
{
	struct str name;
	for (size_t i = 0; i < trusted_count; i++)
		if (domain_to_ascii(arc->judge.verify->arena, trusted[i], &name) && str_eq(domain, name))
			return true;
	return false;
}

/* The first sealer met the message as its author sent it: did it see it pass? Without a word on DMARC, either
 * mechanism will do. */
static bool passed_at_first(const struct arc *arc)
{
	struct authres authres;
	bool mechanism = false;
	if (!authres_parse(arc->judge.verify->arena, arc->sets.sets[0].results->body, &authres))
		return false;
	for (size_t i = 0; i < authres.results_count; i++) {
		const struct authres_result *result = &authres.results[i];
		bool pass = str_eq(result->result, STR("pass"));
		if (str_eq(result->method, STR("dmarc")))
			return pass;
		if (str_eq(result->method, STR("spf")) || str_eq(result->method, STR("dkim")))
			mechanism = mechanism || pass;
	}
	return mechanism;
}

/* A chain is worth what its sealers are: each of them could have written what it liked. */
static void judge_trust(struct arc *arc, const struct str *trusted, size_t trusted_count)
{
	struct verdict_arc *verdict = &arc->verdict->arc;
	bool all = true;
	for (size_t i = 0; i < arc->sets.count; i++)
		all = all && is_trusted(arc, arc->sets.sets[i].seal.domain, trusted, trusted_count);
	struct str last = arc->sets.sets[arc->sets.count - 1].seal.domain;
	if (is_trusted(arc, last, trusted, trusted_count))
		verdict->trusted_sealer = arena_str(arc->judge.verify->arena, last);
	verdict->would_override = all && passed_at_first(arc);
	if (trusted_count > 0)
		trace(arc, "trust", "sealers", 0, verdict->trusted_sealer, all ? "all trusted" : "not all trusted",
			STR("local policy; the result of DMARC stays what it is"));
}

static void judge_chain(struct arc *arc, const struct str *trusted, size_t trusted_count)
{
	judge_messages(arc);
	judge_seals(arc);
	conclude(arc, AUTH_PASS, NULL, STR_NONE, 0);
	if (arc->verdict->arc.result == AUTH_PASS)
		judge_trust(arc, trusted, trusted_count);
}

void arc_check(const struct verify *verify, const struct message *message, struct dkim_keys *keys,
	const struct str *trusted, size_t trusted_count, struct verdict *verdict)
{
	struct dkim_keys *own = NULL;
	struct arc arc = {.verdict = verdict};
	verdict->arc = (struct verdict_arc){.result = AUTH_UNKNOWN};
	arc.judge.verify = verify;
	arc_sets_collect(verify, message, &arc.sets);
	describe(verify, &arc.sets, verdict);
	verdict->arc.sets = arc.sets.highest;
	if (!arc.sets.any) {
		conclude(&arc, AUTH_NONE, NULL, STR_NONE, 0);
	} else if (arc.sets.fault.reason) {
		conclude(&arc, AUTH_FAIL, arc.sets.fault.reason, arc.sets.fault.detail, arc.sets.failed_at);
	} else {
		if (!keys)
			keys = own = dkim_keys_open();
		keys_begin(keys);
		judge_open(&arc.judge, verify, message, keys, PART_ARC);
		judge_chain(&arc, trusted, trusted_count);
		dkim_keys_close(&own);
	}
	trace(&arc, "chain", "chain", 0, str_from(arena_printf(verify->arena, "%u sets", (unsigned)arc.sets.highest)),
		auth_result_text(verdict->arc.result), verdict->arc.detail.ptr ? verdict->arc.detail
		: STR("experimental (RFC 8617), on its way to Historic"));
}
