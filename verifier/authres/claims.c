// SPDX-License-Identifier: Apache-2.0
/* What others said of the message, beside what we find. */
#include "verifier/authres.h"

#include "base/utf8.h"
#include "verifier/domain.h"

#include <string.h>

#define CLAIMS_MAX 200
#define REASON_BYTES_MAX 1024

struct claims {
	const struct verify *verify;
	const struct authres_trust *trust;
	struct verdict *verdict;
	struct str *domains, *auid_domains; /* A-labels of each signature: made once, however many the claims are */
};

static enum auth_result result_word(struct str word)
{
	static const enum auth_result results[] = {AUTH_NONE, AUTH_PASS, AUTH_FAIL, AUTH_SOFTFAIL, AUTH_NEUTRAL,
		AUTH_TEMPERROR, AUTH_PERMERROR, AUTH_POLICY, AUTH_DECLINED, AUTH_SKIPPED};
	if (str_eq(word, STR("hardfail"))) /* RFC 5451 */
		return AUTH_FAIL;
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (str_eq(word, str_from(auth_result_text(results[i]))))
			return results[i];
	return AUTH_UNKNOWN;
}

static enum maybe same(enum auth_result theirs, enum auth_result ours)
{
	if (theirs == AUTH_UNKNOWN || ours == AUTH_UNKNOWN)
		return MAYBE_UNKNOWN;
	return theirs == ours ? MAYBE_YES : MAYBE_NO;
}

/* Absent when it is none. */
static struct str ascii_domain(struct arena *arena, struct str value)
{
	struct str domain;
	return authres_domain(arena, value, &domain) ? domain : STR_NONE;
}

static bool same_domain(struct arena *arena, struct str a, struct str b)
{
	struct str one = ascii_domain(arena, a);
	return one.ptr && str_eq(one, ascii_domain(arena, b));
}

static struct str first_of(const struct authres_result *result, const char *const *names)
{
	struct str value = STR_NONE;
	for (; *names && !value.ptr; names += 2)
		value = authres_value(result, names[0], names[1]);
	return value;
}

struct str authres_mail_from(const struct authres_result *result)
{
	static const char *const names[] = {"smtp", "mailfrom", "smtp", "mfrom", "smtp", "mail", "smtp",
		"envelope-from",
		"", "envelope-from", "smtp", "from", NULL};
	return first_of(result, names);
}

static enum maybe compare_spf(const struct claims *claims, const struct authres_result *result,
	enum auth_result theirs)
{
	struct str helo = authres_value(result, "smtp", "helo"), mail_from = authres_mail_from(result);
	bool of_helo = str_eq(authres_value(result, "", "identity"), STR("helo")) || !mail_from.ptr;
	for (size_t i = 0; i < claims->verdict->spf.count; i++) {
		const struct verdict_spf *spf = &claims->verdict->spf.at[i];
		if (str_eq(spf->identity, STR("helo")) != of_helo || spf->ip.len == 0)
			continue;
		if (same_domain(claims->verify->arena, of_helo ? helo : mail_from, spf->domain))
			return same(theirs, spf->result);
	}
	return MAYBE_UNKNOWN;
}

static enum maybe compare_dkim(const struct claims *claims, const struct authres_result *result,
	enum auth_result theirs)
{
	struct str given = authres_value(result, "header", "d"), selector = authres_value(result, "header", "s");
	struct str signature = authres_value(result, "header", "b");
	bool of_auid = !given.ptr;
	struct str domain = ascii_domain(claims->verify->arena, of_auid ? authres_value(result, "header", "i") : given);
	enum maybe found = MAYBE_UNKNOWN;
	if (theirs == AUTH_NONE)
		return claims->verdict->dkim.count == 0 ? MAYBE_YES : MAYBE_NO;
	for (size_t i = 0; i < claims->verdict->dkim.count && domain.ptr; i++) {
		const struct verdict_dkim *dkim = &claims->verdict->dkim.at[i];
		/* i= may be below d=, and where the signature has none it is d= (RFC 6376 section 3.5). */
		if ((!str_eq(domain, claims->domains[i]) && !(of_auid && str_eq(domain, claims->auid_domains[i]))) ||
			(selector.ptr && !str_eq_nocase(selector, dkim->selector)) ||
			(signature.ptr && !str_starts(dkim->signature, signature)))
			continue;
		/* Where they do not say which of several, one that agrees is theirs. */
		if (found != MAYBE_YES)
			found = same(theirs, dkim->result);
	}
	return found;
}

