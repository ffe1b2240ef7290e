// SPDX-License-Identifier: Apache-2.0
#include "verifier/survey_spf.h"

#include "verifier/spf/macro.h"
#include "verifier/spf/record.h"
#include "verifier/survey/advice.h"

#define DEPTH_MAX 10     /* of includes; each is a look-up, so no more can be in order */
#define RECORDS_MAX 40
#define ASKED_MAX 40     /* terms; further ones are counted only */
#define TYPE_SPF ((enum dns_type)99) /* RFC 4408 section 3.1.1, gone with RFC 7208 section 3.1 */
#define UDP_BYTES 512    /* RFC 7208 section 3.4 */
#define ANSWER_BYTES 30  /* of a message besides the name and the records: header, question, EDNS */
#define RECORD_BYTES 12  /* of a record besides its strings, its name compressed */

/* How wide a network may be before it is worth a word: ISPs are given a /32 of IPv6. */
#define WIDE_PREFIX4 8
#define WIDE_PREFIX6 31

struct spf_survey {
	struct survey common;
	struct spf_state state; /* for the macros */
	unsigned records;
	unsigned lookups;
	unsigned void_lookups[2]; /* of an IPv4 client, of an IPv6 client */
	unsigned shut;            /* includes around that let nobody in */
	bool broken, unanswered;
};

/* From a record up to the domain itself. */
struct path {
	const struct path *up;
	struct str domain;
};

static void trace(struct spf_survey *survey, const char *kind, struct str name, struct str value, const char *result,
	const char *note)
{
	trace_add(survey->state.verify, &(struct trace_step){
		.part = verdict_part_word(PART_SPF),
		.depth = survey->state.depth,
		.kind = str_from(kind),
		.name = name,
		.value = value,
		.result = str_from(result),
		.note = str_from(note),
	});
}

static const struct dns_answer *ask(struct spf_survey *survey, const char *what, struct str name, enum dns_type type)
{
	const struct dns_answer *answer = verify_query(survey->state.verify, PART_SPF, survey->state.depth, what, name,
		type);
	survey->unanswered = survey->unanswered || dns_failed(answer);
	return answer;
}

static bool is_void(const struct dns_answer *answer)
{
	return answer->status == DNS_NODATA || answer->status == DNS_NXDOMAIN;
}

/* The addresses of one name, of both families: is there any? */
static bool ask_addresses(struct spf_survey *survey, struct str name)
{
	const struct dns_answer *four = ask(survey, "address of an SPF term", name, DNS_A);
	const struct dns_answer *six = ask(survey, "address of an SPF term", name, DNS_AAAA);
	survey->void_lookups[0] += is_void(four);
	survey->void_lookups[1] += is_void(six);
	return !is_void(four) || !is_void(six);
}

/* What can be known of a target name without a message. */
static bool target_of(struct spf_survey *survey, struct str domain, struct str spec, struct str *name_r)
{
	*name_r = domain;
	if (!spec.ptr)
		return true;
	return !spf_macro_needs_message(spec) && spf_expand_name(&survey->state, domain, spec, name_r);
}

static void survey_mx(struct spf_survey *survey, const struct spf_term *term, struct str domain, struct str name)
{
	const struct dns_answer *answer = ask(survey, "MX of an SPF term", name, DNS_MX);
	unsigned max = survey->state.verify->limits.spf_names;
	if (is_void(answer)) {
		survey->void_lookups[0]++;
		survey->void_lookups[1]++;
		survey_advise(&survey->common, "warning", "dns.spf_dead", domain, NULL,
			"%.*s: %.*s has no MX, so the term matches nothing", STR_FMT(term->text), STR_FMT(name));
	}
	if (answer->count > max) {
		survey->broken = true;
		survey_advise(&survey->common, "high", "dns.spf_limits", domain, NULL,
			"%.*s: %.*s has %zu MX, and more than %u are an error (RFC 7208 section 4.6.4)",
			STR_FMT(term->text), STR_FMT(name), answer->count, max);
	}
	for (size_t i = 0; i < answer->count && i < max; i++) {
		struct str host = answer->records[i].text;
		if (dns_name_valid(host) && !ask_addresses(survey, host))
			survey_advise(&survey->common, "warning", "dns.spf_dead", domain, NULL,
				"%.*s: the MX %.*s has no address", STR_FMT(term->text), STR_FMT(host));
	}
}

