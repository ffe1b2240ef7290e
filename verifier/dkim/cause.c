// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/cause.h"

bool cause_tried(const struct judge *judge, const char *what, bool fits)
{
	trace_add(judge->verify, &(struct trace_step){
		.part = verdict_part_word(judge->part),
		.depth = 2,
		.kind = STR("try"),
		.name = str_from(what),
		.result = fits ? STR("fits") : STR("does not fit"),
	});
	return fits;
}

static const struct {
	const char *reason, *cause;
} plain[] = {
	{"no_key", "the key was never published, or was taken away while mail signed with it was still under way"},
	{"key_revoked", "the domain has revoked this key; mail signed with it is to be signed with its successor"},
	{"key_broken", "the record was cut or mistyped when it was published"},
	{"key_syntax", "the record was cut or mistyped when it was published"},
	{"key_version", "the record is one of another kind, or v= was mistyped"},
	{"key_type", "the key of another algorithm stands under this selector"},
	{"key_short", "the key is older than RFC 8301; the domain needs one of 2048 bits"},
	{"key_strict", "the key allows no subdomain in i=, and the signer writes one"},
	{"key_service", "the key was published for another service than mail"},
	{"key_hash", "the key was published for another hash than the signer uses"},
	{"key_dns", "the domain's name servers did not answer"},
	{"sha1", "the signer is older than RFC 8301 and is to be set to rsa-sha256"},
	{"expired", "the message was judged later than its signer wanted it to be"},
};

static struct str cause_of_reason(struct str reason)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (str_eq(reason, str_from(plain[i].reason)))
			return str_from(plain[i].cause);
	return STR_NONE;
}

struct str cause_find(struct judge *judge, const struct signature *signature, const struct judged_key *key,
	const struct verdict_dkim *verdict)
{
	struct str body = STR_NONE, rest;
	if (verdict->body_hash_matches == MAYBE_NO)
		body = cause_of_body(judge, signature);
	if (verdict->signature_matches == MAYBE_NO)
		rest = cause_of_header(judge, signature, key);
	else
		rest = cause_of_reason(verdict->reason);
	if (!body.ptr || !rest.ptr)
		return body.ptr ? body : rest;
	return str_from(arena_printf(judge->verify->arena, "%.*s; %.*s", STR_FMT(body), STR_FMT(rest)));
}
