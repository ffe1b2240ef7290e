// SPDX-License-Identifier: Apache-2.0
#include "verifier/survey_dkim.h"

#include "verifier/dkim/key_record.h"

#define BITS_ADVISED 2048
#define TEXT_BYTES_MAX 2048
#define KEY_LIKE "v=DKIM1; k=rsa; p=BASE64-OF-THE-PUBLIC-KEY"

struct survey {
	const struct verify *verify;
	struct verdict *verdict;
	struct str name; /* of the key */
};

static void advise(const struct survey *survey, const char *severity, const char *code, const char *record,
	const char *text)
{
	*VERDICT_ADD(survey->verify->arena, &survey->verdict->advice) = (struct verdict_advice){
		.severity = str_from(severity),
		.code = str_from(code),
		.name = survey->name,
		.type = STR("TXT"),
		.record = str_from(record),
		.text = str_from(text),
	};
}

static struct verdict_dkim *add(const struct survey *survey, struct str domain, struct str selector,
	enum auth_result result, const char *reason, struct str detail)
{
	struct verdict_dkim *entry = VERDICT_ADD(survey->verify->arena, &survey->verdict->dkim);
	*entry = (struct verdict_dkim){
		.result = result,
		.domain = domain,
		.selector = selector,
		.reason = str_from(reason),
		.detail = verify_text(survey->verify->arena, detail),
	};
	return entry;
}

static const char *reason_of(enum key_state state)
{
	switch (state) {
	case KEY_USABLE:
		return NULL;
	case KEY_NOT_DKIM:
		return "key_version";
	case KEY_SYNTAX:
		return "key_syntax";
	case KEY_UNSUPPORTED:
		return "key_type";
	case KEY_REVOKED:
		return "key_revoked";
	case KEY_BROKEN:
		return "key_broken";
	}
	die("no state %d of a key", (int)state);
}

static void advise_usable(const struct survey *survey, const struct key_record *record)
{
	if (record->type == KEY_RSA && record->bits < survey->verify->limits.rsa_bits_min)
		advise(survey, "high", "dkim.key_short", KEY_LIKE, arena_printf(survey->verify->arena,
			"no receiver may count a key of %u bits (RFC 8301 section 3.2): publish one of 2048",
			record->bits));
	else if (record->type == KEY_RSA && record->bits < BITS_ADVISED)
		advise(survey, "warning", "dkim.key_weak", KEY_LIKE, arena_printf(survey->verify->arena,
			"the key has %u bits; signers should use 2048 (RFC 8301 section 3.2)", record->bits));
	else if (record->bits > survey->verify->limits.rsa_bits_max)
		advise(survey, "warning", "dkim.key_long", KEY_LIKE, arena_printf(survey->verify->arena,
			"many receivers do not verify keys of %u bits: publish one of 2048", record->bits));
	if (record->testing)
		advise(survey, "info", "dkim.testing", NULL, "the key says t=y, testing: take that away");
	if (!record->sha256)
		advise(survey, "high", "dkim.key_hash", NULL,
			"h= does not allow sha256, the only hash there is (RFC 8301)");
	if (!record->email)
		advise(survey, record->tlsrpt ? "info" : "warning", "dkim.key_service", NULL,
			"s= does not allow email: this key signs no mail");
}

static void judge_size(const struct survey *survey, const struct key_record *record, struct verdict_dkim *entry)
{
	const struct verify_limits *limits = &survey->verify->limits;
	if (record->type != KEY_RSA || (record->bits >= limits->rsa_bits_min && record->bits <= limits->rsa_bits_max))
		return;
	entry->result = AUTH_POLICY;
	entry->reason = record->bits < limits->rsa_bits_min ? STR("key_short") : STR("key_long");
	entry->detail = str_from(arena_printf(survey->verify->arena, "the RSA key has %u bits", record->bits));
}

static void trace_key(const struct survey *survey, const struct key_record *record, const struct verdict_dkim *entry)
{
	if (!survey->verify->trace)
		return;
	trace_add(survey->verify, &(struct trace_step){
		.part = verdict_part_word(PART_DKIM),
		.depth = 1,
		.kind = STR("key"),
		.name = str_from(arena_printf(survey->verify->arena, "%.*s %u%s%s", STR_FMT(entry->algorithm),
			record->bits, record->testing ? ", t=y" : "", record->strict ? ", t=s" : "")),
		.result = entry->reason.ptr ? entry->reason : STR("usable"),
		.note = entry->detail,
	});
}

static void survey_record(const struct survey *survey, struct str domain, struct str selector, struct str text)
{
	struct arena *arena = survey->verify->arena;
	struct key_record record;
	key_record_parse(arena, text, &record);
	struct verdict_dkim *entry = add(survey, domain, selector,
		record.state == KEY_USABLE ? AUTH_PASS : AUTH_PERMERROR,
		reason_of(record.state), record.problem);
	bool typed = record.state == KEY_USABLE || record.state == KEY_REVOKED || record.state == KEY_BROKEN;
	entry->key_record = verify_text(arena, str_sub(text, 0, TEXT_BYTES_MAX));
	entry->key_bits = record.bits;
	entry->key_testing = record.testing;
	if (typed)
		entry->algorithm = record.type == KEY_RSA ? STR("rsa") : STR("ed25519");
	if (record.state == KEY_USABLE) {
		judge_size(survey, &record, entry);
		advise_usable(survey, &record);
	} else if (record.state == KEY_REVOKED) {
		advise(survey, "info", "dkim.key_revoked", NULL,
			"the key is revoked; nothing may be signed with it any more");
	} else {
		advise(survey, "high", "dkim.key_broken", KEY_LIKE,
			arena_printf(arena, "receivers ignore the record: %.*s", STR_FMT(entry->detail)));
	}
	trace_key(survey, &record, entry);
}

static void survey_selector(struct survey *survey, struct str domain, struct str selector)
{
	struct arena *arena = survey->verify->arena;
	survey->name = str_from(arena_printf(arena, "%.*s._domainkey.%.*s", STR_FMT(selector), STR_FMT(domain)));
	const struct dns_answer *answer = verify_query(survey->verify, PART_DKIM, 0, "DKIM key", survey->name, DNS_TXT);
	size_t count = answer->count < DNS_TXT_RECORDS_MAX ? answer->count : DNS_TXT_RECORDS_MAX;
	if (dns_failed(answer)) {
		(void)add(survey, domain, selector, AUTH_TEMPERROR, "key_dns", STR("the DNS did not answer"));
		advise(survey, "warning", "dkim.dns", NULL, "the DNS did not answer the question for the key");
		return;
	}
	if (count == 0) {
		(void)add(survey, domain, selector, AUTH_PERMERROR, "no_key", STR("there is no key in the DNS"));
		advise(survey, "high", "dkim.key_missing", KEY_LIKE, "there is no key under this selector");
		return;
	}
	if (count > 1)
		advise(survey, "warning", "dkim.key_several", NULL,
			"several records stand under one selector: receivers may take any of them");
	for (size_t i = 0; i < count; i++)
		survey_record(survey, domain, selector, answer->records[i].text);
}

void survey_dkim(const struct verify *verify, struct str domain, const struct str *selectors, size_t count,
	struct verdict *verdict)
{
	struct survey survey = {.verify = verify, .verdict = verdict};
	for (size_t i = 0; i < count; i++)
		survey_selector(&survey, arena_str(verify->arena, domain), arena_str(verify->arena, selectors[i]));
}
