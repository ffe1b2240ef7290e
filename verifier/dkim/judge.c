// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/judge.h"

#include <string.h>

#define KEYS_TRIED_MAX 4 /* with arithmetic, of one signature */

void judge_open(struct judge *judge, const struct verify *verify, const struct message *message,
	struct dkim_keys *keys, enum verdict_part part)
{
	*judge = (struct judge){
		.verify = verify,
		.message = message,
		.keys = keys,
		.part = part,
		.index = field_index_open(verify->arena, message),
	};
}

const struct judged_body *judge_body(struct judge *judge, const struct signature *signature)
{
	uint64_t limit = signature->has_length ? signature->length : UINT64_MAX;
	size_t known = judge->bodies_count < JUDGE_BODIES ? judge->bodies_count : JUDGE_BODIES;
	for (size_t i = 0; i < known; i++)
		if (judge->bodies[i].relaxed == signature->body_relaxed && judge->bodies[i].limit == limit)
			return &judge->bodies[i];
	struct judged_body *body = &judge->bodies[judge->bodies_count++ % JUDGE_BODIES];
	struct canon canon;
	canon_begin(&canon, keys_digest(judge->keys), NULL, limit);
	if (signature->body_relaxed)
		canon_body_relaxed(&canon, judge->message->body);
	else
		canon_body_simple(&canon, judge->message->body);
	canon_end(&canon);
	*body = (struct judged_body){
		.sum = digest_take(canon.digest),
		.relaxed = signature->body_relaxed,
		.limit = limit,
		.octets = canon.octets,
	};
	return body;
}

/* "This value MUST NOT be larger than the actual number of octets in the canonicalized message body" */
bool judge_body_matches(const struct judged_body *body, const struct signature *signature)
{
	return (!signature->has_length || signature->length <= body->octets)
		&& str_eq(signature->body_hash, (struct str){(const char *)body->sum.bytes, SHA256_BYTES});
}

void judge_add_unsigned(struct canon *canon, const struct signature *signature)
{
	const struct message_field *field = signature->field;
	struct str span = tag_list_find(&signature->tags, STR("b"))->span;
	size_t before = (size_t)(span.ptr - field->raw.ptr), body = (size_t)(field->body.ptr - field->raw.ptr);
	struct str behind = str_from_offset(field->raw, before + span.len);
	struct buf raw;
	buf_init(&raw, SIZE_MAX / 2);
	buf_add_str(&raw, str_sub(field->raw, 0, before));
	buf_add_str(&raw, behind);
	if (signature->header_relaxed)
		canon_field_relaxed(canon, field->name, str_from_offset(buf_str(&raw), body));
	else
		canon_field_simple(canon, buf_str(&raw));
	buf_fini(&raw);
}

struct sha256 judge_header(struct judge *judge, const struct signature *signature, struct buf *copy)
{
	struct canon canon;
	struct str rest = signature->fields, name;
	canon_begin(&canon, keys_digest(judge->keys), copy, UINT64_MAX);
	field_index_begin(judge->index);
	while (tag_item(&rest, &name)) {
		const struct message_field *field = field_index_take(judge->index, name, signature->field);
		if (!field)
			continue;
		if (signature->header_relaxed)
			canon_field_relaxed(&canon, field->name, field->body);
		else
			canon_field_simple(&canon, field->raw);
		canon_line_end(&canon);
	}
	judge_add_unsigned(&canon, signature);
	canon_end(&canon);
	return digest_take(canon.digest);
}

static struct fault no_fault(void)
{
	return (struct fault){.result = AUTH_PASS};
}

static struct fault refused(enum auth_result result, const char *reason, struct str detail)
{
	return (struct fault){result, reason, detail};
}

/* RFC 8301 section 3.2: below 1024 bits nothing is valid; above the maximum nothing is computed. */
static struct fault judge_size(const struct verify *verify, const struct key_record *record)
{
	struct arena *arena = verify->arena;
	if (record->bits < verify->limits.rsa_bits_min)
		return refused(AUTH_POLICY, "key_short", str_from(arena_printf(arena,
			"the RSA key has %u bits, fewer than %u (RFC 8301 section 3.2)", record->bits,
			verify->limits.rsa_bits_min)));
	if (record->bits > verify->limits.rsa_bits_max)
		return refused(AUTH_POLICY, "key_long", str_from(arena_printf(arena,
			"the RSA key has %u bits, more than the limit of %u", record->bits,
			verify->limits.rsa_bits_max)));
	return no_fault();
}

