// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/signature.h"

#include "verifier/dkim/base64.h"
#include "verifier/domain.h"

#include <string.h>

#define TIME_DIGITS_MAX 12   /* RFC 6376 section 3.5, t= */
#define LENGTH_DIGITS_MAX 76 /* the same, l= */
#define ARC_INSTANCE_DIGITS_MAX 4 /* RFC 8617 allows two; more are read to be counted */

/* Each part of the parser fills its fields and gives false once there is a fault. */
struct parse {
	struct arena *arena;
	struct signature *signature;
};

static bool refuse(struct parse *parse, enum auth_result result, const char *reason, const char *detail)
{
	parse->signature->fault = (struct fault){result, reason, str_from(detail)};
	return false;
}

static bool syntax(struct parse *parse, const char *detail)
{
	return refuse(parse, AUTH_NEUTRAL, "syntax", detail);
}

struct str signature_tag(const struct signature *signature, const char *name)
{
	return tag_list_value(&signature->tags, str_from(name));
}

static struct str value(struct parse *parse, const char *name)
{
	return signature_tag(parse->signature, name);
}

static bool read_required(struct parse *parse)
{
	static const char *const names[] = {"v", "a", "b", "bh", "d", "h", "s", NULL};
	static const char *const arc_names[] = {"i", "a", "b", "bh", "d", "h", "s", NULL};
	static const char *const seal_names[] = {"i", "a", "b", "d", "s", "cv", NULL};
	const char *const *name = names;
	if (parse->signature->kind == SIGNATURE_ARC_MESSAGE)
		name = arc_names;
	else if (parse->signature->kind == SIGNATURE_ARC_SEAL)
		name = seal_names;
	for (; *name; name++)
		if (!value(parse, *name).ptr)
			return refuse(parse, AUTH_PERMERROR, "tag_missing",
				arena_printf(parse->arena, "the required tag %s= is missing", *name));
	return true;
}

static bool read_version(struct parse *parse)
{
	if (parse->signature->kind == SIGNATURE_DKIM && !str_eq(value(parse, "v"), STR("1")))
		return refuse(parse, AUTH_NEUTRAL, "version", "v= is not 1");
	return true;
}

static bool read_algorithm(struct parse *parse)
{
	struct str a = value(parse, "a");
	if (str_eq(a, STR("rsa-sha256")))
		parse->signature->algorithm = ALGORITHM_RSA_SHA256;
	else if (str_eq(a, STR("ed25519-sha256")))
		parse->signature->algorithm = ALGORITHM_ED25519_SHA256;
	else if (str_eq(a, STR("rsa-sha1")))
		parse->signature->algorithm = ALGORITHM_RSA_SHA1;
	else
		return refuse(parse, AUTH_NEUTRAL, "algorithm",
			"a= is neither rsa-sha256 nor ed25519-sha256 (RFC 6376 section 3.3, RFC 8463)");
	return true;
}

static bool read_octets(struct parse *parse)
{
	struct signature *signature = parse->signature;
	if (!base64_decode(parse->arena, value(parse, "b"), &signature->octets) || signature->octets.len == 0)
		return syntax(parse, "b= is not base64");
	if (signature->kind == SIGNATURE_ARC_SEAL)
		return true;
	if (!base64_decode(parse->arena, value(parse, "bh"), &signature->body_hash) || signature->body_hash.len == 0)
		return syntax(parse, "bh= is not base64");
	return true;
}

static bool canonicalisation(struct str word, bool *relaxed_r)
{
	*relaxed_r = str_eq(word, STR("relaxed"));
	return *relaxed_r || str_eq(word, STR("simple"));
}

/* "If only one algorithm is named, that algorithm is used for the header and "simple" is used for the body."
 * Without c= DKIM is simple; the suite of RFC 8617 takes ARC-Message-Signature for relaxed then. */