static void survey_target(struct spf_survey *survey, const struct spf_term *term, struct str domain, struct str name)
{
	if (!dns_name_valid(name)) {
		survey_advise(&survey->common, "warning", "dns.spf_dead", domain, NULL,
			"%.*s: no name that the DNS can carry, so the term matches nothing", STR_FMT(term->text));
	} else if (term->mechanism == SPF_MX) {
		survey_mx(survey, term, domain, name);
	} else if (term->mechanism == SPF_A) {
		if (!ask_addresses(survey, name))
			survey_advise(&survey->common, "warning", "dns.spf_dead", domain, NULL,
				"%.*s: %.*s has no address, so the term matches nothing", STR_FMT(term->text),
				STR_FMT(name));
	} else if (term->mechanism == SPF_EXISTS && is_void(ask(survey, "exists of an SPF term", name, DNS_A))) {
		survey->void_lookups[0]++;
		survey->void_lookups[1]++;
	}
}

/* Whom a term lets in, before any question. */
static void advise_term(struct spf_survey *survey, const struct spf_term *term, struct str domain)
{
	bool lets_in = term->result == AUTH_PASS && survey->shut == 0;
	bool four = term->mechanism == SPF_IP4 || term->mechanism == SPF_A || term->mechanism == SPF_MX;
	bool six = term->mechanism == SPF_IP6 || term->mechanism == SPF_A || term->mechanism == SPF_MX;
	if (lets_in && ((four && term->prefix4 <= WIDE_PREFIX4) || (six && term->prefix6 <= WIDE_PREFIX6)))
		survey_advise(&survey->common, "warning", "dns.spf_wide", domain, NULL,
			"%.*s lets a large part of the internet send as this domain", STR_FMT(term->text));
	if (term->mechanism == SPF_PTR || (term->domain_spec.ptr &&
		(str_find_nocase(term->domain_spec, STR("%{p")) != SIZE_MAX)))
		survey_advise(&survey->common, "warning", "dns.spf_ptr", domain, NULL,
			"%.*s: slow, unreliable, a load on the servers of .arpa, and not to be used "
			"(RFC 7208 section 5.5)", STR_FMT(term->text));
	if (term->mechanism == SPF_ALL && lets_in)
		survey_advise(&survey->common, "high", "dns.spf_pass_all", domain, NULL,
			"%.*s lets the whole internet send as this domain", STR_FMT(term->text));
	if (term->mechanism == SPF_ALL && term->result == AUTH_NEUTRAL && survey->state.depth == 0)
		survey_advise(&survey->common, "warning", "dns.spf_neutral_all", domain, NULL,
			"?all says nothing of hosts that are not listed; ~all or -all does");
}

static void survey_record(struct spf_survey *survey, const struct path *up, struct str domain, struct str led);

static const char *on_match(const struct spf_term *term)
{
	switch (term->result) {
	case AUTH_FAIL:
		return "fail on a match";
	case AUTH_SOFTFAIL:
		return "softfail on a match";
	case AUTH_NEUTRAL:
		return "neutral on a match";
	case AUTH_PASS:
	case AUTH_UNKNOWN:
	case AUTH_NONE:
	case AUTH_TEMPERROR:
	case AUTH_PERMERROR:
	case AUTH_POLICY:
	case AUTH_DECLINED:
	case AUTH_SKIPPED:
		break;
	}
	return "pass on a match";
}

static void count_lookup(struct spf_survey *survey, struct str text, struct str name, const char *result)
{
	survey->lookups++;
	if (survey->state.verify->trace)
		trace(survey, "term", text, name, result, arena_printf(survey->state.verify->arena, "look-up %u of %u",
			survey->lookups, survey->state.verify->limits.spf_lookups));
}

static void survey_include(struct spf_survey *survey, const struct path *path, const struct spf_term *term,
	struct str name)
{
	unsigned shut = term->result != AUTH_PASS;
	survey->state.depth++;
	survey->shut += shut;
	survey_record(survey, path, name, term->text);
	survey->shut -= shut;
	survey->state.depth--;
}

static void survey_term(struct spf_survey *survey, const struct path *path, const struct spf_term *term)
{
	struct str name = STR_NONE;
	bool known = target_of(survey, path->domain, term->domain_spec, &name);
	advise_term(survey, term, path->domain);
	if (!spf_term_asks(term)) {
		if (survey->state.verify->trace)
			trace(survey, "term", term->text, STR_NONE, on_match(term), NULL);
		return;
	}
	count_lookup(survey, term->text, known ? name : STR_NONE,
		known ? on_match(term) : "depends on the message");
	if (survey->lookups > ASKED_MAX)
		return;
	if (known && term->mechanism == SPF_INCLUDE)
		survey_include(survey, path, term, name);
	else if (known)
		survey_target(survey, term, path->domain, name);
}

