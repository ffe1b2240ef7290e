// SPDX-License-Identifier: Apache-2.0
#include "verifier/spf.h"

#include "verifier/domain.h"
#include "verifier/spf/macro.h"

#include <string.h>

/* A sender or a name in HELO that is longer is none; RFC 5321 section 4.5.3.1.3 has 256. */
#define SENDER_BYTES_MAX 16384
#define HELO_BYTES_MAX 1024
/* However high the caller's limit is: includes are evaluated by recursion. */
#define LOOKUPS_MAX 100

struct outcome {
	enum auth_result result;
	struct str term;   /* the one that decided; absent: none did */
	struct str domain; /* whose record that was, after redirects */
	struct str exp;    /* that record's; absent: none */
};

static struct outcome check_host(struct spf_state *state, struct str domain, struct str led);

enum spf_match spf_trouble(struct spf_state *state, enum spf_match error, struct str term, const char *sentence)
{
	struct str shown = verify_text(state->verify->arena, term);
	if (!state->problem.ptr)
		state->problem = str_from(shown.len > 0 ?
			arena_printf(state->verify->arena, "%.*s: %s", STR_FMT(shown), sentence) : sentence);
	return error;
}

enum spf_match spf_answered(struct spf_state *state, struct str term, const struct dns_answer *answer)
{
	if (answer->status == DNS_OK && answer->count > 0)
		return SPF_MATCH;
	if (dns_failed(answer))
		return spf_trouble(state, SPF_TEMPERROR, term, "the DNS gave no answer (RFC 7208 section 5)");
	if (state->void_lookups >= state->verify->limits.spf_void_lookups)
		return spf_trouble(state, SPF_PERMERROR, term, "too many void look-ups (RFC 7208 section 4.6.4)");
	state->void_lookups++;
	return SPF_NO_MATCH;
}

enum spf_match spf_ask(struct spf_state *state, struct str term, const char *what, struct str name,
	enum dns_type type, const struct dns_answer **answer_r)
{
	if (!dns_name_valid(name))
		return SPF_NO_MATCH;
	*answer_r = verify_query(state->verify, PART_SPF, state->depth, what, name, type);
	return spf_answered(state, term, *answer_r);
}

static void trace(struct spf_state *state, const char *kind, struct str name, struct str value, const char *result,
	const char *note)
{
	trace_add(state->verify, &(struct trace_step){
		.part = verdict_part_word(PART_SPF),
		.depth = state->depth,
		.kind = str_from(kind),
		.name = name,
		.value = value,
		.result = str_from(result),
		.note = str_from(note),
	});
}

static const char *match_word(enum spf_match match)
{
	switch (match) {
	case SPF_NO_MATCH:
		return "no match";
	case SPF_MATCH:
		return "match";
	case SPF_TEMPERROR:
		return "temperror";
	case SPF_PERMERROR:
		return "permerror";
	}
	die("no SPF match %d", (int)match);
}

/* A term and what came of it; count: the look-up it was, 0 for none. */
static void trace_term(struct spf_state *state, struct str text, struct str name, const char *result, unsigned count)
{
	if (!state->verify->trace)
		return;
	trace(state, "term", text, name, result, count == 0 ? NULL : arena_printf(state->verify->arena,
		"look-up %u of %u", count, state->verify->limits.spf_lookups));
}

/* Section 4.6.4, over the whole recursion. */
static bool count_lookup(struct spf_state *state, struct str term)
{
	unsigned max = state->verify->limits.spf_lookups;
	if (state->lookups >= (max < LOOKUPS_MAX ? max : LOOKUPS_MAX)) {
		(void)spf_trouble(state, SPF_PERMERROR, term,
			"too many terms that ask the DNS (RFC 7208 section 4.6.4)");
		return false;
	}
	state->lookups++;
	return true;
}

static bool is_multi_label(struct str domain)
{
	return dns_name_valid(domain) && str_find_char(domain, '.') != SIZE_MAX;
}

/* Sections 4.3 to 4.5. AUTH_UNKNOWN: *text_r is the record; else the result. led: the term that led here, absent at
 * first. */
static enum auth_result find_record(struct spf_state *state, struct str domain, struct str led, struct str *text_r)
{
	size_t found = 0;
	if (!is_multi_label(domain)) {
		(void)spf_trouble(state, SPF_PERMERROR, led, "no domain name of several labels (RFC 7208 section 4.3)");
		return AUTH_NONE;
	}
	const struct dns_answer *answer = verify_query(state->verify, PART_SPF, state->depth, "SPF record", domain,
		DNS_TXT);
	if (dns_failed(answer)) {
		(void)spf_trouble(state, SPF_TEMPERROR, led, "the DNS gave no SPF record (RFC 7208 section 4.4)");
		return AUTH_TEMPERROR;
	}
	for (size_t i = 0; answer->status == DNS_OK && i < answer->count; i++)
		if (spf_record_selected(answer->records[i].text) && found++ == 0)
			*text_r = answer->records[i].text;
	if (found > 1) {
		(void)spf_trouble(state, SPF_PERMERROR, led, "more than one SPF record (RFC 7208 section 4.5)");
		return AUTH_PERMERROR;
	}
	if (found == 0 && led.ptr) {
		/* A name without any TXT is void too; that there is no record is the graver news. */
		(void)spf_trouble(state, SPF_PERMERROR, led, "no SPF record there (RFC 7208 sections 5.2, 6.1)");
		if (answer->count == 0 && state->void_lookups < state->verify->limits.spf_void_lookups)
			state->void_lookups++;
	}
	return found == 0 ? AUTH_NONE : AUTH_UNKNOWN;
}