static bool read_canonicalisation(struct parse *parse)
{
	struct signature *signature = parse->signature;
	struct str body = value(parse, "c"), header;
	signature->header_relaxed = signature->body_relaxed = signature->kind != SIGNATURE_DKIM;
	if (!body.ptr || signature->kind == SIGNATURE_ARC_SEAL)
		return true;
	signature->body_relaxed = false;
	if (!str_split(&body, '/', &header) || !canonicalisation(header, &signature->header_relaxed)
		|| (body.ptr && !canonicalisation(body, &signature->body_relaxed)))
		return refuse(parse, AUTH_NEUTRAL, "canonicalization", "c= names no canonicalization there is");
	return true;
}

static bool read_domain(struct parse *parse)
{
	struct signature *signature = parse->signature;
	if (!domain_to_ascii(parse->arena, value(parse, "d"), &signature->domain)
		|| str_ends(value(parse, "d"), STR(".")) || domain_labels(signature->domain) < 2) {
		signature->domain = STR_NONE;
		return refuse(parse, AUTH_NEUTRAL, "domain", "d= is not the name of a domain");
	}
	if (!domain_to_ascii(parse->arena, value(parse, "s"), &signature->selector)
		|| str_ends(value(parse, "s"), STR("."))) {
		signature->selector = STR_NONE;
		return refuse(parse, AUTH_NEUTRAL, "selector", "s= is not a selector");
	}
	return true;
}

static int hex_digit(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* dkim-quoted-printable, RFC 6376 section 2.11: white space goes, upper-case hex. */
static bool quoted_printable(struct arena *arena, struct str text, struct str *bytes_r)
{
	char *out = arena_alloc(arena, text.len + 1);
	size_t len = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (tag_is_white(text.ptr[i]))
			continue;
		if (text.ptr[i] != '=') {
			out[len++] = text.ptr[i];
			continue;
		}
		if (text.len - i < 3 || hex_digit(text.ptr[i + 1]) < 0 || hex_digit(text.ptr[i + 2]) < 0)
			return false;
		out[len++] = (char)(hex_digit(text.ptr[i + 1]) << 4 | hex_digit(text.ptr[i + 2]));
		i += 2;
	}
	*bytes_r = (struct str){out, len};
	return true;
}

/* "the domain part of the address MUST be the same as, or a subdomain of, the value of the "d=" tag" */
static bool read_auid(struct parse *parse)
{
	struct signature *signature = parse->signature;
	struct str i = value(parse, "i");
	signature->auid_domain = signature->domain;
	if (!i.ptr)
		return true;
	size_t at;
	if (!quoted_printable(parse->arena, i, &signature->auid)
		|| (at = str_rfind_char(signature->auid, '@')) == SIZE_MAX
		|| !domain_to_ascii(parse->arena, str_from_offset(signature->auid, at + 1), &signature->auid_domain)
		|| str_ends(signature->auid, STR("."))) {
		signature->auid_domain = STR_NONE;
		return syntax(parse, "i= is not [local part]@domain");
	}
	if (!domain_is_or_below(signature->auid_domain, signature->domain))
		return refuse(parse, AUTH_PERMERROR, "auid_domain", "the domain of i= is neither d= nor below it");
	return true;
}

static bool is_field_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f)
			return false;
	return true;
}

/* The suite of RFC 8617 has signatures over no field, over empty names and without From; those of DKIM
 * must name From, once more than nothing. */
static bool read_fields(struct parse *parse)
{
	struct signature *signature = parse->signature;
	struct str rest = value(parse, "h"), name;
	bool from = false, seal = false, strict = signature->kind == SIGNATURE_DKIM;
	signature->fields = rest;
	while (tag_item(&rest, &name)) {
		if (!is_field_name(name) || (strict && name.len == 0))
			return syntax(parse, "h= is not a list of field names");
		from = from || str_eq_nocase(name, STR("From"));
		seal = seal || str_eq_nocase(name, STR("ARC-Seal"));
	}
	if (strict && !from)
		return refuse(parse, AUTH_PERMERROR, "from_not_signed", "h= does not name From (RFC 6376 section 5.4)");
	if (!strict && seal)
		return refuse(parse, AUTH_PERMERROR, "seal_signed", "h= names ARC-Seal (RFC 8617 section 4.1.2)");
	return true;
}