static void survey_redirect(struct spf_survey *survey, const struct path *path, const struct spf_record *record)
{
	struct str name;
	if (record->all) {
		survey_advise(&survey->common, "info", "dns.spf_redirect", path->domain, NULL,
			"%.*s is never followed, as the record has \"all\" (RFC 7208 section 6.1)",
			STR_FMT(record->redirect.text));
		return;
	}
	bool known = target_of(survey, path->domain, record->redirect.domain_spec, &name);
	count_lookup(survey, record->redirect.text, known ? name : STR_NONE,
		known ? "redirect" : "depends on the message");
	if (known && survey->lookups <= ASKED_MAX)
		survey_record(survey, path, name, record->redirect.text);
}

static void survey_terms(struct spf_survey *survey, const struct path *path, const struct spf_record *record)
{
	size_t i = 0;
	while (i < record->count) {
		survey_term(survey, path, &record->terms[i]);
		if (record->terms[i++].mechanism == SPF_ALL)
			break;
	}
	if (i < record->count)
		survey_advise(&survey->common, "info", "dns.spf_after_all", path->domain, NULL,
			"%.*s stands behind \"all\" and is never looked at", STR_FMT(record->terms[i].text));
	if (record->redirect.text.ptr)
		survey_redirect(survey, path, record);
	else if (!record->all && survey->state.depth == 0)
		survey_advise(&survey->common, "warning", "dns.spf_open_end", path->domain, NULL,
			"the record ends without \"all\" or redirect, which is as ?all: it says nothing of other "
			"hosts");
}

/* The one record among the answer's; absent when there is none, or more than one. */
static struct str only_record(const struct dns_answer *answer, size_t *found_r, size_t *bytes_r)
{
	struct str text = STR_NONE;
	*found_r = 0;
	*bytes_r = ANSWER_BYTES + answer->name.len;
	for (size_t i = 0; i < answer->count; i++) {
		*bytes_r += RECORD_BYTES + answer->records[i].text.len + answer->records[i].text.len / 255 + 1;
		if (spf_record_selected(answer->records[i].text) && (*found_r)++ == 0)
			text = answer->records[i].text;
	}
	return *found_r == 1 ? text : STR_NONE;
}

static void advise_answer(struct spf_survey *survey, struct str domain, struct str led, size_t found, size_t bytes)
{
	if (found > 1)
		survey_advise(&survey->common, "high", "dns.spf_multiple", domain, NULL,
			"%.*s has %zu SPF records, which is as bad as a broken one; join them "
			"(RFC 7208 section 4.5)",
			STR_FMT(domain), found);
	else if (found == 0 && led.ptr)
		survey_advise(&survey->common, "high", "dns.spf_dead", domain, NULL,
			"%.*s: %.*s has no SPF record, which makes the whole record an error "
			"(RFC 7208 sections 5.2, 6.1)", STR_FMT(led), STR_FMT(domain));
	else if (found == 0)
		survey_advise(&survey->common, "high", "dns.spf_missing", domain, "v=spf1 mx ~all",
			"%.*s has no SPF record; for a domain that sends no mail it is \"v=spf1 -all\"",
			STR_FMT(domain));
	if (found == 1 && bytes > UDP_BYTES)
		survey_advise(&survey->common, "info", "dns.spf_long", domain, NULL,
			"the TXT records of %.*s need about %zu bytes, and more than %d do not fit everywhere "
			"(RFC 7208 section 3.4)", STR_FMT(domain), bytes, UDP_BYTES);
}

static bool is_above(const struct path *path, struct str domain)
{
	for (; path; path = path->up)
		if (str_eq_nocase(path->domain, domain))
			return true;
	return false;
}

