// SPDX-License-Identifier: Apache-2.0
/* Where a header ends and what a field is: RFC 5322 section 2.2 and what is sent in the wild. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "verifier/message.h"

#include <string.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

static struct arena *arena;

static int open_arena(void **state)
{
	(void)state;
	arena = arena_open(ARENA_BYTES);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

static void assert_str(struct str s, const char *expected)
{
	assert_true(str_eq(s, str_from(expected)));
}

/* Each field as "name|raw|body", the body of the message behind "=". */
static void test_cut(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *fields[3], *body;
		bool bare_lf, crlf, no_separator;
	} cases[] = {
		{"A: b\r\nC:d\r\n\r\nbody\r\n", {"A|A: b| b", "C|C:d|d"}, "body\r\n", false, true, false},
		{"A: b\nC:d\n\nbody\n", {"A|A: b| b", "C|C:d|d"}, "body\n", true, false, false},
		{"A: b\r\n c\r\n\td\r\n\r\n", {"A|A: b\r\n c\r\n\td| b\r\n c\r\n\td"}, "", false, true, false},
		{"A: b\r\n \r\nB: c\n\r\n", {"A|A: b\r\n | b\r\n ", "B|B: c| c"}, "", true, true, false},
		{"A \t: b\n\nx", {"A|A \t: b| b"}, "x", true, false, false},
		{"A:\r\n\r\n\r\n", {"A|A:|"}, "\r\n", false, true, false},
		{"From me@example.com Thu\nA: b\n\nx", {"A|A: b| b"}, "x", true, false, false},
		{"From : b\n\nx", {"From|From : b| b"}, "x", true, false, false},
		{"A: b", {"A|A: b| b"}, "", false, false, true},
		{"A: b\r\n", {"A|A: b| b"}, "", false, true, true},
		{"A: b\r", {"A|A: b\r| b\r"}, "", false, false, true},
		{"A: b\r\nno field\r\n\r\nx", {"A|A: b| b"}, "no field\r\n\r\nx", false, true, true},
		{"A: b\n: c\n\nx", {"A|A: b| b"}, ": c\n\nx", true, false, true},
		{"A: b\r\n\r\r\nx", {"A|A: b| b"}, "\r\r\nx", false, true, true},
		{"A: b\rB: c\r\n\r\n", {"A|A: b\rB: c| b\rB: c"}, "", false, true, false},
		{"A: b\n\xc3\xa9: c\n\n", {"A|A: b| b"}, "\xc3\xa9: c\n\n", true, false, true},
		{" A: b\n\n", {NULL}, " A: b\n\n", true, false, true},
		{"\r\nbody", {NULL}, "body", false, true, false},
		{"\nbody\r\n", {NULL}, "body\r\n", true, true, false},
		{"", {NULL}, "", false, false, true},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct message message;
		message_parse(arena, str_from(cases[i].bytes), &message);
		size_t fields = 0;
		for (; fields < 3 && cases[i].fields[fields]; fields++) {
			const struct message_field *field = &message.fields[fields];
			assert_true(fields < message.fields_count);
			const char *text = arena_printf(arena, "%.*s|%.*s|%.*s", STR_FMT(field->name),
				STR_FMT(field->raw), STR_FMT(field->body));
			assert_string_equal(text, cases[i].fields[fields]);
		}
		assert_int_equal(message.fields_count, fields);
		assert_str(message.body, cases[i].body);
		assert_int_equal(message.bare_lf, cases[i].bare_lf);
		assert_int_equal(message.crlf, cases[i].crlf);
		assert_int_equal(message.no_separator, cases[i].no_separator);
		assert_false(message.overflow);
	}
}

static void test_nul_is_a_byte(void **state)
{
	(void)state;
	struct message message;
	message_parse(arena, STR("A: \0b\r\n\r\n\0"), &message);
	assert_int_equal(message.fields_count, 1);
	assert_true(str_eq(message.fields[0].body, STR(" \0b")));
	assert_true(str_eq(message.body, STR("\0")));
}

static void test_fields_by_name(void **state)
{
	(void)state;
	struct message message;
	message_parse(arena, STR("To: 1\r\nFROM: 2\r\nto: 3\r\n\r\n"), &message);
	assert_int_equal(message_fields_count(&message, STR("TO")), 2);
	assert_str(message_field(&message, STR("to"), 0)->body, " 1");
	assert_str(message_field(&message, STR("to"), 1)->body, " 3");
	assert_null(message_field(&message, STR("to"), 2));
	assert_null(message_field(&message, STR("t"), 0));
}

static void test_unfolded(void **state)
{
	(void)state;
	struct message message;
	message_parse(arena, STR("A:  b\r\n  c\n\td \r\n \r\n\r\n"), &message);
	assert_str(message_unfolded(arena, &message.fields[0]), "b  c\td");
	message_parse(arena, STR("A:\n\n"), &message);
	assert_str(message_unfolded(arena, &message.fields[0]), "");
}

static void test_too_many_fields(void **state)
{
	(void)state;
	static char bytes[(MESSAGE_FIELDS_MAX + 1) * 5 + 5];
	struct message message;
	for (size_t i = 0; i <= MESSAGE_FIELDS_MAX; i++)
		memcpy(bytes + i * 5, "A: b\n", 5);
	memcpy(bytes + sizeof(bytes) - 5, "\nbody", 5);
	message_parse(arena, (struct str){bytes, sizeof(bytes)}, &message);
	assert_int_equal(message.fields_count, MESSAGE_FIELDS_MAX);
	assert_true(message.overflow);
	assert_str(message.body, "body");
	message_parse(arena, (struct str){bytes + 5, sizeof(bytes) - 5}, &message);
	assert_int_equal(message.fields_count, MESSAGE_FIELDS_MAX);
	assert_false(message.overflow);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cut, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_nul_is_a_byte, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_fields_by_name, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_unfolded, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_too_many_fields, open_arena, close_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
