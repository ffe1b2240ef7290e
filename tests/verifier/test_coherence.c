// SPDX-License-Identifier: Apache-2.0
/* Each code of model/coherence_list.h: a record that just contradicts itself, and one that just does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "verifier/coherence.h"

#define ARENA_CEILING_BYTES ((size_t)1024 * 1024)
#define RESULTS_MAX 3

/* "domain result" each; SPF: "domain result scope". */
struct row {
	const char *name;
	const char *dkim, *spf;                   /* as evaluated */
	const char *dkim_results[RESULTS_MAX];
	const char *spf_results[RESULTS_MAX];
	const char *header_from;                  /* NULL: example.com */
	const char *envelope_from;
	const char *disposition;                  /* NULL: none */
	const char *reason;
	const char *policy;                       /* "p=none; sp=…", NULL: p=none */
	bool cut, no_messages, messages_missing;
	const char *codes;
};

static struct arena *arena;
static struct arena *scratch;
static struct psl *psl;
static struct coherence shared; /* by all rows */

static struct str word(struct str *rest)
{
	struct str piece = STR_NONE;
	(void)str_split(rest, ' ', &piece);
	return piece;
}

static int spelled(struct str text, const char *(*spelling)(int value), int count)
{
	for (int i = 1; i < count; i++)
		if (str_eq(text, str_from(spelling(i))))
			return i;
	return 0;
}

static const char *result_word(int value)
{
	return auth_result_text((enum auth_result)value);
}

static const char *disposition_word(int value)
{
	return disposition_text((enum disposition)value);
}

static const char *aligned_word(int value)
{
	return aligned_text((enum aligned)value);
}

static const char *override_word(int value)
{
	return override_type_text((enum override_type)value);
}

static const char *scope_word(int value)
{
	return spf_scope_text((enum spf_scope)value);
}

static void read_policy(struct policy_published *policy, const char *text)
{
	struct str rest = str_from(text), piece;
	*policy = (struct policy_published){.domain = STR("example.com")};
	while (str_split(&rest, ';', &piece)) {
		piece = str_trim(piece);
		size_t equals = str_find_char(piece, '=');
		struct str name = str_sub(piece, 0, equals), value = str_from_offset(piece, equals + 1);
#define TAG(tag, member) if (str_eq(name, STR(tag))) policy->member = value
		TAG("p", p);
		TAG("sp", sp);
		TAG("np", np);
		TAG("adkim", adkim);
		TAG("aspf", aspf);
		TAG("pct", pct);
		TAG("t", testing);
		TAG("domain", domain);
#undef TAG
	}
}

static void add_results(struct aggregate_record *record, const struct row *row)
{
	record->dkim = ARENA_ARRAY(arena, RESULTS_MAX, struct dkim_result);
	record->spf = ARENA_ARRAY(arena, RESULTS_MAX, struct spf_result);
	for (size_t i = 0; i < RESULTS_MAX && row->dkim_results[i]; i++) {
		struct str rest = str_from(row->dkim_results[i]);
		record->dkim[i].domain = word(&rest);
		record->dkim[i].result = (enum auth_result)spelled(word(&rest), result_word, AUTH_POLICY + 1);
		record->dkim_count++;
	}
	for (size_t i = 0; i < RESULTS_MAX && row->spf_results[i]; i++) {
		struct str rest = str_from(row->spf_results[i]);
		record->spf[i].domain = word(&rest);
		record->spf[i].result = (enum auth_result)spelled(word(&rest), result_word, AUTH_POLICY + 1);
		record->spf[i].scope = (enum spf_scope)spelled(word(&rest), scope_word, SPF_SCOPE_UNKNOWN + 1);
		record->spf_count++;
	}
}

static const char *codes_of(uint32_t bits)
{
	struct buf text;
	buf_init(&text, 4096);
	for (unsigned i = 0; i < COHERENCE_CODE_COUNT; i++)
		if (bits & (uint32_t)1 << i)
			buf_printf(&text, "%s%s", text.len ? " " : "", coherence_code_text((enum coherence_code)i));
	const char *codes = arena_cstr(arena, buf_str(&text));
	buf_fini(&text);
	return codes;
}

