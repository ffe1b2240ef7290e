// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim.h"

#include "verifier/dkim/base64.h"
#include "verifier/dkim/cause.h"
#include "verifier/dkim/judge.h"
#include "verifier/domain.h"

#define TEXT_BYTES_MAX 2048
#define FIELDS_BYTES_MAX 16384 /* of an h= that is looked into for people */
#define COPY_BYTES_MAX ((size_t)8 * 1024)

struct dkim {
	struct judge judge;
	struct str author_domain;
	unsigned tried;
};

static struct str text(const struct verify *verify, struct str bytes)
{
	return verify_text(verify->arena, str_sub(bytes, 0, TEXT_BYTES_MAX));
}

static struct str sum_text(const struct verify *verify, const struct sha256 *sum)
{
	return base64_encode(verify->arena, (struct str){(const char *)sum->bytes, SHA256_BYTES});
}

static struct str tag_text(const struct verify *verify, const struct signature *signature, const char *name)
{
	return text(verify, signature_tag(signature, name));
}

/* The same without the folding and blanks that a list of names or base64 may have (RFC 6376 section 3.2). */
static struct str tag_joined(const struct verify *verify, const struct signature *signature, const char *name)
{
	struct str value = str_sub(signature_tag(signature, name), 0, TEXT_BYTES_MAX);
	char *joined = arena_alloc(verify->arena, value.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < value.len; i++)
		if (!ascii_is_space(value.ptr[i]))
			joined[len++] = value.ptr[i];
	return value.ptr ? text(verify, (struct str){joined, len}) : STR_NONE;
}

/* What the field says, whether or not all of it could be read. */
static void describe(const struct dkim *dkim, const struct signature *signature, struct verdict_dkim *verdict)
{
	const struct verify *verify = dkim->judge.verify;
	verdict->domain = signature->domain.ptr ? signature->domain : tag_text(verify, signature, "d");
	verdict->selector = signature->selector.ptr ? signature->selector : tag_text(verify, signature, "s");
	verdict->auid = text(verify, signature->auid);
	verdict->algorithm = tag_text(verify, signature, "a");
	verdict->canonicalization = tag_text(verify, signature, "c");
	if (!verdict->canonicalization.ptr)
		verdict->canonicalization = STR("simple/simple");
	verdict->signature = tag_joined(verify, signature, "b");
	verdict->signed_fields = tag_joined(verify, signature, "h");
	verdict->created = tag_text(verify, signature, "t");
	verdict->expires = tag_text(verify, signature, "x");
	verdict->author_domain = signature->domain.ptr && dkim->author_domain.ptr
		&& domain_is_or_below(dkim->author_domain, signature->domain);
}

static void trace_step(const struct dkim *dkim, const char *kind, const char *name, struct str value,
	const char *result, struct str note)
{
	trace_add(dkim->judge.verify, &(struct trace_step){
		.part = verdict_part_word(PART_DKIM),
		.depth = 1,
		.kind = str_from(kind),
		.name = str_from(name),
		.value = value,
		.result = str_from(result),
		.note = note,
	});
}

static void trace_signature(const struct dkim *dkim, const struct verdict_dkim *verdict)
{
	struct arena *arena = dkim->judge.verify->arena;
	trace_add(dkim->judge.verify, &(struct trace_step){
		.part = verdict_part_word(PART_DKIM),
		.kind = STR("signature"),
		.name = str_from(arena_printf(arena, "d=%.*s s=%.*s", STR_FMT(verdict->domain),
			STR_FMT(verdict->selector))),
		.value = str_from(arena_printf(arena, "a=%.*s c=%.*s h=%.*s", STR_FMT(verdict->algorithm),
			STR_FMT(verdict->canonicalization), STR_FMT(verdict->signed_fields))),
		.result = verdict->result != AUTH_UNKNOWN ? str_from(auth_result_text(verdict->result)) : STR_NONE,
		.note = verdict->detail,
	});
}