/* led: the term that led here, absent for the domain itself. */
static void survey_record(struct spf_survey *survey, const struct path *up, struct str domain, struct str led)
{
	const struct verify *verify = survey->state.verify;
	struct path path = {.up = up, .domain = domain};
	struct spf_record record;
	struct spf_fault fault;
	size_t found, bytes;
	if (is_above(up, domain)) {
		survey->broken = true;
		survey_advise(&survey->common, "high", "dns.spf_loop", up->domain, NULL,
			"%.*s leads back to a record that led here", STR_FMT(led));
		return;
	}
	if (survey->state.depth > DEPTH_MAX || survey->records == RECORDS_MAX)
		return;
	survey->records++;
	const struct dns_answer *answer = ask(survey, "SPF record", domain, DNS_TXT);
	if (dns_failed(answer)) {
		survey_advise(&survey->common, "warning", "dns.spf_unanswered", domain, NULL,
			"the DNS gave no answer for %.*s, which is a temporary error for each message",
			STR_FMT(domain));
		return;
	}
	struct str text = only_record(answer, &found, &bytes);
	advise_answer(survey, domain, led, found, bytes);
	if (!text.ptr) {
		survey->broken = survey->broken || found > 1 || led.ptr;
		return;
	}
	if (!led.ptr)
		VERDICT_ADD(verify->arena, &survey->common.verdict->spf)->record = verify_text(verify->arena, text);
	if (!spf_record_parse(verify->arena, text, &record, &fault)) {
		survey->broken = true;
		struct str term = verify_text(verify->arena, fault.term);
		survey_advise(&survey->common, "high", "dns.spf_syntax", domain, NULL, "%.*s: %s", STR_FMT(term),
			fault.sentence);
		trace(survey, "record", domain, text, "permerror", fault.sentence);
		return;
	}
	trace(survey, "record", domain, text, "read", NULL);
	survey_terms(survey, &path, &record);
}

static void advise_limits(struct spf_survey *survey, struct str domain)
{
	const struct verify_limits *limits = &survey->state.verify->limits;
	if (survey->lookups > limits->spf_lookups) {
		survey->broken = true;
		survey_advise(&survey->common, "high", "dns.spf_limits", domain, NULL,
			"%u terms ask the DNS, and more than %u are an error (RFC 7208 section 4.6.4)", survey->lookups,
			limits->spf_lookups);
	}
	if (survey->void_lookups[0] > limits->spf_void_lookups) {
		survey->broken = true;
		survey_advise(&survey->common, "high", "dns.spf_limits", domain, NULL,
			"%u look-ups find nothing, and more than %u are an error (RFC 7208 section 4.6.4)",
			survey->void_lookups[0], limits->spf_void_lookups);
	} else if (survey->void_lookups[1] > limits->spf_void_lookups) {
		survey_advise(&survey->common, "info", "dns.spf_limits", domain, NULL,
			"for a client with an IPv6 address %u look-ups find nothing, and more than %u are an error "
			"(RFC 7208 section 4.6.4)", survey->void_lookups[1], limits->spf_void_lookups);
	}
}

static void advise_type(struct spf_survey *survey, struct str domain)
{
	const struct dns_answer *answer = verify_query(survey->state.verify, PART_SPF, 0,
		"record of the type SPF, which nobody reads", domain, TYPE_SPF);
	if (answer->status == DNS_OK && answer->count > 0)
		survey_advise(&survey->common, "info", "dns.spf_type", domain, NULL,
			"there is a record of the type SPF (99), which nobody reads any more (RFC 7208 section 3.1)");
}

static enum auth_result result_of(const struct spf_survey *survey, bool found)
{
	if (survey->broken)
		return AUTH_PERMERROR;
	if (survey->unanswered)
		return AUTH_TEMPERROR;
	return found ? AUTH_PASS : AUTH_NONE;
}

void survey_spf(const struct verify *verify, struct str domain, struct verdict *verdict)
{
	struct spf_survey survey = {
		.state = {.verify = verify, .sender_domain = domain, .ascii = true},
		.common = {verify, verdict},
	};
	size_t before = verdict->spf.count;
	survey_record(&survey, NULL, domain, STR_NONE);
	bool found = verdict->spf.count > before;
	if (!found)
		(void)VERDICT_ADD(verify->arena, &verdict->spf);
	advise_limits(&survey, domain);
	advise_type(&survey, domain);
	struct verdict_spf *spf = &verdict->spf.at[before];
	spf->result = result_of(&survey, found);
	spf->domain = verify_text(verify->arena, domain);
	spf->identity = STR("mailfrom");
	spf->lookups = survey.lookups;
	spf->void_lookups = survey.void_lookups[0];
	if (verify->trace)
		trace(&survey, "result", domain, STR_NONE, auth_result_text(spf->result),
			arena_printf(verify->arena, "%u of %u look-ups, %u of %u void (%u from IPv6)", survey.lookups,
				verify->limits.spf_lookups, survey.void_lookups[0], verify->limits.spf_void_lookups,
				survey.void_lookups[1]));
}