static enum maybe compare(const struct claims *claims, const struct authres_result *result)
{
	const struct verdict *verdict = claims->verdict;
	enum auth_result theirs = result_word(result->result);
	if (str_eq(result->method, STR("spf")))
		return compare_spf(claims, result, theirs);
	if (str_eq(result->method, STR("dkim")))
		return compare_dkim(claims, result, theirs);
	if (str_eq(result->method, STR("dmarc"))) {
		struct str from = authres_value(result, "header", "from");
		bool other = from.ptr && !same_domain(claims->verify->arena, from, verdict->dmarc.author_domain);
		return other ? MAYBE_UNKNOWN : same(theirs, verdict->dmarc.result);
	}
	if (str_eq(result->method, STR("arc")))
		return same(theirs, verdict->arc.result);
	if (str_eq(result->method, STR("bimi")))
		return same(theirs, verdict->bimi.result);
	return MAYBE_UNKNOWN;
}

/* "smtp.mailfrom=a@example.com header.d=example.com" */
static struct str properties_text(struct arena *arena, const struct authres *authres,
	const struct authres_result *result)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	if (authres->instance > 0)
		buf_printf(&buf, "i=%llu", (unsigned long long)authres->instance);
	for (size_t i = 0; i < result->properties_count; i++) {
		const struct authres_property *property = &result->properties[i];
		buf_printf(&buf, "%s%.*s%s%.*s=%.*s", buf.len > 0 ? " " : "", STR_FMT(property->type),
			property->type.len > 0 ? "." : "", STR_FMT(property->name), STR_FMT(property->value));
	}
	struct str text = verify_text(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

static bool is_trusted(const struct claims *claims, struct str authserv_id)
{
	for (size_t i = 0; i < claims->trust->authserv_ids_count; i++)
		if (authserv_id.len > 0 && str_eq_nocase(claims->trust->authserv_ids[i], authserv_id))
			return true;
	return false;
}

static void add_claims(const struct claims *claims, const struct message_field *field, const struct authres *authres,
	bool trusted)
{
	struct arena *arena = claims->verify->arena;
	struct verdict *verdict = claims->verdict;
	for (size_t i = 0; i < authres->results_count && verdict->claims.count < CLAIMS_MAX; i++) {
		const struct authres_result *result = &authres->results[i];
		struct str reason = result->reason.ptr ? result->reason : result->comment;
		verdict->claims.at[verdict->claims.count++] = (struct verdict_claim){
			.field = verify_text(arena, field->name),
			.authserv_id = verify_text(arena, authres->authserv_id),
			.method = verify_text(arena, result->method),
			.result = verify_text(arena, result->result),
			.reason = verify_text(arena, str_sub(reason, 0, utf8_cut(reason, REASON_BYTES_MAX))),
			.properties = properties_text(arena, authres, result),
			.agrees = compare(claims, result),
			.trusted = trusted && is_trusted(claims, authres->authserv_id),
		};
	}
}

static struct claims begin(const struct verify *verify, const struct authres_trust *trust, struct verdict *verdict)
{
	size_t count = verdict->dkim.count;
	struct claims claims = {verify, trust, verdict, ARENA_ARRAY(verify->arena, count + 1, struct str),
		ARENA_ARRAY(verify->arena, count + 1, struct str)};
	for (size_t i = 0; i < count; i++) {
		claims.domains[i] = ascii_domain(verify->arena, verdict->dkim.at[i].domain);
		claims.auid_domains[i] = ascii_domain(verify->arena, verdict->dkim.at[i].auid);
	}
	return claims;
}

void authres_claims(const struct verify *verify, const struct message *message, const struct authres_trust *trust,
	struct verdict *verdict)
{
	struct claims claims = {0};
	struct authres authres;
	verdict->claims.count = 0;
	verdict->claims.at = ARENA_ARRAY(verify->arena, CLAIMS_MAX, struct verdict_claim);
	for (size_t i = 0; i < message->fields_count && verdict->claims.count < CLAIMS_MAX; i++) {
		const struct message_field *field = &message->fields[i];
		bool arc = str_eq_nocase(field->name, STR("arc-authentication-results"));
		bool spf = str_eq_nocase(field->name, STR("received-spf"));
		if (!arc && !spf && !str_eq_nocase(field->name, STR("authentication-results")))
			continue;
		if (!claims.verify)
			claims = begin(verify, trust, verdict);
		if (spf ? received_spf_parse(verify->arena, field->body, &authres) :
			authres_parse(verify->arena, field->body, &authres))
			add_claims(&claims, field, &authres, !arc && i < trust->inside_fields);
	}
}
