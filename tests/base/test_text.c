// SPDX-License-Identifier: Apache-2.0
/* Bytes, buffers, addresses and dates at their edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/utf8.h"

#include <string.h>

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {{"0", true, 0}, {"18446744073709551615", true, UINT64_MAX}, {"18446744073709551616", false, 0},
		{"", false, 0}, {"-1", false, 0}, {"+1", false, 0}, {" 1", false, 0}, {"1 ", false, 0},
		{"0x1", false, 0},
		{"007", true, 7}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;
		assert_int_equal(str_to_u64(str_from(cases[i].text), UINT64_MAX, &value), cases[i].good);
		if (cases[i].good)
			assert_true(value == cases[i].value);
	}
}

static void test_split_and_trim(void **state)
{
	struct str rest = STR("a,,b,"), piece;
	const char *wanted[] = {"a", "", "b", ""};
	size_t count = 0;
	(void)state;
	while (str_split(&rest, ',', &piece))
		assert_true(str_eq(piece, str_from(wanted[count++])));
	assert_int_equal(count, 4);
	assert_true(str_eq(str_trim(STR(" \t x y\r\n")), STR("x y")));
	assert_true(str_sub(STR("abc"), 5, 9).len == 0);
	assert_true(str_sub(STR("abc"), 1, SIZE_MAX).len == 2);
	assert_false(str_eq(STR("A"), STR("a")));
	assert_true(str_eq_nocase(STR("I"), STR("i")));
}

static void test_overflow_is_sticky(void **state)
{
	struct buf buf;
	(void)state;
	buf_init(&buf, 4);
	buf_add_str(&buf, STR("abc"));
	buf_add_str(&buf, STR("de"));
	assert_true(buf.overflow);
	buf_add_str(&buf, STR("f"));
	assert_true(str_eq(buf_str(&buf), STR("abc")));
	buf_reset(&buf);
	assert_false(buf.overflow);
	buf_fini(&buf);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "::1%eth0",
		"[::1]", "1:2", " 1.2.3.4"};
	struct ip ip;
	char text[IP_TEXT_BYTES];
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ip_parse(str_from(bad[i]), &ip));
	assert_true(ip_parse(STR("2001:DB8:0:0::1"), &ip));
	assert_string_equal(ip_format(&ip, text), "2001:db8::1");
	assert_true(ip_parse(STR("::ffff:192.0.2.1"), &ip));
	ip_unmap(&ip);
	assert_string_equal(ip_format(&ip, text), "192.0.2.1");
	for (int octet = 0; octet < 256; octet++) {
		char wanted[IP_TEXT_BYTES];
		ip = (struct ip){.family = 4, .bytes = {(uint8_t)octet, 0, (uint8_t)(255 - octet), (uint8_t)octet}};
		(void)snprintf(wanted, sizeof(wanted), "%d.0.%d.%d", octet, 255 - octet, octet);
		assert_string_equal(ip_format(&ip, text), wanted);
	}
	assert_true(ip_parse(STR("10.0.0.1"), &ip) && ip_is_private(&ip));
	assert_true(ip_parse(STR("8.8.8.8"), &ip) && !ip_is_private(&ip));
}

static void test_prefixes(void **state)
{
	static const char *const bad[] = {"", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.1/31",
		"2001:db8::/129", "2001:db8::1/64", "192.0.2.0/24/24", "192.0.2.0 /24", "mx.example"};
	static const struct {
		const char *network, *ip;
		bool in;
	} cases[] = {{"0.0.0.0/0", "255.1.2.3", true}, {"0.0.0.0/0", "::1", false}, {"::/0", "2001:db8::1", true},
		{"192.0.2.128/25", "192.0.2.128", true}, {"192.0.2.128/25", "192.0.2.127", false},
		{"192.0.2.7", "192.0.2.7", true}, {"192.0.2.7", "192.0.2.6", false},
		{"2001:db8:8000::/33", "2001:db8:8000::1", true}, {"2001:db8:8000::/33", "2001:db8:7fff::1", false},
		{"2001:db8::1/128", "2001:db8::1", true}, {"2001:db8::1", "2001:db8::2", false}};
	struct ip ip, network;
	unsigned bits;
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (ip_prefix_parse(str_from(bad[i]), &network, &bits))
			fail_msg("%s is no prefix", bad[i]);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(ip_prefix_parse(str_from(cases[i].network), &network, &bits));
		assert_true(ip_parse(str_from(cases[i].ip), &ip));
		if (ip_in(&ip, &network, bits) != cases[i].in)
			fail_msg("%s in %s", cases[i].ip, cases[i].network);
	}
}

static void test_days(void **state)
{
	struct day day;
	char text[DAY_TEXT_BYTES], time[TIME_TEXT_BYTES];
	int64_t when;
	(void)state;
	assert_true(day_parse(STR("2024-02-29"), &day));
	assert_string_equal(day_format(day, text), "2024-02-29");
	assert_false(day_parse(STR("2023-02-29"), &day));
	assert_false(day_parse(STR("2023-2-9"), &day));
	assert_int_equal(day_of_epoch(86399).number, 0);
	assert_int_equal(day_of_epoch(86400).number, 1);
	assert_int_equal(day_of_epoch(-1).number, -1);
	assert_string_equal(time_format(1700000000, time), "2023-11-14T22:13:20Z");
	assert_true(time_parse_iso(STR("2023-11-14T23:13:20.5+01:00"), &when) && when == 1700000000);
	assert_true(time_parse_mail(STR("Tue, 14 Nov 2023 22:13:20 +0000 (UTC)"), &when) && when == 1700000000);
	assert_false(time_parse_mail(STR("yesterday"), &when));
}

static void test_visible(void **state)
{
	struct buf buf;
	(void)state;
	buf_init(&buf, 1024);
	utf8_add_visible(&buf, (struct str){"a\x1b[31m\xe2\x80\xae\xff\n\xc3\xa9", 14}, true);
	assert_null(memchr(buf.ptr, 0x1b, buf.len));
	assert_null(memchr(buf.ptr, '\n', buf.len));
	assert_int_equal(utf8_cut(STR("ab\xc3\xa9"), 3), 2);
	assert_int_equal(utf8_cut(STR("\x94\x94\x94\x94\x94\x94\x94"), 6), 6);
	assert_true(utf8_valid(buf_str(&buf)));
	assert_true(str_find(buf_str(&buf), STR("202E")) != SIZE_MAX || str_find(buf_str(&buf),
		STR("202e")) != SIZE_MAX);
	buf_fini(&buf);
}

static void test_errors_end_with_a_whole_character(void **state)
{
	char text[2 * sizeof(((struct error *)NULL)->text)];
	(void)state;
	for (size_t before = 0; before < 3; before++) {
		struct error error;
		size_t len = 0;
		for (; len < before; len++)
			text[len] = 'a';
		for (; len + 3 < sizeof(text); len += 3)
			memcpy(text + len, "\xe2\x96\xb2", 3);
		text[len] = '\0';
		(void)error_set(&error, ERR_INVALID, "%s", text);
		error_hint(&error, "%s", text);
		assert_true(utf8_valid(str_from(error.text)) && utf8_valid(str_from(error.hint)));
		assert_true(strlen(error.text) + 5 > sizeof(error.text) && strlen(error.hint) + 5 > sizeof(error.hint));
		(void)error_errno(&error, ERR_TEMP, 2, "%s", text);
		assert_true(utf8_valid(str_from(error.text)));
	}
}

static void test_find(void **state)
{
	(void)state;
	assert_int_equal(str_find_nocase(STR("aAb Submitter"), STR("ab")), 1);
	assert_int_equal(str_find_nocase(STR("x: SUBMITTER:"), STR("submitter:")), 3);
	assert_int_equal(str_find_nocase(STR("submitte"), STR("submitter")), SIZE_MAX);
	assert_int_equal(str_find_nocase(STR("abc"), STR("")), 0);
	assert_int_equal(str_find_nocase(STR_NONE, STR("a")), SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors_end_with_a_whole_character),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_split_and_trim),
		cmocka_unit_test(test_overflow_is_sticky),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_visible),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
