// SPDX-License-Identifier: Apache-2.0
/* Which of our mail servers sent a mail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "evidence/inventory.h"

#define WORDS(...) {(const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)}

static const struct inventory_mta mtas[] = {
	{.name = "site", .addresses = WORDS("192.0.2.0/24", "2001:db8::/32")},
	{.name = "out1", .addresses = WORDS("192.0.2.10", "2001:db8:1::10"), .hostnames = WORDS("out1.example.jp"),
		.helo = WORDS("Out1.Example.JP.")},
	{.name = "rack", .addresses = WORDS("192.0.2.0/28")},
	{.name = "nat-a", .addresses = WORDS("198.51.100.1"), .helo = WORDS("a.example.jp")},
	{.name = "nat-b", .addresses = WORDS("198.51.100.1"), .helo = WORDS("b.example.jp"),
		.hostnames = WORDS("b.inside.example")},
	{.name = "mapped", .addresses = WORDS("::ffff:203.0.113.64", "::ffff:203.0.113.128/121")},
	{.name = "cloud", .hostnames = WORDS("smtp.cloud.example")},
};

static const struct inventory_mta bad = {.name = "out1", .addresses = WORDS("192.0.2.1/24")};

static void test_find(void **state)
{
	static const struct {
		const char *name, *ip, *helo, *received[2], *mta;
		enum inventory_found found;
	} cases[] = {
		{"its address", "192.0.2.10", NULL, {NULL}, "out1", INVENTORY_IP},
		{"its address, whatever it calls itself", "192.0.2.10", "a.example.jp", {"smtp.cloud.example"}, "out1",
			INVENTORY_IP},
		{"IPv6", "2001:db8:1::10", NULL, {NULL}, "out1", INVENTORY_IP},
		{"the longest prefix", "192.0.2.11", NULL, {NULL}, "rack", INVENTORY_IP},
		{"the shorter prefix", "192.0.2.99", NULL, {NULL}, "site", INVENTORY_IP},
		{"the shorter IPv6 prefix", "2001:db8:2::1", NULL, {NULL}, "site", INVENTORY_IP},
		{"an IPv4-mapped address", "203.0.113.64", NULL, {NULL}, "mapped", INVENTORY_IP},
		{"an IPv4-mapped prefix", "203.0.113.200", NULL, {NULL}, "mapped", INVENTORY_IP},
		{"one address, first of two", "198.51.100.1", "c.example.jp", {NULL}, "nat-a", INVENTORY_IP},
		{"one address, HELO tells", "198.51.100.1", "b.example.jp", {NULL}, "nat-b", INVENTORY_IP},
		{"one address, Received tells", "198.51.100.1", "c", {"x", "B.inside.example."}, "nat-b", INVENTORY_IP},
		{"HELO of an address that is not declared", "203.0.113.9", "out1.example.jp", {NULL}, "out1",
			INVENTORY_HELO},
		{"no address", NULL, "OUT1.example.jp.", {NULL}, "out1", INVENTORY_HELO},
		{"HELO before Received", NULL, "a.example.jp", {"out1.example.jp"}, "nat-a", INVENTORY_HELO},
		{"Received", "203.0.113.9", "localhost", {"mx.example", "smtp.cloud.example"}, "cloud",
			INVENTORY_RECEIVED},
		{"a stranger", "203.0.113.9", "mx.stranger.example", {"mx.stranger.example"}, NULL, INVENTORY_NONE},
		{"a name below one of ours", "203.0.113.9", "x.out1.example.jp", {NULL}, NULL, INVENTORY_NONE},
		{"nothing known", NULL, NULL, {NULL}, NULL, INVENTORY_NONE},
		{"an empty HELO", NULL, "", {"", "."}, NULL, INVENTORY_NONE},
	};
	struct inventory *inventory;
	(void)state;
	assert_int_equal(inventory_open(mtas, sizeof(mtas) / sizeof(mtas[0]), &inventory, NULL), ERR_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct str names[] = {str_from(cases[i].received[0]), str_from(cases[i].received[1])};
		struct inventory_seen seen = {.helo = str_from(cases[i].helo), .names = names, .names_count = 2};
		struct str found = STR("not set");
		if (cases[i].ip)
			assert_true(ip_parse(str_from(cases[i].ip), &seen.ip));
		enum inventory_found how = inventory_find(inventory, &seen, &found);
		if (how != cases[i].found || !str_eq(found, str_from(cases[i].mta)))
			fail_msg("%s: %.*s, %d", cases[i].name, STR_FMT(found), (int)how);
		assert_true((found.ptr == NULL) == (how == INVENTORY_NONE));
	}
	inventory_close(&inventory);
}

static void test_what_cannot_be_found(void **state)
{
	static const struct inventory_mta services[] = {{.name = "crm"}, {.name = "out1", .hostnames = {NULL, 0}}};
	struct inventory *inventory;
	(void)state;
	assert_int_equal(inventory_open(mtas, sizeof(mtas) / sizeof(mtas[0]), &inventory, NULL), ERR_OK);
	assert_false(inventory_is_unmarked(inventory, STR("site")));
	assert_false(inventory_is_unmarked(inventory, STR("cloud")));
	assert_false(inventory_is_unmarked(inventory, STR("crm")));
	inventory_close(&inventory);
	assert_int_equal(inventory_open(services, 2, &inventory, NULL), ERR_OK);
	assert_true(inventory_is_unmarked(inventory, STR("crm")));
	assert_false(inventory_is_unmarked(inventory, STR("")));
	inventory_close(&inventory);
}

static void test_an_empty_inventory(void **state)
{
	const struct inventory_seen seen = {.helo = STR("out1.example.jp")};
	struct inventory *inventory;
	struct str name;
	(void)state;
	assert_int_equal(inventory_open(NULL, 0, &inventory, NULL), ERR_OK);
	assert_int_equal(inventory_find(inventory, &seen, &name), INVENTORY_NONE);
	inventory_close(&inventory);
	assert_null(inventory);
}

static void test_what_is_no_prefix(void **state)
{
	struct inventory *inventory;
	struct error error = {0};
	(void)state;
	assert_int_equal(inventory_open(&bad, 1, &inventory, &error), ERR_INVALID);
	assert_null(inventory);
	assert_string_equal(error.text, "192.0.2.1/24 of mta out1 is neither an address nor a prefix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_what_cannot_be_found),
		cmocka_unit_test(test_an_empty_inventory),
		cmocka_unit_test(test_what_is_no_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
