// SPDX-License-Identifier: Apache-2.0
/* libdmarcverify by its public header alone, as a stranger would use it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "verifier/dmarcverify.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1790000000)
#define ALL SIZE_MAX
#define MAIL "From: a <a@example.com>\r\nSubject: s\r\n\r\nhello\r\n"
#define ZONE \
	"example.com TXT \"v=spf1 ip4:192.0.2.1 -all\"\n" \
	"_dmarc.example.com TXT \"v=DMARC1; p=reject\"\n" \
	"default._bimi.example.com TXT \"v=BIMI1; l=https://example.com/l.svg\"\n"

static struct dmarcverify_replay *replay_of(const char *text)
{
	char problem[200] = "";
	struct dmarcverify_replay *replay = dmarcverify_replay_open(text, strlen(text), problem, sizeof(problem));
	if (!replay)
		fail_msg("%s", problem);
	return replay;
}

static void assert_field(struct dmarcverify_result *result, const char *part, size_t index, const char *field,
	const char *expected)
{
	const char *got = dmarcverify_get(result, part, index, field);
	if (!got || strcmp(got, expected) != 0)
		fail_msg("%s[%zu].%s is %s, not %s", part, index, field, got ? got : "NULL", expected);
}

static struct dmarcverify *handle_of(const char *ip, const char *mail_from)
{
	struct dmarcverify *handle = dmarcverify_open();
	assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_IP, ip, ALL), 0);
	assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_MAIL_FROM, mail_from, ALL), 0);
	assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_HELO, "mx.example.com", ALL), 0);
	return handle;
}

static void test_check(void **state)
{
	(void)state;
	struct dmarcverify_replay *replay = replay_of(ZONE);
	const struct dmarcverify_dns dns = {dmarcverify_replay_query, replay};
	struct dmarcverify *handle = handle_of("192.0.2.1", "b@example.com");
	assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_TRACE, "yes", ALL), 0);
	struct dmarcverify_result *result = dmarcverify_check(handle, &dns, NOW, MAIL, sizeof(MAIL) - 1);
	dmarcverify_close(handle);
	dmarcverify_replay_close(replay);
	assert_field(result, "spf", 0, "result", "pass");
	assert_field(result, "spf", 0, "domain", "example.com");
	assert_field(result, "dmarc", 0, "result", "pass");
	assert_field(result, "dmarc", 0, "policy", "reject");
	assert_field(result, "dmarc", 0, "spf_aligned", "true");
	assert_field(result, "dmarc", 0, "dkim_aligned", "false");
	assert_field(result, "bimi", 0, "result", "pass");
	assert_int_equal(dmarcverify_count(result, "dkim"), 0);
	assert_true(dmarcverify_count(result, "trace") > 3);
	assert_true(dmarcverify_count(result, "identity") > 0);
	assert_non_null(strstr(dmarcverify_trace(result), "_dmarc.example.com TXT"));
	assert_non_null(strstr(dmarcverify_answers(result), "v=DMARC1"));
	assert_true(strncmp(dmarcverify_json(result), "{\"", 2) == 0);
	assert_non_null(strstr(dmarcverify_json(result), "\"dmarc\":{\"result\":\"pass\""));
	assert_ptr_equal(dmarcverify_json(result), dmarcverify_json(result));
	const char *authres = dmarcverify_authres(result, "mx.receiver.example");
	assert_non_null(strstr(authres, "mx.receiver.example"));
	assert_non_null(strstr(authres, "dmarc=pass"));
	dmarcverify_free(result);
}

/* What a verdict rests on repeats it, bit for bit. */
static void test_repeated(void **state)
{
	(void)state;
	struct dmarcverify_replay *replay = replay_of(ZONE);
	struct dmarcverify_dns dns = {dmarcverify_replay_query, replay};
	struct dmarcverify *handle = handle_of("192.0.2.2", "b@example.com");
	struct dmarcverify_result *first = dmarcverify_check(handle, &dns, NOW, MAIL, sizeof(MAIL) - 1);
	struct dmarcverify_replay *again = replay_of(dmarcverify_answers(first));
	dns.context = again;
	struct dmarcverify_result *second = dmarcverify_check(handle, &dns, NOW, MAIL, sizeof(MAIL) - 1);
	assert_field(first, "spf", 0, "result", "fail");
	assert_field(first, "dmarc", 0, "result", "fail");
	assert_string_equal(dmarcverify_json(first), dmarcverify_json(second));
	assert_string_equal(dmarcverify_trace(first), "");
	dmarcverify_free(first);
	dmarcverify_free(second);
	dmarcverify_close(handle);
	dmarcverify_replay_close(replay);
	dmarcverify_replay_close(again);
}

