// SPDX-License-Identifier: Apache-2.0
/* The validation suite of ARC, all 175 cases: four of its names occur twice, so that the events of the YAML are
 * read one after the other and no table of names is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/corpus.h"
#include "tests/verifier/signed_mail.h"

#include <string.h>
#include <yaml.h>

#define CASES_MAX 200

struct suite_case {
	struct str name, message, cv;
};

struct suite {
	struct signed_mail *mail;
	yaml_parser_t parser;
	struct suite_case cases[CASES_MAX]; /* of the scenario being read */
	size_t count, run;
};

static struct str next_text(struct suite *suite, yaml_event_type_t *type_r)
{
	yaml_event_t event;
	struct str text = STR_NONE;
	assert_true(yaml_parser_parse(&suite->parser, &event));
	*type_r = event.type;
	if (event.type == YAML_SCALAR_EVENT)
		text = arena_str(suite->mail->arena,
			(struct str){(const char *)event.data.scalar.value, event.data.scalar.length});
	yaml_event_delete(&event);
	return text;
}

static bool next_key(struct suite *suite, struct str *key_r)
{
	yaml_event_type_t type;
	*key_r = next_text(suite, &type);
	return type != YAML_MAPPING_END_EVENT;
}

static struct str need_text(struct suite *suite)
{
	yaml_event_type_t type;
	struct str text = next_text(suite, &type);
	assert_int_equal(type, YAML_SCALAR_EVENT);
	return text;
}

static void need_mapping(struct suite *suite)
{
	yaml_event_type_t type;
	(void)next_text(suite, &type);
	assert_int_equal(type, YAML_MAPPING_START_EVENT);
}

static void read_cases(struct suite *suite)
{
	struct str key;
	need_mapping(suite);
	while (next_key(suite, &key)) {
		struct suite_case *one = &suite->cases[suite->count++];
		assert_true(suite->count <= CASES_MAX);
		*one = (struct suite_case){.name = key};
		need_mapping(suite);
		while (next_key(suite, &key)) {
			struct str value = need_text(suite);
			if (str_eq(key, STR("message")))
				one->message = value;
			else if (str_eq(key, STR("cv")))
				one->cv = value;
		}
	}
}

static void read_zone(struct suite *suite)
{
	struct str name;
	buf_reset(&suite->mail->zone);
	need_mapping(suite);
	while (next_key(suite, &name))
		signed_mail_txt(suite->mail, name, need_text(suite));
}

/* cv='' stands where a seal in the chain says fail itself: the chain's state is fail. */
static const char *expected(const struct suite_case *one)
{
	if (str_eq_nocase(one->cv, STR("pass")))
		return "pass";
	return str_eq_nocase(one->cv, STR("none")) ? "none" : "fail";
}

static void run_case(struct suite *suite, const struct suite_case *one)
{
	struct signed_mail *mail = suite->mail;
	mail->traced = suite->run++ % 2 == 1;
	signed_mail_arc(mail, one->message, NULL, 0);
	const struct verdict_arc *arc = &mail->verdict.arc;
	if (strcmp(auth_result_text(arc->result), expected(one)) != 0)
		fail_msg("%.*s: %s (%.*s: %.*s), not %s", STR_FMT(one->name), auth_result_text(arc->result),
			STR_FMT(arc->reason), STR_FMT(arc->detail), expected(one));
	assert_int_equal(arc->result == AUTH_FAIL, arc->reason.ptr != NULL);
}

static void read_scenario(struct suite *suite)
{
	struct str key;
	suite->count = 0;
	while (next_key(suite, &key)) {
		if (str_eq(key, STR("tests")))
			read_cases(suite);
		else if (str_eq(key, STR("txt-records")))
			read_zone(suite);
		else
			(void)need_text(suite);
	}
	for (size_t i = 0; i < suite->count; i++)
		run_case(suite, &suite->cases[i]);
}

static void test_suite(void **state)
{
	static struct suite suite;
	yaml_event_type_t type;
	corpus_need();
	suite.mail = *state;
	struct str bytes = corpus_file(suite.mail->arena, "arc", STR("arc-draft-validation-tests.yml"));
	assert_true(yaml_parser_initialize(&suite.parser));
	yaml_parser_set_input_string(&suite.parser, (const unsigned char *)bytes.ptr, bytes.len);
	do {
		(void)next_text(&suite, &type);
		if (type == YAML_MAPPING_START_EVENT)
			read_scenario(&suite);
	} while (type != YAML_STREAM_END_EVENT);
	yaml_parser_delete(&suite.parser);
	assert_int_equal(suite.run, 175);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_suite, signed_mail_open, signed_mail_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
