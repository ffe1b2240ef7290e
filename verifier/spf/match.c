// SPDX-License-Identifier: Apache-2.0
/* The mechanisms of RFC 7208 section 5, and the validated names of section 5.5. */
#include "verifier/spf/state.h"

#include <string.h>

static bool answer_has(const struct spf_state *state, const struct dns_answer *answer, const struct spf_term *term)
{
	unsigned prefix = state->ip.family == 4 ? term->prefix4 : term->prefix6;
	for (size_t i = 0; i < answer->count; i++)
		if (ip_in(&state->ip, &answer->records[i].ip, prefix))
			return true;
	return false;
}

static enum dns_type address_type(const struct spf_state *state)
{
	return state->ip.family == 4 ? DNS_A : DNS_AAAA;
}

static enum spf_match match_address(struct spf_state *state, const struct spf_term *term, const char *what,
	struct str name)
{
	const struct dns_answer *answer;
	enum spf_match match = spf_ask(state, term->text, what, name, address_type(state), &answer);
	if (match == SPF_MATCH && !answer_has(state, answer, term))
		match = SPF_NO_MATCH;
	return match;
}

static struct str plain(struct str name)
{
	return str_ends(name, STR(".")) ? str_sub(name, 0, name.len - 1) : name;
}

/* Section 5.4; no implicit MX. */
static enum spf_match match_mx(struct spf_state *state, const struct spf_term *term, struct str name)
{
	const struct dns_answer *answer;
	enum spf_match match = spf_ask(state, term->text, "MX of an SPF term", name, DNS_MX, &answer);
	if (match != SPF_MATCH)
		return match;
	/* Before any of them is asked, as the order of an answer is nobody's choice. */
	if (answer->count > state->verify->limits.spf_names)
		return spf_trouble(state, SPF_PERMERROR, term->text, "too many MX names (RFC 7208 section 4.6.4)");
	match = SPF_NO_MATCH;
	for (size_t i = 0; match == SPF_NO_MATCH && i < answer->count; i++)
		match = match_address(state, term, "address of an MX", plain(answer->records[i].text));
	return match;
}

static const struct dns_answer *ask_names(struct spf_state *state)
{
	char text[80]; /* 32 nibbles with dots, "ip6.arpa" */
	size_t len = 0;
	bool four = state->ip.family == 4;
	if (four) {
		struct ip turned = {.family = 4};
		char turned_text[IP_TEXT_BYTES];
		for (size_t i = 0; i < 4; i++)
			turned.bytes[i] = state->ip.bytes[3 - i];
		struct str dotted = str_from(ip_format(&turned, turned_text));
		memcpy(text, dotted.ptr, dotted.len);
		len = dotted.len;
		text[len++] = '.';
	}
	for (size_t i = 16; !four && i > 0; i--) {
		static const char hex[] = "0123456789abcdef";
		text[len++] = hex[state->ip.bytes[i - 1] & 15];
		text[len++] = '.';
		text[len++] = hex[state->ip.bytes[i - 1] >> 4];
		text[len++] = '.';
	}
	struct str suffix = four ? STR("in-addr.arpa") : STR("ip6.arpa");
	memcpy(text + len, suffix.ptr, suffix.len);
	return verify_query(state->verify, PART_SPF, state->depth, "names of the client",
		(struct str){text, len + suffix.len}, DNS_PTR);
}

static bool is_or_below(struct str name, struct str domain)
{
	return str_eq_nocase(name, domain) || (name.len > domain.len && str_ends_nocase(name, domain) &&
		name.ptr[name.len - domain.len - 1] == '.');
}

/* Section 5.5: does one of the name's addresses equal the client's? An error skips the name. That a name is void is no
 * fault of the record: whoever connects chose it. */
static bool is_validated(struct spf_state *state, struct str name)
{
	const struct dns_answer *answer;
	if (!dns_name_valid(name))
		return false;
	answer = verify_query(state->verify, PART_SPF, state->depth, "address of a name of the client", name,
		address_type(state));
	for (size_t i = 0; answer->status == DNS_OK && i < answer->count; i++)
		if (ip_eq(&answer->records[i].ip, &state->ip))
			return true;
	return false;
}

/* How near is name to domain: itself, below it, elsewhere (section 7.3)? */
enum nearness { ITSELF, BELOW, ELSEWHERE };

static enum nearness nearness(struct str name, struct str domain)
{
	if (str_eq_nocase(name, domain))
		return ITSELF;
	return is_or_below(name, domain) ? BELOW : ELSEWHERE;
}

/* The nearest validated one of the first names of the answer, absent when there is none up to furthest. */
static struct str validated(struct spf_state *state, const struct dns_answer *answer, struct str domain,
	enum nearness furthest)
{
	size_t count = answer->status == DNS_OK ? answer->count : 0;
	if (count > state->verify->limits.spf_names)
		count = state->verify->limits.spf_names;
	for (unsigned near = ITSELF; near <= (unsigned)furthest; near++)
		for (size_t i = 0; i < count; i++) {
			struct str name = plain(answer->records[i].text);
			if (nearness(name, domain) == (enum nearness)near && is_validated(state, name))
				return name;
		}
	return STR_NONE;
}

struct str spf_validated_name(struct spf_state *state, struct str domain)
{
	if (!state->named.ptr || !str_eq(state->named_for, domain)) {
		struct str name = validated(state, ask_names(state), domain, ELSEWHERE);
		state->named = name.ptr ? name : STR("unknown");
		state->named_for = domain;
	}
	return state->named;
}

/* Section 5.5: an error of the DNS is no match. */
static enum spf_match match_ptr(struct spf_state *state, const struct spf_term *term, struct str name)
{
	const struct dns_answer *answer = ask_names(state);
	if (dns_failed(answer))
		return SPF_NO_MATCH;
	enum spf_match match = spf_answered(state, term->text, answer);
	if (match != SPF_MATCH)
		return match;
	return validated(state, answer, name, BELOW).ptr ? SPF_MATCH : SPF_NO_MATCH;
}

enum spf_match spf_match_term(struct spf_state *state, const struct spf_term *term, struct str name)
{
	const struct dns_answer *answer;
	switch (term->mechanism) {
	case SPF_ALL:
		return SPF_MATCH;
	case SPF_A:
		return match_address(state, term, "address of an SPF term", name);
	case SPF_MX:
		return match_mx(state, term, name);
	case SPF_PTR:
		return match_ptr(state, term, name);
	case SPF_IP4:
		return ip_in(&state->ip, &term->ip, term->prefix4) ? SPF_MATCH : SPF_NO_MATCH;
	case SPF_IP6:
		return ip_in(&state->ip, &term->ip, term->prefix6) ? SPF_MATCH : SPF_NO_MATCH;
	case SPF_EXISTS: /* section 5.7: A, whatever the client's address is */
		return spf_ask(state, term->text, "exists of an SPF term", name, DNS_A, &answer);
	case SPF_INCLUDE:
		break;
	}
	die("no SPF term to match");
}
