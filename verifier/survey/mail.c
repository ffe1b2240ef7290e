// SPDX-License-Identifier: Apache-2.0
#include "verifier/survey.h"

#include "verifier/dmarc/uri.h"
#include "verifier/survey/advice.h"

#define HOSTS_MAX 10

/* RFC 7505 section 3: one record, and no host. */
static bool is_no_host(struct str host)
{
	return host.len == 0 || str_eq(host, STR("."));
}

static bool is_null_mx(const struct dns_answer *mx)
{
	return mx->status == DNS_OK && mx->count == 1 && is_no_host(mx->records[0].text);
}

static const struct dns_answer *ask(const struct survey *survey, const char *what, struct str name, enum dns_type type)
{
	return verify_query(survey->verify, PART_MESSAGE, 0, what, name, type);
}

static void look_at_host(const struct survey *survey, struct str domain, struct str host)
{
	if (is_no_host(host)) {
		survey_advise(survey, "warning", "mx.null_mixed", domain, NULL,
			"a null MX stands beside other MX records (RFC 7505 section 3)");
		return;
	}
	struct ip ip;
	if (ip_parse(host, &ip)) {
		survey_advise(survey, "high", "mx.no_name", domain, NULL,
			"the MX record names the address %.*s where the name of a host has to stand (RFC 1035 section "
			"3.3.9)", STR_FMT(host));
		return;
	}
	const struct dns_answer *a = ask(survey, "address of an MX host", host, DNS_A);
	if (a->status == DNS_OK && a->alias.ptr)
		survey_advise(survey, "warning", "mx.alias", host, NULL,
			"the MX host %.*s is an alias (RFC 2181 section 10.3)",
			STR_FMT(host));
	if (a->status == DNS_OK || dns_failed(a))
		return;
	const struct dns_answer *aaaa = ask(survey, "address of an MX host", host, DNS_AAAA);
	if (aaaa->status != DNS_OK && !dns_failed(aaaa))
		survey_advise(survey, "high", "mx.no_address", host, NULL, "the MX host %.*s has no address",
			STR_FMT(host));
}

/* True when mail is taken. */
static bool look_at_mx(const struct survey *survey, struct str domain)
{
	const struct dns_answer *mx = ask(survey, "where mail is taken", domain, DNS_MX);
	if (dns_failed(mx)) {
		survey_advise(survey, "warning", "mx.dns", domain, NULL, "DNS does not say where mail is taken");
		return false;
	}
	if (mx->status == DNS_NXDOMAIN && !mx->alias.ptr) {
		survey_advise(survey, "warning", "dns.no_such_name", domain, NULL,
			"there is no such name in DNS (NXDOMAIN): it is mistyped, has expired or was never used");
		return false;
	}
	if (is_null_mx(mx)) {
		survey_step(survey, "mx", domain, STR_NONE, "null MX", "the domain takes no mail (RFC 7505)");
		return false;
	}
	for (size_t i = 0; i < mx->count && i < HOSTS_MAX; i++)
		look_at_host(survey, domain, mx->records[i].text);
	if (mx->count > 0)
		return true;
	const struct dns_answer *a = ask(survey, "the domain itself takes mail (RFC 5321 section 5.1)", domain, DNS_A);
	if (a->status == DNS_OK)
		survey_advise(survey, "info", "mx.implicit", domain, NULL,
			"there is no MX record, mail goes to the address of the name itself; "
			"\"0 .\" would say that none is taken");
	return a->status == DNS_OK;
}

struct kind {
	struct str meant;   /* what begins so is meant as one */
	struct str version; /* what a record begins with */
	const char *several, *broken; /* codes */
};

/* Exactly one record begins with the version: RFC 8461 section 3.1, RFC 8460 section 3. */
static const struct dns_record *only_record(const struct survey *survey, const struct dns_answer *answer,
	const struct kind *kind, struct str name, bool *seen_r)
{
	const struct dns_record *found = NULL, *broken = NULL;
	size_t count = 0;
	for (size_t i = 0; i < answer->count; i++)
		if (str_starts(answer->records[i].text, kind->version)) {
			found = &answer->records[i];
			count++;
		} else if (str_starts_nocase(answer->records[i].text, kind->meant)) {
			broken = &answer->records[i];
		}
	*seen_r = found || broken;
	if (count > 1)
		survey_advise(survey, "warning", kind->several, name, NULL,
			"%zu records with %.*s: senders ignore all of them", count, STR_FMT(kind->version));
	if (broken)
		survey_advise(survey, "warning", kind->broken, name, NULL,
			"\"%.*s\" does not begin with %.*s as it is written: senders ignore it",
			STR_FMT(broken->text), STR_FMT(kind->version));
	return count == 1 ? found : NULL;
}