static const char *judged(const struct row *row)
{
	struct policy_published policy;
	struct override_reason reason = {0};
	struct aggregate_record record = {
		.messages = row->no_messages || row->messages_missing ? 0 : 1,
		.messages_missing = row->messages_missing,
		.results_cut = row->cut,
		.dkim_aligned = (enum aligned)spelled(str_from(row->dkim), aligned_word, ALIGNED_FAIL + 1),
		.spf_aligned = (enum aligned)spelled(str_from(row->spf), aligned_word, ALIGNED_FAIL + 1),
		.header_from = row->header_from ? str_from(row->header_from) : STR("example.com"),
		.envelope_from = str_from(row->envelope_from),
		.disposition = row->disposition ? (enum disposition)spelled(str_from(row->disposition),
			disposition_word, DISPOSITION_REJECT + 1) : DISPOSITION_NONE,
		.reasons = &reason,
		.reasons_count = row->reason != NULL,
	};
	if (row->reason)
		reason.type = (enum override_type)spelled(str_from(row->reason), override_word, OVERRIDE_OTHER + 1);
	read_policy(&policy, row->policy ? row->policy : "p=none");
	add_results(&record, row);
	struct coherence coherence = {.psl = psl, .scratch = scratch};
	uint32_t found = coherence_record(&coherence, &policy, &record);
	/* Again, with what it remembers. */
	assert_int_equal(coherence_record(&coherence, &policy, &record), found);
	assert_int_equal(coherence_record(&shared, &policy, &record), found);
	return codes_of(found);
}