/* Section 5.2. */
static enum spf_match match_include(struct spf_state *state, const struct spf_term *term, struct str name,
	unsigned count)
{
	trace_term(state, term->text, name, "include", count);
	state->depth++;
	enum auth_result result = check_host(state, name, term->text).result;
	state->depth--;
	switch (result) {
	case AUTH_PASS:
		return SPF_MATCH;
	case AUTH_FAIL:
	case AUTH_SOFTFAIL:
	case AUTH_NEUTRAL:
		return SPF_NO_MATCH;
	case AUTH_TEMPERROR:
		return SPF_TEMPERROR;
	case AUTH_UNKNOWN:
	case AUTH_NONE:
	case AUTH_PERMERROR:
	case AUTH_POLICY:
	case AUTH_DECLINED:
	case AUTH_SKIPPED:
		break;
	}
	return SPF_PERMERROR;
}

/* Section 4.6.2: one mechanism. */
static enum spf_match match_term(struct spf_state *state, const struct spf_term *term, struct str domain)
{
	struct str name = term->domain_spec.ptr ? STR_NONE : domain;
	unsigned count = 0;
	enum spf_match match = SPF_NO_MATCH;
	bool possible = true;
	if (spf_term_asks(term)) {
		if (!count_lookup(state, term->text))
			return SPF_PERMERROR;
		count = state->lookups;
		if (term->domain_spec.ptr)
			possible = spf_expand_name(state, domain, term->domain_spec, &name);
	}
	if (possible)
		match = term->mechanism == SPF_INCLUDE ? match_include(state, term, name, count) :
			spf_match_term(state, term, name);
	trace_term(state, term->text, count > 0 ? name : STR_NONE, match_word(match), count);
	return match;
}

/* Section 4.6.2, 4.7: the first match decides. False: none does, and the record has a redirect. */
static bool evaluate(struct spf_state *state, const struct spf_record *record, struct str domain,
	struct outcome *outcome)
{
	*outcome = (struct outcome){.result = AUTH_NEUTRAL, .domain = domain, .exp = record->exp.domain_spec};
	for (size_t i = 0; i < record->count; i++) {
		const struct spf_term *term = &record->terms[i];
		enum spf_match match = match_term(state, term, domain);
		if (match == SPF_NO_MATCH)
			continue;
		outcome->term = term->text;
		outcome->result = match == SPF_MATCH ? term->result :
			match == SPF_TEMPERROR ? AUTH_TEMPERROR : AUTH_PERMERROR;
		return true;
	}
	return !record->redirect.text.ptr || record->all;
}

/* Section 6.1: *domain becomes the target. */
static bool follow_redirect(struct spf_state *state, const struct spf_modifier *redirect, struct str *domain)
{
	struct str name = STR_NONE;
	if (!count_lookup(state, redirect->text))
		return false;
	if (!spf_expand_name(state, *domain, redirect->domain_spec, &name)) {
		(void)spf_trouble(state, SPF_PERMERROR, redirect->text,
			"no domain name by a local part that is not ASCII (RFC 8616 section 4)");
		return false;
	}
	trace_term(state, redirect->text, name, "redirect", state->lookups);
	*domain = name;
	return true;
}

static struct str in_record(struct spf_state *state, struct str term, struct str domain)
{
	struct arena *arena = state->verify->arena;
	struct str shown_term = verify_text(arena, term), shown_domain = verify_text(arena, domain);
	return str_from(arena_printf(arena, "%.*s in the record of %.*s", STR_FMT(shown_term), STR_FMT(shown_domain)));
}

/* Section 4. led: the term that led here, absent at first. */
static struct outcome check_host(struct spf_state *state, struct str domain, struct str led)
{
	struct spf_record record;
	struct spf_fault fault;
	struct outcome outcome;
	for (bool redirected = false;; redirected = true) {
		struct str text;
		enum auth_result found = find_record(state, domain, led, &text);
		if (found != AUTH_UNKNOWN)
			return (struct outcome){
				.result = redirected && found == AUTH_NONE ? AUTH_PERMERROR : found,
				.term = led,
			};
		if (!state->record.ptr)
			state->record = text;
		if (!spf_record_parse(state->verify->arena, text, &record, &fault)) {
			struct str term = led.ptr ? in_record(state, fault.term, domain) : fault.term;
			(void)spf_trouble(state, SPF_PERMERROR, term, fault.sentence);
			return (struct outcome){.result = AUTH_PERMERROR, .term = fault.term};
		}
		if (evaluate(state, &record, domain, &outcome))
			return outcome;
		led = record.redirect.text;
		if (!follow_redirect(state, &record.redirect, &domain))
			return (struct outcome){.result = AUTH_PERMERROR, .term = led};
	}
}