/* The value of "name=value" between semicolons. */
static struct str field(struct str record, struct str name)
{
	struct str rest = record, piece;
	while (str_split(&rest, ';', &piece)) {
		size_t equals = str_find_char(piece, '=');
		if (equals != SIZE_MAX && str_eq(dmarc_trim(str_sub(piece, 0, equals)), name))
			return dmarc_trim(str_from_offset(piece, equals + 1));
	}
	return STR_NONE;
}

static bool is_sts_id(struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!ascii_is_alnum(id.ptr[i]))
			return false;
	return id.len > 0 && id.len <= 32;
}

/* True when there is a record. */
static bool look_at_mta_sts(const struct survey *survey, struct str domain)
{
	struct str name = survey_name(survey, "_mta-sts", domain);
	const struct dns_answer *answer = ask(survey, "MTA-STS", name, DNS_TXT);
	bool seen;
	const struct kind kind = {STR("v=STS"), STR("v=STSv1;"), "mta_sts.several", "mta_sts.record"};
	const struct dns_record *record = only_record(survey, answer, &kind, name, &seen);
	if (record && is_sts_id(field(record->text, STR("id")))) {
		survey_step(survey, "mta-sts", name, record->text, "record", "the policy file is not fetched");
		return true;
	}
	if (record)
		survey_advise(survey, "warning", "mta_sts.record", name, "v=STSv1; id=1",
			"the MTA-STS record has no id of 1 to 32 letters and digits (RFC 8461 section 3.1)");
	else if (!seen && !dns_failed(answer))
		survey_advise(survey, "info", "mta_sts.none", name, "v=STSv1; id=1",
			"no MTA-STS: senders may be led to deliver without TLS; the record needs a policy file at "
			"https://mta-sts.%.*s/.well-known/mta-sts.txt beside it", STR_FMT(domain));
	return record != NULL;
}

static bool is_report_uri(struct str uris)
{
	struct str piece;
	bool any = uris.len > 0;
	while (uris.len > 0 && str_split(&uris, ',', &piece)) {
		piece = dmarc_trim(piece);
		any = any && dmarc_uri_valid(piece) &&
			(str_starts_nocase(piece, STR("mailto:")) || str_starts_nocase(piece, STR("https://")));
	}
	return any;
}

static void look_at_tls_rpt(const struct survey *survey, struct str domain, bool sts)
{
	struct str name = survey_name(survey, "_smtp._tls", domain);
	const char *plain = arena_printf(survey->verify->arena, "v=TLSRPTv1; rua=mailto:tls-reports@%.*s",
		STR_FMT(domain));
	const struct dns_answer *answer = ask(survey, "TLS-RPT", name, DNS_TXT);
	bool seen;
	const struct kind kind = {STR("v=TLSRPT"), STR("v=TLSRPTv1;"), "tls_rpt.several", "tls_rpt.record"};
	const struct dns_record *record = only_record(survey, answer, &kind, name, &seen);
	if (record && is_report_uri(field(record->text, STR("rua"))))
		survey_step(survey, "tls-rpt", name, record->text, "record", NULL);
	else if (record)
		survey_advise(survey, "warning", "tls_rpt.record", name, plain,
			"the TLS-RPT record has no rua with mailto: or https: (RFC 8460 section 3)");
	else if (!seen && !dns_failed(answer))
		survey_advise(survey, sts ? "warning" : "info", "tls_rpt.none", name, plain,
			"no TLS-RPT: nobody reports %s",
			sts ? "what MTA-STS breaks" : "deliveries that fail for TLS");
}

void survey_mail(const struct verify *verify, struct str domain, struct verdict *verdict)
{
	struct survey survey = {verify, verdict};
	if (!look_at_mx(&survey, domain))
		return;
	look_at_tls_rpt(&survey, domain, look_at_mta_sts(&survey, domain));
}