static void judge_the_body(struct dkim *dkim, const struct signature *signature, struct verdict_dkim *verdict)
{
	const struct verify *verify = dkim->judge.verify;
	const struct judged_body *body = judge_body(&dkim->judge, signature);
	bool matches = judge_body_matches(body, signature);
	verdict->body_hash_matches = matches ? MAYBE_YES :
		dkim->judge.message->headers_only ? MAYBE_UNKNOWN : MAYBE_NO;
	verdict->body_hash = sum_text(verify, &body->sum);
	verdict->body_bytes = body->octets;
	verdict->body_signed = signature->has_length && signature->length < body->octets ? signature->length
											 : body->octets;
	verdict->partial_body = verdict->body_signed < verdict->body_bytes;
	if (!verify->trace)
		return;
	struct str note = str_from(arena_printf(verify->arena, "bh=%.*s; %llu of %llu octets, %s",
		STR_FMT(tag_text(verify, signature, "bh")), (unsigned long long)verdict->body_signed,
		(unsigned long long)verdict->body_bytes, signature->body_relaxed ? "relaxed" : "simple"));
	trace_step(dkim, "hash", "body", verdict->body_hash, matches ? "matches" :
		verdict->body_hash_matches == MAYBE_NO ? "differs" : "unknown", note);
}

static size_t named(const struct signature *signature, struct str name)
{
	struct str rest = signature->fields, item;
	size_t count = 0;
	while (tag_item(&rest, &item))
		count += str_eq_nocase(item, name);
	return count;
}

/* What an attacker could add or change unnoticed (RFC 6376 sections 5.4 and 8.15). */
static void trace_fields(const struct dkim *dkim, const struct signature *signature)
{
	static const char *const names[] = {"From", "Subject", "To", "Cc", "Date", "Reply-To", "Content-Type"};
	struct arena *arena = dkim->judge.verify->arena;
	const char *open = "", *unsigned_ones = "";
	if (signature->fields.len > FIELDS_BYTES_MAX)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct str name = str_from(names[i]);
		size_t there = message_fields_count(dkim->judge.message, name), times = named(signature, name);
		if (times > 0 && times <= there)
			open = arena_printf(arena, "%s %s", open, names[i]);
		else if (times == 0 && there > 0)
			unsigned_ones = arena_printf(arena, "%s %s", unsigned_ones, names[i]);
	}
	trace_step(dkim, "fields", "h=", STR_NONE, *open || *unsigned_ones ? "open" : "closed",
		str_from(arena_printf(arena, "%s%s%s%s%s", *open ? "one more could be added of" : "", open,
			*open && *unsigned_ones ? "; " : "", *unsigned_ones ? "not signed:" : "", unsigned_ones)));
}

static struct sha256 judge_the_header(struct dkim *dkim, const struct signature *signature,
	struct verdict_dkim *verdict)
{
	const struct verify *verify = dkim->judge.verify;
	struct buf copy;
	buf_init(&copy, COPY_BYTES_MAX);
	struct sha256 digest = judge_header(&dkim->judge, signature, verify->trace ? &copy : NULL);
	verdict->header_hash = sum_text(verify, &digest);
	if (verify->trace) {
		trace_fields(dkim, signature);
		trace_step(dkim, "canon", "header", buf_str(&copy), signature->header_relaxed ? "relaxed" : "simple",
			copy.overflow ? STR("its beginning") : STR_NONE);
		trace_step(dkim, "hash", "header", verdict->header_hash, NULL, STR_NONE);
	}
	buf_fini(&copy);
	return digest;
}

static void conclude(struct verdict_dkim *verdict, enum auth_result result, const char *reason, struct str detail)
{
	verdict->result = result;
	verdict->reason = str_from(reason);
	verdict->detail = detail;
}

static void fault_of(const struct dkim *dkim, const struct fault *fault, struct verdict_dkim *verdict)
{
	conclude(verdict, fault->result, fault->reason, text(dkim->judge.verify, fault->detail));
}

/* Both were tried; what failed for good goes before what may be otherwise later. */
static void judge_result(const struct dkim *dkim, const struct signature *signature, const struct judged_key *key,
	struct verdict_dkim *verdict)
{
	const struct message *message = dkim->judge.message;
	bool body = verdict->body_hash_matches != MAYBE_NO;
	if (key->fault.reason && (body || key->fault.result != AUTH_TEMPERROR))
		fault_of(dkim, &key->fault, verdict);
	else if (message->redacted && (!body || !key->good))
		conclude(verdict, AUTH_NEUTRAL, "redacted", STR("a redacted sample fits no hash any more"));
	else if (!message->headers_only && signature->has_length && signature->length > verdict->body_bytes)
		conclude(verdict, AUTH_FAIL, "body_length", STR("the body is shorter than l= says"));
	else if (!body && key->tried && !key->good)
		conclude(verdict, AUTH_FAIL, "body_hash", STR("neither the body hash nor the signature is right"));
	else if (!body)
		conclude(verdict, AUTH_FAIL, "body_hash", STR("the body is not the one that was signed"));
	else if (!key->good)
		conclude(verdict, AUTH_FAIL, "signature", STR("the signature does not fit header and key"));
	else if (signature->has_expires && signature->expires < UINT64_MAX
		&& (int64_t)signature->expires < dkim->judge.verify->now_epoch_secs)
		conclude(verdict, AUTH_POLICY, "expired", STR("the signature has expired (x=)"));
	else if (verdict->body_hash_matches == MAYBE_UNKNOWN)
		conclude(verdict, AUTH_NEUTRAL, "no_body", STR("the signature fits the header; there is no body"));
	else
		conclude(verdict, AUTH_PASS, NULL, STR_NONE);
}