static void test_options(void **state)
{
	(void)state;
	static const struct {
		enum dmarcverify_option option;
		const char *value;
		int expected;
	} GIVEN[] = {
		{DMARCVERIFY_IP, "2001:db8::1", 0}, {DMARCVERIFY_IP, "192.0.2.256", -1}, {DMARCVERIFY_IP, "", -1},
		{DMARCVERIFY_IP, NULL, 0}, {DMARCVERIFY_METHOD, "psl", 0}, {DMARCVERIFY_METHOD, "other", -1},
		{DMARCVERIFY_SAMPLE, "99", 0}, {DMARCVERIFY_SAMPLE, "100", -1}, {DMARCVERIFY_SAMPLE, "x", -1},
		{DMARCVERIFY_QUERIES_MAX, "5", 0}, {DMARCVERIFY_QUERIES_MAX, "-5", -1}, {DMARCVERIFY_TRACE, "1", -1},
		{DMARCVERIFY_TRACE, "no", 0}, {DMARCVERIFY_PUBLIC_SUFFIX_LIST, "com\nexample\n", 0},
		{DMARCVERIFY_PUBLIC_SUFFIX_LIST, NULL, 0}, {DMARCVERIFY_MAIL_FROM, "", 0},
		{(enum dmarcverify_option)0, "x", -1}, {(enum dmarcverify_option)999, "x", -1},
	};
	assert_string_equal(dmarcverify_version(), DMARCD_VERSION);
	struct dmarcverify *handle = dmarcverify_open();
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++)
		assert_int_equal(dmarcverify_set(handle, GIVEN[i].option, GIVEN[i].value, ALL), GIVEN[i].expected);
	for (int i = 0; i < 256; i++)
		assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_TRUSTED_HOP, "mx", 2), 0);
	assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_TRUSTED_HOP, "mx", 2), -1);
	assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_TRUSTED_HOP, NULL, 0), 0);
	assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_TRUSTED_HOP, "mx", 2), 0);
	dmarcverify_close(handle);
	dmarcverify_close(NULL);
	dmarcverify_free(NULL);
	dmarcverify_replay_close(NULL);
}

static size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

/* One handle serves a stream of transactions: a value that goes takes its memory with it. */
static void test_options_again(void **state)
{
	(void)state;
	static char large[64 * 1024];
	static const enum dmarcverify_option OPTIONS[] = {DMARCVERIFY_HELO, DMARCVERIFY_MAIL_FROM,
		DMARCVERIFY_RECEIVER, DMARCVERIFY_BIMI_EVIDENCE, DMARCVERIFY_BIMI_INDICATOR};
	struct dmarcverify *handle = dmarcverify_open();
	size_t before = allocated();
	for (size_t i = 0; i < 1000; i++) {
		for (size_t k = 0; k < sizeof(OPTIONS) / sizeof(OPTIONS[0]); k++)
			assert_int_equal(dmarcverify_set(handle, OPTIONS[k], large, sizeof(large)), 0);
		assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_IP, "192.0.2.1", ALL), 0);
		assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_TRUSTED_HOP, large, sizeof(large)), 0);
		assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_TRUSTED_HOP, NULL, 0), 0);
	}
	assert_true(allocated() - before < 10 * sizeof(large));
	dmarcverify_close(handle);
}

static void test_nothing_there(void **state)
{
	(void)state;
	struct dmarcverify_replay *replay = replay_of("");
	const struct dmarcverify_dns dns = {dmarcverify_replay_query, replay};
	struct dmarcverify *handle = dmarcverify_open();
	struct dmarcverify_result *result = dmarcverify_check(handle, &dns, NOW, NULL, 0);
	assert_field(result, "dmarc", 0, "result", "permerror");
	assert_non_null(dmarcverify_get(result, "dmarc", 0, "reason"));
	assert_null(dmarcverify_get(result, "dmarc", 1, "result"));
	assert_null(dmarcverify_get(result, "dmarc", 0, "no_such_field"));
	assert_null(dmarcverify_get(result, "dmarc", 0, NULL));
	assert_null(dmarcverify_get(result, "no_such_part", 0, "result"));
	assert_int_equal(dmarcverify_count(result, NULL), 0);
	dmarcverify_free(result);
	dmarcverify_close(handle);
	dmarcverify_replay_close(replay);
}