/* Section 6.2: whatever goes wrong, there is no explanation. */
static struct str explain(struct spf_state *state, const struct outcome *outcome)
{
	struct str name, text = STR_NONE;
	if (!outcome->exp.ptr || !spf_expand_name(state, outcome->domain, outcome->exp, &name) ||
		!dns_name_valid(name))
		return STR_NONE;
	const struct dns_answer *answer = verify_query(state->verify, PART_SPF, 0, "SPF explanation", name, DNS_TXT);
	if (answer->status == DNS_OK && answer->count == 1)
		text = spf_expand_explanation(state, outcome->domain, answer->records[0].text);
	if (state->verify->trace)
		trace(state, "explanation", name, text, text.ptr ? "used" : "dropped", NULL);
	return text;
}

static struct str domain_or_raw(struct arena *arena, struct str name)
{
	struct str ascii;
	return domain_to_ascii(arena, name, &ascii) ? ascii : name;
}

static struct str joined(struct arena *arena, struct str local_part, struct str domain)
{
	struct str sender = {NULL, local_part.len + 1 + domain.len};
	char *text = arena_alloc(arena, sender.len);
	memcpy(text, local_part.ptr, local_part.len);
	text[local_part.len] = '@';
	if (domain.len > 0)
		memcpy(text + local_part.len + 1, domain.ptr, domain.len);
	sender.ptr = text;
	return sender;
}

/* Sections 2.3, 2.4, 4.3: the identity; its domain is sender_domain. */
static void read_sender(struct spf_state *state, const struct spf_request *request)
{
	struct arena *arena = state->verify->arena;
	struct str from = request->helo_identity ? STR_NONE : request->mail_from;
	bool helo = request->helo.len > 0 && request->helo.len <= HELO_BYTES_MAX;
	if (from.len > SENDER_BYTES_MAX)
		from = STR("@");
	size_t at = str_rfind_char(from, '@');
	state->helo = helo ? domain_or_raw(arena, request->helo) : STR("unknown");
	state->local_part = at == SIZE_MAX || at == 0 ? STR("postmaster") : str_sub(from, 0, at);
	if (from.len == 0)
		state->sender_domain = helo ? state->helo : STR("");
	else
		state->sender_domain = domain_or_raw(arena, at == SIZE_MAX ? from : str_from_offset(from, at + 1));
	state->sender = joined(arena, state->local_part, state->sender_domain);
	state->ascii = true;
	for (size_t i = 0; i < state->local_part.len; i++)
		state->ascii = state->ascii && (unsigned char)state->local_part.ptr[i] < 0x80;
}

static struct outcome check_identity(struct spf_state *state)
{
	struct str domain;
	if (state->ip.family == 0) {
		state->problem = STR("the client's address is not known");
		return (struct outcome){.result = AUTH_NONE};
	}
	if (!domain_to_ascii(state->verify->arena, state->sender_domain, &domain) || !is_multi_label(domain)) {
		state->problem = STR("the identity has no domain name of several labels (RFC 7208 section 4.3)");
		return (struct outcome){.result = AUTH_NONE};
	}
	return check_host(state, domain, STR_NONE);
}

void spf_check(const struct verify *verify, const struct spf_request *request, struct verdict_spf *spf_r)
{
	struct arena *arena = verify->arena;
	struct spf_state state = {.verify = verify, .ip = request->ip, .receiver = request->receiver};
	if (state.receiver.len == 0)
		state.receiver = STR("unknown");
	ip_unmap(&state.ip);
	(void)ip_format(&state.ip, state.ip_text);
	read_sender(&state, request);
	struct str identity = request->helo_identity ? STR("helo") : STR("mailfrom");
	if (verify->trace)
		trace(&state, "identity", identity, state.sender, NULL,
			arena_printf(arena, "client %s", state.ip_text));
	struct outcome outcome = check_identity(&state);
	struct str explanation = outcome.result == AUTH_FAIL ? explain(&state, &outcome) : STR_NONE;
	*spf_r = (struct verdict_spf){
		.result = outcome.result,
		.domain = verify_text(arena, state.sender_domain),
		.identity = identity,
		.sender = verify_text(arena, state.sender),
		.helo = verify_text(arena, str_sub(request->helo, 0, HELO_BYTES_MAX)),
		.ip = verify_text(arena, str_from(state.ip_text)),
		.explanation = verify_text(arena, explanation),
		.problem = verify_text(arena, state.problem),
		.term = verify_text(arena, outcome.term),
		.record = verify_text(arena, state.record),
		.lookups = state.lookups,
		.void_lookups = state.void_lookups,
	};
	if (verify->trace)
		trace(&state, "result", spf_r->domain, outcome.term, auth_result_text(outcome.result),
			arena_printf(arena, "%u of %u look-ups, %u of %u void%s%.*s", state.lookups,
				verify->limits.spf_lookups, state.void_lookups, verify->limits.spf_void_lookups,
				state.problem.ptr ? "; " : "", STR_FMT(spf_r->problem)));
}