static bool digits(struct str s, size_t max)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_digit(s.ptr[i]))
			return false;
	return s.len > 0 && s.len <= max;
}

/* A number with more digits than a value of sense has counts as without end. */
static uint64_t number(struct str s)
{
	uint64_t value;
	return str_to_u64(s, UINT64_MAX, &value) ? value : UINT64_MAX;
}

static bool read_length(struct parse *parse)
{
	struct signature *signature = parse->signature;
	struct str l = value(parse, "l");
	signature->has_length = l.ptr != NULL;
	if (!l.ptr)
		return true;
	if (!digits(l, LENGTH_DIGITS_MAX))
		return syntax(parse, "l= is not a number of up to 76 digits");
	signature->length = number(l);
	return true;
}

static bool read_time(struct parse *parse, const char *name, bool *has_r, uint64_t *secs_r)
{
	struct str text = value(parse, name);
	*has_r = text.ptr != NULL;
	if (!text.ptr)
		return true;
	if (!digits(text, SIZE_MAX))
		return syntax(parse, arena_printf(parse->arena, "%s= is not a number of seconds", name));
	*secs_r = text.len > TIME_DIGITS_MAX ? UINT64_MAX : number(text);
	return true;
}

static bool read_times(struct parse *parse)
{
	struct signature *signature = parse->signature;
	if (!read_time(parse, "t", &signature->has_created, &signature->created))
		return false;
	if (signature->kind == SIGNATURE_ARC_SEAL)
		return true;
	if (!read_time(parse, "x", &signature->has_expires, &signature->expires))
		return false;
	if (signature->has_created && signature->has_expires && signature->expires <= signature->created)
		return syntax(parse, "x= is not after t= (RFC 6376 section 3.5)");
	return true;
}

/* Unknown methods are ignored; without a known one no key can be had. */
static bool read_query(struct parse *parse)
{
	struct str rest = value(parse, "q"), item;
	if (!rest.ptr)
		return true;
	while (tag_item(&rest, &item))
		if (str_eq(item, STR("dns/txt")))
			return true;
	return refuse(parse, AUTH_NEUTRAL, "query_method", "q= does not name dns/txt");
}

static bool read_instance(struct parse *parse)
{
	struct str i = value(parse, "i");
	parse->signature->auid_domain = parse->signature->domain; /* ARC has none */
	if (!digits(i, ARC_INSTANCE_DIGITS_MAX) || (parse->signature->instance = number(i)) == 0)
		return syntax(parse, "i= is not an instance");
	return true;
}

void signature_parse(struct arena *arena, enum signature_kind kind, const struct message_field *field,
	struct signature *signature_r)
{
	struct parse parse = {arena, signature_r};
	struct str problem = STR_NONE;
	bool arc = kind != SIGNATURE_DKIM, seal = kind == SIGNATURE_ARC_SEAL;
	*signature_r = (struct signature){.field = field, .kind = kind};
	if (!tag_list_parse(arena, field->body, &signature_r->tags, &problem)) {
		signature_r->tags.count = 0;
		signature_r->fault = (struct fault){AUTH_NEUTRAL, "syntax", problem};
		return;
	}
	(void)(read_required(&parse) && read_version(&parse) && read_domain(&parse)
		&& (arc ? read_instance(&parse) : read_auid(&parse)) && read_algorithm(&parse) && read_octets(&parse)
		&& read_canonicalisation(&parse) && (seal || (read_fields(&parse) && read_length(&parse)
		&& read_query(&parse))) && read_times(&parse));
}