static void find_cause(struct dkim *dkim, const struct signature *signature, const struct judged_key *key,
	struct verdict_dkim *verdict)
{
	if (!dkim->judge.verify->trace || verdict->result == AUTH_PASS)
		return;
	verdict->cause = cause_find(&dkim->judge, signature, key, verdict);
	if (verdict->cause.ptr)
		trace_step(dkim, "cause", "cause", verdict->cause, NULL, STR_NONE);
}

static void judge_crypto(struct dkim *dkim, const struct signature *signature, struct verdict_dkim *verdict)
{
	const struct verify *verify = dkim->judge.verify;
	struct judged_key key;
	judge_the_body(dkim, signature, verdict);
	struct sha256 digest = judge_the_header(dkim, signature, verdict);
	judge_key(&dkim->judge, signature, &digest, &key);
	if (key.known) {
		verdict->key_record = text(verify, key.text);
		verdict->key_bits = key.known->record.bits;
		verdict->key_testing = key.known->record.testing;
	}
	if (key.tried) {
		verdict->signature_matches = key.good ? MAYBE_YES : MAYBE_NO;
		verdict->key_fits = key.good || key.readable ? MAYBE_YES :
			key.known->record.type == KEY_RSA ? MAYBE_NO : MAYBE_UNKNOWN;
	}
	judge_result(dkim, signature, &key, verdict);
	find_cause(dkim, signature, &key, verdict);
}

static void judge_one(struct dkim *dkim, const struct message_field *field, struct verdict_dkim *verdict)
{
	const struct verify *verify = dkim->judge.verify;
	struct signature signature;
	signature_parse(verify->arena, SIGNATURE_DKIM, field, &signature);
	describe(dkim, &signature, verdict);
	bool too_many = dkim->tried >= verify->limits.dkim_signatures;
	if (signature.fault.reason)
		fault_of(dkim, &signature.fault, verdict);
	else if (signature.algorithm == ALGORITHM_RSA_SHA1)
		conclude(verdict, AUTH_POLICY, "sha1", STR("rsa-sha1 must not be verified (RFC 8301 section 3.1)"));
	else if (too_many)
		conclude(verdict, AUTH_POLICY, "too_many", STR("the message has more signatures than are tried"));
	if (verify->trace)
		trace_signature(dkim, verdict);
	if (verdict->reason.ptr) {
		find_cause(dkim, &signature, NULL, verdict);
		return;
	}
	dkim->tried++;
	judge_crypto(dkim, &signature, verdict);
	if (verify->trace)
		trace_step(dkim, "result", "signature", verdict->reason, auth_result_text(verdict->result),
			verdict->detail);
}

void dkim_check(const struct verify *verify, const struct message *message, struct dkim_keys *keys,
	struct str author_domain, struct verdict *verdict)
{
	static const struct str name = {"DKIM-Signature", 14};
	struct dkim_keys *own = keys ? NULL : dkim_keys_open();
	struct dkim dkim = {.author_domain = author_domain};
	size_t count = message_fields_count(message, name);
	verdict->dkim.at = ARENA_ARRAY(verify->arena, count + 1, struct verdict_dkim);
	verdict->dkim.count = 0;
	if (count > 0) {
		keys_begin(keys ? keys : own);
		judge_open(&dkim.judge, verify, message, keys ? keys : own, PART_DKIM);
	}
	for (size_t i = 0; i < message->fields_count && count > 0; i++)
		if (str_eq_nocase(message->fields[i].name, name))
			judge_one(&dkim, &message->fields[i], &verdict->dkim.at[verdict->dkim.count++]);
	dkim_keys_close(&own);
}