/* The one SPF record; absent: none, or several. */
static struct str spf_record(const struct dns_answer *answer)
{
	struct str found = STR_NONE;
	size_t count = 0;
	for (size_t i = 0; i < answer->count; i++) {
		struct str text = answer->records[i].text;
		if (str_eq_nocase(text, STR("v=spf1")) || str_starts_nocase(text, STR("v=spf1 "))) {
			found = text;
			count++;
		}
	}
	return count == 1 ? found : STR_NONE;
}

static bool is_refusal(struct str spf)
{
	return str_eq_nocase(dmarc_trim(str_from_offset(spf, sizeof("v=spf1") - 1)), STR("-all"));
}

/* Takes back what was said to a domain that sends. */
static void forget_sender(struct verdict *verdict)
{
	static const char *const codes[] = {"dns.spf_missing", "dmarc.missing", "dmarc.policy_none", "dmarc.no_dkim",
		"bimi.none"};
	size_t kept = 0;
	for (size_t i = 0; i < verdict->advice.count; i++) {
		bool forget = false;
		for (size_t k = 0; k < sizeof(codes) / sizeof(codes[0]); k++)
			forget = forget || str_eq(verdict->advice.at[i].code, str_from(codes[k]));
		if (!forget)
			verdict->advice.at[kept++] = verdict->advice.at[i];
	}
	verdict->advice.count = kept;
}

static void advise_keys(const struct survey *survey)
{
	const struct verdict *verdict = survey->verdict;
	for (size_t i = 0; i < verdict->dkim.count; i++) {
		const struct verdict_dkim *key = &verdict->dkim.at[i];
		struct str name = str_from(arena_printf(survey->verify->arena, "%.*s._domainkey.%.*s",
			STR_FMT(key->selector), STR_FMT(key->domain)));
		if (key->result == AUTH_PASS)
			survey_advise(survey, "warning", "silent.key", name, "v=DKIM1; p=",
				"a domain that sends no mail has no use for a key, and who has it can sign");
	}
}

static void advise_silent(const struct survey *survey, struct str domain, bool refuses, bool takes_mail)
{
	const struct verdict_dmarc *dmarc = &survey->verdict->dmarc;
	if (!refuses)
		survey_advise(survey, "warning", "silent.spf", domain, "v=spf1 -all",
			"a domain that sends no mail says so in SPF");
	if (!str_eq(dmarc->policy, STR("reject")) || dmarc->testing)
		survey_advise(survey, "warning", "silent.dmarc", survey_name(survey, "_dmarc", domain),
			"v=DMARC1; p=reject; sp=reject; np=reject",
				"a domain that sends no mail loses nothing by p=reject");
	if (!takes_mail)
		survey_advise(survey, "info", "silent.mx", domain, NULL,
			"a domain that takes no mail either says so by the MX record \"0 .\" (RFC 7505)");
	advise_keys(survey);
}

enum maybe survey_silent(const struct verify *verify, struct str domain, bool declared, struct verdict *verdict)
{
	struct survey survey = {verify, verdict};
	const struct dns_answer *mx = dns_query(verify->dns, verify->arena, domain, DNS_MX);
	const struct dns_answer *txt = dns_query(verify->dns, verify->arena, domain, DNS_TXT);
	if (dns_failed(mx) || dns_failed(txt))
		return MAYBE_UNKNOWN;
	struct str spf = spf_record(txt);
	bool refuses = is_refusal(spf), null_mx = is_null_mx(mx), silent = refuses || (null_mx && !spf.ptr);
	if (silent || declared) {
		survey_step(&survey, "silent", domain, spf, "sends no mail",
			silent ? "as its records say" : "as is known of it, its records do not say so");
		forget_sender(verdict);
		advise_silent(&survey, domain, refuses, mx->count > 0);
	}
	if (silent)
		return MAYBE_YES;
	if (declared || spf.ptr || mx->count > 0)
		return MAYBE_NO;
	survey_advise(&survey, "info", "silent.unsaid", domain, "v=spf1 -all",
		"nothing says whether this domain sends mail; one that does not should say so");
	return MAYBE_UNKNOWN;
}