static void check(const struct row *rows, size_t count)
{
	size_t wrong = 0;
	for (size_t i = 0; i < count; i++) {
		const char *found = judged(&rows[i]);
		if (!str_eq(str_from(found), str_from(rows[i].codes))) {
			print_error("%s: \"%s\", not \"%s\"\n", rows[i].name, found, rows[i].codes);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void test_pass(void **state)
{
	static const struct row rows[] = {
		{"as it should be", "pass", "pass", {"example.com pass"}, {"example.com pass mfrom"}, .codes = ""},
		{"no DKIM result passes", "pass", "fail", {"example.com fail", "example.com temperror"},
			{"b.net fail mfrom"}, .codes = "dkim.pass_without_result"},
		{"no signature at all", "pass", "fail", .spf_results = {"b.net fail mfrom"},
			.codes = "dkim.pass_without_result"},
		{"no result of anything", "pass", "pass", .codes = ""},
		{"a word that nobody knows", "pass", "fail", {"example.com unknown"}, .codes = ""},
		{"results were cut", "pass", "fail", {"example.com fail"}, .cut = true, .codes = ""},
		{"another passes", "pass", "fail", {"b.net pass", "example.com fail"}, .codes = "dkim.pass_unaligned"},
		{"one of them is aligned", "pass", "fail", {"b.net pass", "example.com pass"}, .codes = ""},
		{"below it, relaxed", "pass", "fail", {"mail.example.com pass"}, .policy = "p=none; adkim=r",
			.codes = ""},
		{"below it, strict", "pass", "fail", {"mail.example.com pass"}, .policy = "p=none; adkim=s",
			.codes = "dkim.pass_unaligned"},
		{"below it, by a mode that nobody knows", "pass", "fail", {"mail.example.com pass"},
			.policy = "p=none; adkim=strict", .codes = ""},
		{"another one, by a mode that nobody knows", "pass", "fail", {"b.net pass"},
			.policy = "p=none; adkim=strict", .codes = "dkim.pass_unaligned"},
		{"siblings", "pass", "fail", {"a.example.com pass"}, .header_from = "b.example.com", .codes = ""},
		{"below one public suffix", "pass", "fail", {"a.co.uk pass"}, .header_from = "b.co.uk",
			.policy = "p=none; domain=b.co.uk", .codes = "dkim.pass_unaligned"},
		{"what passes names no domain", "pass", "fail", {" pass"}, .codes = ""},
		{"the author is none", "pass", "fail", {"b.net pass"}, .header_from = "joe@x y", .codes = ""},
		{"SPF does not pass", "fail", "pass", {"b.net fail"}, {"example.com softfail mfrom"},
			.codes = "spf.pass_without_result"},
		{"SPF is not there", "fail", "pass", {"b.net fail"}, .codes = "spf.pass_without_result"},
		{"SPF of another", "fail", "pass", .spf_results = {"b.net pass mfrom"}, .codes = "spf.pass_unaligned"},
		{"SPF below it, strict", "fail", "pass", .spf_results = {"b.example.com pass mfrom"},
			.policy = "p=none; aspf=s; adkim=r", .codes = "spf.pass_unaligned"},
		{"SPF of HELO may be looked at", "fail", "pass", .spf_results = {"mx.example.com pass helo"},
			.codes = ""},
	};
	(void)state;
	CHECK(rows);
}

static void test_fail(void **state)
{
	static const struct row rows[] = {
		{"as it should be", "fail", "fail", {"b.net pass"}, {"c.net pass mfrom"}, .codes = ""},
		{"the author's own signature", "fail", "fail", {"example.com pass"},
			.codes = "dkim.fail_though_aligned"},
		{"one of several", "fail", "fail", {"b.net pass", "m.example.com pass"},
			.codes = "dkim.fail_though_aligned"},
		{"strict and below it", "fail", "fail", {"m.example.com pass"}, .policy = "p=none; adkim=s",
			.codes = ""},
		{"strict and the author's own", "fail", "fail", {"example.com pass"}, .policy = "p=none; adkim=S",
			.codes = "dkim.fail_though_aligned"},
		{"below it, by a mode that nobody knows", "fail", "fail", {"m.example.com pass"},
			.policy = "p=none; adkim=relaxed", .codes = ""},
		{"it does not pass", "fail", "fail", {"example.com neutral"}, .codes = ""},
		{"nobody knows whether it passes", "fail", "fail", {"example.com unknown"}, .codes = ""},
		{"cut, and still aligned", "fail", "fail", {"example.com pass"}, .cut = true,
			.codes = "dkim.fail_though_aligned"},
		{"MAIL FROM passes", "fail", "fail", .spf_results = {"b.example.com pass mfrom"},
			.codes = "spf.fail_though_aligned"},
		{"without a scope", "fail", "fail", .spf_results = {"example.com pass"},
			.codes = "spf.fail_though_aligned"},
		{"without a scope, and not of the envelope", "fail", "fail", .spf_results = {"example.com pass"},
			.envelope_from = "b.net", .codes = ""},
		{"HELO passes", "fail", "fail", .spf_results = {"example.com pass helo", "b.net fail mfrom"},
			.codes = ""},
		{"a scope that nobody knows", "fail", "fail", .spf_results = {"example.com pass unknown"}, .codes = ""},
		{"what is evaluated is not known", "none", "none", {"example.com pass"}, {"example.com pass mfrom"},
			.codes = ""},
		{"MAIL FROM of another", "fail", "fail", .spf_results = {"c.net fail mfrom"}, .envelope_from = "b.net",
			.codes = "spf.other_mail_from"},
		{"MAIL FROM of another, which is aligned", "fail", "fail", .spf_results = {"example.com pass mfrom"},
			.envelope_from = "b.net", .codes = "spf.other_mail_from"},
		{"beside HELO", "fail", "fail", .spf_results = {"c.net fail helo", "b.net fail mfrom"},
			.envelope_from = "b.net", .codes = ""},
		{"HELO alone", "fail", "fail", .spf_results = {"c.net fail helo"}, .envelope_from = "b.net",
			.codes = ""},
		{"the null path", "fail", "fail", .spf_results = {"mx.c.net fail mfrom"}, .envelope_from = "",
			.codes = ""},
	};
	(void)state;
	CHECK(rows);
}

#define FAILS "fail", "fail"

static void test_disposition(void **state)
{
	static const struct row rows[] = {
		{"pass and none", "pass", "fail", .disposition = "none", .policy = "p=reject", .codes = ""},
		{"pass and pass", "fail", "pass", .disposition = "pass", .policy = "p=reject", .codes = ""},
		{"pass and quarantine", "pass", "fail", .disposition = "quarantine",
			.codes = "disposition.though_pass"},
		{"pass and reject", "fail", "pass", .disposition = "reject", .policy = "p=reject",
			.codes = "disposition.though_pass"},
		{"with a reason", "pass", "fail", .disposition = "reject", .reason = "local_policy", .codes = ""},
		{"with a reason that nobody knows", "pass", "fail", .disposition = "reject", .reason = "unknown",
			.codes = ""},
		{"fail and pass", FAILS, .disposition = "pass", .policy = "p=reject",
			.codes = "disposition.pass_though_fail"},
		{"fail, pass and a reason", FAILS, .disposition = "pass", .policy = "p=reject",
			.reason = "mailing_list", .codes = ""},
		{"one verdict is not known", "fail", "none", .disposition = "reject", .codes = ""},
		{"a disposition that nobody knows", FAILS, .disposition = "unknown", .policy = "p=reject", .codes = ""},
		{"reject and none", FAILS, .policy = "p=reject", .codes = "disposition.weaker"},
		{"reject, none and a reason", FAILS, .policy = "p=reject", .reason = "forwarded", .codes = ""},
		{"reject and quarantine", FAILS, .disposition = "quarantine", .policy = "p=reject", .codes = ""},
		{"reject and reject", FAILS, .disposition = "reject", .policy = "p=Reject", .codes = ""},
		{"quarantine and none", FAILS, .policy = "p=quarantine", .codes = "disposition.weaker"},
		{"quarantine and reject", FAILS, .disposition = "reject", .policy = "p=quarantine",
			.codes = "disposition.stronger"},
		{"none and quarantine", FAILS, .disposition = "quarantine", .codes = "disposition.stronger"},
		{"sampled", FAILS, .policy = "p=quarantine; pct=99", .codes = ""},
		{"all of it", FAILS, .policy = "p=quarantine; pct=100", .codes = "disposition.weaker"},
		{"a share that is no number", FAILS, .policy = "p=quarantine; pct=all", .codes = ""},
		{"more than the sample", FAILS, .disposition = "reject", .policy = "p=quarantine; pct=50",
			.codes = "disposition.stronger"},
		{"in test mode", FAILS, .policy = "p=quarantine; t=y", .codes = ""},
		{"not in test mode", FAILS, .policy = "p=quarantine; t=n", .codes = "disposition.weaker"},
		{"p is not known", FAILS, .disposition = "reject", .policy = "sp=none", .codes = ""},
		{"p is a word that nobody knows", FAILS, .disposition = "reject", .policy = "p=nil", .codes = ""},
		{"below it by sp", FAILS, .header_from = "a.example.com", .policy = "p=reject; sp=none", .codes = ""},
		{"below it, more than sp", FAILS, .header_from = "a.example.com", .disposition = "reject",
			.policy = "p=reject; sp=none", .codes = "disposition.stronger"},
		{"itself, less than p", FAILS, .policy = "p=reject; sp=none", .codes = "disposition.weaker"},
		{"below it by p", FAILS, .header_from = "a.example.com", .policy = "p=reject",
			.codes = "disposition.weaker"},
		{"below it, sp is empty", FAILS, .header_from = "a.example.com", .policy = "p=reject; sp=",
			.codes = ""},
		{"below it, by np perhaps", FAILS, .header_from = "a.example.com", .disposition = "reject",
			.policy = "p=none; sp=none; np=reject", .codes = ""},
		{"below it, by sp perhaps", FAILS, .header_from = "a.example.com",
			.policy = "p=none; sp=none; np=reject", .codes = ""},
		{"below it, neither by sp nor by np", FAILS, .header_from = "a.example.com",
			.policy = "p=none; sp=quarantine; np=reject", .codes = "disposition.weaker"},
		{"test mode that is not", FAILS, .disposition = "quarantine", .policy = "p=reject; t=n",
			.reason = "policy_test_mode", .codes = "override.not_testing"},
		{"test mode that is", FAILS, .disposition = "quarantine", .policy = "p=reject; t=y",
			.reason = "policy_test_mode", .codes = ""},
		{"test mode that is not told", FAILS, .disposition = "quarantine", .policy = "p=reject",
			.reason = "policy_test_mode", .codes = ""},
		{"sampled out of all", FAILS, .policy = "p=reject; pct=100", .reason = "sampled_out",
			.codes = "override.not_sampled"},
		{"sampled out of some", FAILS, .policy = "p=reject; pct=0", .reason = "sampled_out", .codes = ""},
	};
	(void)state;
	CHECK(rows);
}

static void test_identifiers(void **state)
{
	static const struct row rows[] = {
		{"another's domain", FAILS, .header_from = "example.net", .codes = "header_from.foreign"},
		{"a name that ends alike", FAILS, .header_from = "badexample.com", .codes = "header_from.foreign"},
		{"above it", FAILS, .header_from = "com", .codes = "header_from.foreign"},
		{"below it", FAILS, .header_from = "a.b.example.com", .codes = ""},
		{"no name", FAILS, .header_from = "", .codes = ""},
		{"no mail", FAILS, .no_messages = true, .codes = "count.zero"},
		{"no count", FAILS, .messages_missing = true, .codes = ""},
	};
	(void)state;
	CHECK(rows);
}

static void test_without_list(void **state)
{
	const struct row row = {"", "pass", "fail", {"b.net pass"}, .codes = ""};
	struct psl *list = psl;
	(void)state;
	psl = NULL;
	shared.psl = NULL;
	assert_string_equal(judged(&row), "");
	shared.psl = psl = list;
	assert_string_equal(judged(&row), "dkim.pass_unaligned");
}

static void test_dates(void **state)
{
	const struct aggregate_head head = {.begin_epoch_secs = 1700000000, .end_epoch_secs = 1700086400};
	(void)state;
	assert_string_equal(codes_of(coherence_report(&head, 1700086400)), "");
	assert_string_equal(codes_of(coherence_report(&head, 1700086400 - 14 * 3600)), "");
	assert_string_equal(codes_of(coherence_report(&head, 1700086400 - 14 * 3600 - 1)), "dates.ahead");
	assert_string_equal(codes_of(coherence_report(&head, 0)), "");
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_open(ARENA_CEILING_BYTES);
	scratch = arena_open(ARENA_CEILING_BYTES);
	psl = psl_builtin_list();
	shared = (struct coherence){.psl = psl, .scratch = scratch};
	return psl ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	psl_close(&psl);
	arena_close(&arena);
	arena_close(&scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_disposition),
		cmocka_unit_test(test_identifiers),
		cmocka_unit_test(test_without_list),
		cmocka_unit_test(test_dates),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