static void test_replay_problems(void **state)
{
	(void)state;
	static const char TEXT[] = "a.example TXT \"x\"\nb.example A nonsense\n";
	char problem[80];
	assert_null(dmarcverify_replay_open(TEXT, sizeof(TEXT) - 1, problem, sizeof(problem)));
	assert_non_null(strstr(problem, ":2"));
	assert_null(dmarcverify_replay_open(TEXT, sizeof(TEXT) - 1, NULL, 0));
}

/* A resolver of one's own. */
struct script {
	enum dmarcverify_dns_status status;
	const char *rdata;
	size_t len, times;
	unsigned asked;
	char first[300];
};

static enum dmarcverify_dns_status scripted(void *context, const char *name, unsigned type,
	struct dmarcverify_answer *answer)
{
	struct script *script = context;
	if (script->asked++ == 0) {
		assert_true(strlen(name) < sizeof(script->first));
		memcpy(script->first, name, strlen(name) + 1);
		assert_int_equal(type, 16);
	}
	for (size_t i = 0; i < script->times; i++)
		dmarcverify_answer_add(answer, script->rdata, script->len);
	dmarcverify_answer_note(answer, "a \x01 note");
	dmarcverify_answer_alias(answer, "elsewhere.example");
	dmarcverify_answer_secure(answer);
	return script->status;
}

static void test_resolver(void **state)
{
	(void)state;
	static const char PASS[] = "\x19v=spf1 ip4:192.0.2.1 -all";
	static const struct {
		struct script script;
		const char *result;
	} GIVEN[] = {
		{{DMARCVERIFY_DNS_OK, PASS, sizeof(PASS) - 1, 1, 0, ""}, "pass"},
		{{DMARCVERIFY_DNS_OK, PASS, sizeof(PASS) - 1, 2, 0, ""}, "permerror"},
		{{DMARCVERIFY_DNS_OK, PASS, sizeof(PASS) - 2, 1, 0, ""}, "temperror"}, /* a string cut short */
		{{DMARCVERIFY_DNS_OK, PASS, sizeof(PASS) - 1, 5000, 0, ""}, "temperror"},
		{{DMARCVERIFY_DNS_OK, NULL, 0, 0, 0, ""}, "none"},
		{{DMARCVERIFY_DNS_NODATA, NULL, 0, 0, 0, ""}, "none"},
		{{DMARCVERIFY_DNS_NXDOMAIN, NULL, 0, 0, 0, ""}, "none"},
		{{DMARCVERIFY_DNS_SERVFAIL, NULL, 0, 0, 0, ""}, "temperror"},
		{{DMARCVERIFY_DNS_TIMEOUT, NULL, 0, 0, 0, ""}, "temperror"},
		{{DMARCVERIFY_DNS_BOGUS, NULL, 0, 0, 0, ""}, "temperror"},
		{{(enum dmarcverify_dns_status)77, NULL, 0, 0, 0, ""}, "temperror"},
	};
	for (size_t i = 0; i < sizeof(GIVEN) / sizeof(GIVEN[0]); i++) {
		struct script script = GIVEN[i].script;
		const struct dmarcverify_dns dns = {scripted, &script};
		struct dmarcverify *handle = handle_of("192.0.2.1", "b@Example.COM");
		struct dmarcverify_result *result = dmarcverify_spf(handle, &dns, NOW);
		if (strcmp(dmarcverify_get(result, "spf", 0, "result"), GIVEN[i].result) != 0)
			fail_msg("%zu: %s, not %s", i, dmarcverify_get(result, "spf", 0, "result"), GIVEN[i].result);
		assert_string_equal(script.first, "example.com");
		assert_int_equal(script.asked, 1);
		dmarcverify_free(result);
		dmarcverify_close(handle);
	}
}

static void test_budget(void **state)
{
	(void)state;
	struct script script = {.status = DMARCVERIFY_DNS_NODATA};
	const struct dmarcverify_dns dns = {scripted, &script};
	struct dmarcverify *handle = handle_of("192.0.2.1", "b@example.com");
	assert_int_equal(dmarcverify_set(handle, DMARCVERIFY_QUERIES_MAX, "0", ALL), 0);
	struct dmarcverify_result *result = dmarcverify_spf(handle, &dns, NOW);
	assert_field(result, "spf", 0, "result", "temperror");
	assert_int_equal(script.asked, 0);
	dmarcverify_free(result);
	dmarcverify_close(handle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_again),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_replay_problems),
		cmocka_unit_test(test_resolver),
		cmocka_unit_test(test_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