/* RFC 6376 section 6.1.2, steps 5 to 9 */
static struct fault judge_record(const struct judge *judge, const struct signature *signature,
	const struct key_record *record)
{
	bool service = record->email || (judge->verify->tls_report && record->tlsrpt);
	bool rsa = signature->algorithm != ALGORITHM_ED25519_SHA256;
	switch (record->state) {
	case KEY_NOT_DKIM:
		return refused(AUTH_PERMERROR, "key_version", record->problem);
	case KEY_SYNTAX:
		return refused(AUTH_PERMERROR, "key_syntax", record->problem);
	case KEY_UNSUPPORTED:
		return refused(AUTH_PERMERROR, "key_type", record->problem);
	case KEY_REVOKED:
		return refused(AUTH_PERMERROR, "key_revoked", record->problem);
	case KEY_BROKEN:
		return refused(AUTH_PERMERROR, "key_broken", record->problem);
	case KEY_USABLE:
		break;
	}
	if ((record->type == KEY_RSA) != rsa)
		return refused(AUTH_PERMERROR, "key_type", STR("the key is not of the type that a= needs"));
	if (!record->sha256)
		return refused(AUTH_PERMERROR, "key_hash", STR("h= of the key does not allow sha256"));
	if (!service)
		return refused(AUTH_PERMERROR, "key_service", STR("s= of the key does not allow email"));
	if (record->strict && !str_eq(signature->auid_domain, signature->domain))
		return refused(AUTH_PERMERROR, "key_strict",
			STR("the key has t=s, and the domain of i= is not d="));
	return rsa ? judge_size(judge->verify, record) : no_fault();
}

static struct fault judge_answer(const struct dns_answer *answer)
{
	if (dns_failed(answer))
		return refused(AUTH_TEMPERROR, "key_dns", str_from("the DNS did not answer the question for the key"));
	if (answer->status != DNS_OK || answer->count == 0)
		return refused(AUTH_PERMERROR, "no_key", STR("there is no key in the DNS"));
	return no_fault();
}

static void try_key(const struct signature *signature, const struct sha256 *digest, struct judged_key *key)
{
	struct public_key *public_key = keys_public_key(key->known);
	if (!public_key) {
		key->fault = refused(AUTH_PERMERROR, "key_broken", STR("p= is no key that can be used"));
		return;
	}
	key->tried = true;
	if (key->known->record.type == KEY_RSA)
		key->good = public_key_rsa_verify(public_key, signature->octets, digest, &key->signed_sum,
			&key->readable);
	else
		key->good = public_key_ed25519_verify(public_key, signature->octets, digest);
}

/* A step that says what a record is worth. */
static void trace_key(const struct judge *judge, const struct judged_key *key)
{
	const struct key_record *record = &key->known->record;
	struct arena *arena = judge->verify->arena;
	struct trace_step step = {
		.part = verdict_part_word(judge->part),
		.depth = 1,
		.kind = STR("key"),
		.name = record->bits == 0 ? STR("key") : str_from(arena_printf(arena, "%s key of %u bits%s%s",
			record->type == KEY_RSA ? "RSA" : "Ed25519", record->bits, record->testing ? ", t=y" : "",
			record->strict ? ", t=s" : "")),
		.result = str_from(key->fault.reason ? key->fault.reason : key->good ? "verifies" : "does not verify"),
		.note = key->fault.detail,
	};
	trace_add(judge->verify, &step);
}

/* One that was tried says more than one that was not, and that more than what is to be ignored. */
static int worth(const struct judged_key *key)
{
	if (key->good)
		return 4;
	if (key->tried)
		return key->readable ? 3 : 2;
	if (!key->known)
		return -1;
	enum key_state state = key->known->record.state;
	return state == KEY_USABLE || state == KEY_REVOKED || state == KEY_BROKEN;
}

void judge_key(struct judge *judge, const struct signature *signature, const struct sha256 *digest,
	struct judged_key *key_r)
{
	struct str name = str_from(arena_printf(judge->verify->arena, "%.*s._domainkey.%.*s",
		STR_FMT(signature->selector), STR_FMT(signature->domain)));
	const struct dns_answer *answer = verify_query(judge->verify, judge->part, 1, "DKIM key", name, DNS_TXT);
	size_t count = answer->count < DNS_TXT_RECORDS_MAX ? answer->count : DNS_TXT_RECORDS_MAX;
	unsigned tries = 0;
	*key_r = (struct judged_key){.fault = judge_answer(answer)};
	if (key_r->fault.reason)
		return;
	for (size_t i = 0; i < count && !key_r->good; i++) {
		struct judged_key one = {.known = keys_find(judge->keys, answer->records[i].text)};
		one.text = answer->records[i].text;
		one.fault = judge_record(judge, signature, &one.known->record);
		if (!one.fault.reason && tries++ == KEYS_TRIED_MAX)
			break;
		if (!one.fault.reason)
			try_key(signature, digest, &one);
		if (judge->verify->trace)
			trace_key(judge, &one);
		if (worth(&one) > worth(key_r))
			*key_r = one;
	}
}
