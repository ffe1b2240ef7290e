// SPDX-License-Identifier: Apache-2.0
/* The replay file: what it says, what is wrong with it, and that written answers come back whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/rdata.h"
#include "dns/replay.h"
#include "dns/session.h"

#include <stdio.h>
#include <string.h>

static const char zone[] =
	"\xef\xbb\xbf# a comment\r\n"
	"\r\n"
	"  \t \n"
	"Example.COM.\tTXT  \"v=spf1 \" \"-all\"   # and another\r\n"
	"example.com TXT \"second\"\n"
	"example.com a 192.0.2.1 ; the old kind\n"
	"example.com MX 10 Mail.example.com.\n"
	"example.com MX 0 .\n"
	"odd.example.com TXT \"a\\\"b\\\\c\\009\\255;#\" \"\"\n"
	"sp\\032ace.example.com AAAA 2001:DB8::1\n"
	"\\101bc.example.com PTR x.example.com\n"
	"slow.example.com * !timeout\n"
	"slow.example.com TXT \"quick\"\n"
	"any.example.com * 192.0.2.9\n"
	"gone.example.com TXT !NXDOMAIN\n"
	"bogus.example.com TXT !BOGUS\n"
	"empty.example.com A !NODATA\n"
	"fail.example.com A !SERVFAIL\n"
	"www.example.com CNAME alias.example.com\n"
	"alias.example.com CNAME example.com.\n"
	"dangling.example.com CNAME nowhere.example\n"
	"loop.example.com CNAME LOOP.example.com\n"
	"two.example.com CNAME a.example\n"
	"two.example.com CNAME b.example\n"
	"spf.example.com SPF \"v=spf1\"\n"
	"tlsa.example.com TLSA 3 1 1 0aFF 00\n"
	"soa.example.com SOA ns.Example.com. host\\.master.example.com. 1 2 3 4 4294967295\n"
	"x.example.com TYPE65 \\# 3 0001ff\n"
	"x.example.com A \\# 4 c0000201";

static struct dns *open_text(struct arena *arena, struct str text)
{
	struct dns *dns = NULL;
	struct error error = {0};
	if (dns_replay_open(arena, STR("file"), text, &dns, &error) != ERR_OK)
		fail_msg("%s", error.text);
	return dns;
}

static void test_zone(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		enum dns_status status;
		size_t count;
		const char *text;
	} cases[] = {
		{"example.com", DNS_TXT, DNS_OK, 2, "v=spf1 -all"},
		{"EXAMPLE.com.", DNS_A, DNS_OK, 1, NULL},
		{"example.com", DNS_MX, DNS_OK, 2, "mail.example.com"},
		{"example.com", DNS_AAAA, DNS_NODATA, 0, NULL},
		{"absent.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL},
		{"com", DNS_TXT, DNS_NXDOMAIN, 0, NULL},
		{"odd.example.com", DNS_TXT, DNS_OK, 1, "a\"b\\c\t\xff;#"},
		{"sp ace.example.com", DNS_AAAA, DNS_OK, 1, NULL},
		{"ebc.example.com", DNS_PTR, DNS_OK, 1, "x.example.com"},
		{"slow.example.com", DNS_TXT, DNS_OK, 1, "quick"},
		{"slow.example.com", DNS_A, DNS_TIMEOUT, 0, NULL},
		{"any.example.com", DNS_A, DNS_OK, 1, NULL},
		{"any.example.com", DNS_AAAA, DNS_NODATA, 0, NULL},
		{"gone.example.com", DNS_TXT, DNS_NXDOMAIN, 0, NULL},
		{"gone.example.com", DNS_A, DNS_NODATA, 0, NULL},
		{"bogus.example.com", DNS_TXT, DNS_BOGUS, 0, NULL},
		{"empty.example.com", DNS_A, DNS_NODATA, 0, NULL},
		{"fail.example.com", DNS_A, DNS_SERVFAIL, 0, NULL},
		{"www.example.com", DNS_TXT, DNS_OK, 2, "v=spf1 -all"},
		{"www.example.com", DNS_AAAA, DNS_NODATA, 0, NULL},
		{"www.example.com", DNS_CNAME, DNS_OK, 1, "alias.example.com"},
		{"dangling.example.com", DNS_A, DNS_NXDOMAIN, 0, NULL},
		{"loop.example.com", DNS_A, DNS_SERVFAIL, 0, NULL},
		{"two.example.com", DNS_A, DNS_SERVFAIL, 0, NULL},
		{"two.example.com", DNS_CNAME, DNS_OK, 2, "a.example"},
		{"spf.example.com", DNS_TXT, DNS_NODATA, 0, NULL},
		{"tlsa.example.com", DNS_TLSA, DNS_OK, 1, NULL},
		{"soa.example.com", DNS_SOA, DNS_OK, 1, NULL},
		{"x.example.com", (enum dns_type)65, DNS_OK, 1, NULL},
		{"x.example.com", DNS_A, DNS_OK, 1, NULL},
	};
	struct arena *arena = arena_open((size_t)1 << 20);
	struct dns *dns = open_text(arena, STR(zone));
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct dns_answer *answer = dns_query(dns, arena, str_from(cases[i].name), cases[i].type);
		if (answer->status != cases[i].status || answer->count != cases[i].count)
			fail_msg("%s: %s", cases[i].name, dns_status_word(answer->status));
		if (cases[i].text)
			assert_true(str_eq(answer->records[0].text, str_from(cases[i].text)));
	}
	arena_close(&arena);
}

static void test_values(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 20);
	struct dns *dns = open_text(arena, STR(zone));
	char text[IP_TEXT_BYTES];
	(void)state;
	const struct dns_answer *answer = dns_query(dns, arena, STR("example.com"), DNS_TXT);
	assert_true(str_eq(answer->records[0].strings, STR("\7v=spf1 \4-all")));
	assert_true(str_eq(answer->records[1].text, STR("second")));
	assert_true(answer->alias.ptr == NULL);
	answer = dns_query(dns, arena, STR("example.com"), DNS_MX);
	assert_int_equal(answer->records[0].preference, 10);
	assert_true(answer->records[1].text.ptr && answer->records[1].text.len == 0);
	answer = dns_query(dns, arena, STR("www.example.com"), DNS_A);
	assert_true(str_eq(answer->alias, STR("example.com")));
	assert_string_equal(ip_format(&answer->records[0].ip, text), "192.0.2.1");
	answer = dns_query(dns, arena, STR("dangling.example.com"), DNS_A);
	assert_true(str_eq(answer->alias, STR("nowhere.example")));
	answer = dns_query(dns, arena, STR("loop.example.com"), DNS_A);
	assert_true(answer->note.len > 0 && answer->alias.ptr == NULL);
	answer = dns_query(dns, arena, STR("tlsa.example.com"), DNS_TLSA);
	assert_true(str_eq(answer->records[0].strings, STR("\3\1\1\x0a\xff\0")));
	answer = dns_query(dns, arena, STR("soa.example.com"), DNS_SOA);
	assert_true(str_eq(answer->records[0].strings,
		STR("\2ns\7Example\3com\0\013host.master\7example\3com\0"
		    "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\xff\xff\xff\xff")));
	answer = dns_query(dns, arena, STR("x.example.com"), (enum dns_type)65);
	assert_true(str_eq(answer->records[0].strings, STR("\0\1\xff")));
	arena_close(&arena);
}

/* n CNAMEs from c0 to a name with an address. */
static enum dns_status ask_chain(unsigned n)
{
	struct arena *arena = arena_open((size_t)1 << 20);
	struct buf text;
	buf_init(&text, 1 << 20);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&text, "c%u.example CNAME c%u.example\n", i, i + 1);
	buf_printf(&text, "c%u.example A 192.0.2.1\n", n);
	enum dns_status status = dns_query(open_text(arena, buf_str(&text)), arena, STR("c0.example"), DNS_A)->status;
	buf_fini(&text);
	arena_close(&arena);
	return status;
}

static void test_chains(void **state)
{
	(void)state;
	assert_int_equal(ask_chain(DNS_CNAMES_MAX), DNS_OK);
	assert_int_equal(ask_chain(DNS_CNAMES_MAX + 1), DNS_SERVFAIL);
	assert_int_equal(ask_chain(2000), DNS_SERVFAIL);
}

static void test_long_strings_are_cut(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 20);
	struct buf text;
	(void)state;
	buf_init(&text, 1 << 20);
	buf_add_str(&text, STR("k.example TXT \""));
	for (int i = 0; i < 600; i++)
		buf_add_char(&text, 'p');
	buf_add_str(&text, STR("\""));
	const struct dns_answer *answer = dns_query(open_text(arena, buf_str(&text)), arena, STR("k.example"), DNS_TXT);
	assert_int_equal(answer->records[0].text.len, 600);
	assert_int_equal(answer->records[0].strings.len, 603);
	buf_fini(&text);
	arena_close(&arena);
}

static void test_errors(void **state)
{
	static const struct {
		struct str text;
		const char *where;
	} cases[] = {
		{STR("\n\nexample.com TXT unquoted"), "file:3: "},
		{STR("example.com TXT \"open"), "file:1: "},
		{STR("example.com TXT \"a\" b"), "file:1: "},
		{STR("example.com TXT \"\\25\""), "file:1: "},
		{STR("example.com TXT \"\\256\""), "file:1: "},
		{STR("example.com TXT"), "file:1: "},
		{STR("example.com"), "file:1: "},
		{STR("# good\nexample.com TX \"a\""), "file:2: "},
		{STR("example.com A 192.0.2"), "file:1: "},
		{STR("example.com A 2001:db8::1"), "file:1: "},
		{STR("example.com AAAA 192.0.2.1"), "file:1: "},
		{STR("example.com A 192.0.2.1 192.0.2.2"), "file:1: "},
		{STR("example.com MX mail.example.com"), "file:1: "},
		{STR("example.com MX 65536 mail.example.com"), "file:1: "},
		{STR("example.com MX 10"), "file:1: "},
		{STR("example..com A 192.0.2.1"), "file:1: "},
		{STR(".example.com A 192.0.2.1"), "file:1: "},
		{STR("a\\.b.example A 192.0.2.1"), "file:1: "},
		{STR("a\\046b.example A 192.0.2.1"), "file:1: "},
		{STR("b.example PTR a\\"), "file:1: "},
		{STR("0123456789012345678901234567890123456789012345678901234567890123.example A 192.0.2.1"),
			"file:1: "},
		{STR("\"example.com\" A 192.0.2.1"), "file:1: "},
		{STR("example.com A !MAYBE"), "file:1: "},
		{STR("example.com A !"), "file:1: "},
		{STR("example.com A !NODATA 192.0.2.1"), "file:1: "},
		{STR("example.com A !NODATA\nexample.com A 192.0.2.1"), "file:2: "},
		{STR("example.com A 192.0.2.1\nexample.com A !NXDOMAIN"), "file:2: "},
		{STR("example.com * \"open"), "file:1: "},
		{STR("example.com TLSA 3 1 1 abc"), "file:1: "},
		{STR("example.com TLSA 256 1 1 abcd"), "file:1: "},
		{STR("example.com SOA a b 1 2 3 4"), "file:1: "},
		{STR("example.com TYPE65 1 ."), "file:1: "},
		{STR("example.com TYPE65 \\# 2 00"), "file:1: "},
		{STR("example.com TYPE65536 \\# 1 00"), "file:1: "},
	};
	struct arena *arena = arena_open((size_t)1 << 20);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns *dns = NULL;
		struct error error = {0};
		if (dns_replay_open(arena, STR("file"), cases[i].text, &dns, &error) != ERR_INVALID)
			fail_msg("read: %s", cases[i].text.ptr);
		assert_true(str_starts(str_from(error.text), str_from(cases[i].where)));
		assert_true(strlen(error.text) > strlen(cases[i].where));
	}
	arena_close(&arena);
}

static void assert_same(const struct dns_answer *a, const struct dns_answer *b)
{
	assert_true(str_eq(a->name, b->name));
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->secure, b->secure);
	assert_int_equal(a->ttl_secs, b->ttl_secs);
	assert_true(str_eq(a->alias, b->alias) && !a->alias.ptr == !b->alias.ptr);
	assert_true(str_eq(a->note, b->note) && !a->note.ptr == !b->note.ptr);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct dns_record *x = &a->records[i], *y = &b->records[i];
		assert_true(str_eq(x->text, y->text) && !x->text.ptr == !y->text.ptr);
		assert_true(str_eq(x->strings, y->strings) && !x->strings.ptr == !y->strings.ptr);
		assert_true(x->ip.family == y->ip.family && ip_eq(&x->ip, &y->ip));
		assert_int_equal(x->preference, y->preference);
	}
}

static void round_trip(struct arena *arena, const struct dns_answer *answer)
{
	struct buf text, again;
	buf_init(&text, 1 << 22);
	buf_init(&again, 1 << 22);
	dns_replay_add(&text, answer);
	const struct dns_answer *back = dns_query(open_text(arena, arena_str(arena, buf_str(&text))), arena,
		answer->name, answer->type);
	assert_same(answer, back);
	dns_replay_add(&again, back);
	assert_true(str_eq(buf_str(&text), buf_str(&again)));
	buf_fini(&text);
	buf_fini(&again);
}

static void test_every_byte_comes_back(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 24);
	char name[] = "x.y", wire[] = "\1x\1y", string[] = "\2xx\0", mx[] = "\0\1\3xxx";
	(void)state;
	for (int i = 0; i < 256; i++) {
		struct dns_answer answer = {.status = 0};
		struct str rdata = {string, 4};
		memset(string + 1, i, 2);
		dns_answer_fill(arena, DNS_TXT, &rdata, 1, &answer);
		answer.name = STR("t.example");
		answer.type = DNS_TXT;
		answer.note = (struct str){string, 4};
		round_trip(arena, &answer);
		if (i == '.')
			continue;
		name[0] = wire[1] = ascii_lower((char)i);
		memset(mx + 3, i, 3);
		rdata = (struct str){mx, sizeof(mx)};
		dns_answer_fill(arena, DNS_MX, &rdata, 1, &answer);
		answer.name = arena_str(arena, (struct str){name, 3});
		answer.type = DNS_MX;
		answer.alias = answer.records[0].text;
		round_trip(arena, &answer);
		rdata = (struct str){wire, sizeof(wire)};
		dns_answer_fill(arena, DNS_PTR, &rdata, 1, &answer);
		answer.type = DNS_PTR;
		round_trip(arena, &answer);
	}
	arena_close(&arena);
}

static void test_every_status_comes_back(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 20);
	(void)state;
	for (int status = DNS_NODATA; status <= DNS_BOGUS; status++)
		for (int bits = 0; bits < 16; bits++) {
			struct dns_answer answer = {.name = STR("a.example"), .type = DNS_AAAA};
			answer.status = (enum dns_status)status;
			answer.secure = bits & 1;
			answer.ttl_secs = bits & 2 ? UINT32_MAX : 0;
			answer.alias = bits & 4 ? STR("#b.example") : STR_NONE;
			answer.note = bits & 8 ? STR("it said \"no\" # twice") : STR_NONE;
			round_trip(arena, &answer);
		}
	arena_close(&arena);
}

static void test_every_type_comes_back(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 20);
	struct dns *dns = open_text(arena, STR(zone));
	struct str malformed = STR("\1");
	(void)state;
	static const struct {
		const char *name;
		enum dns_type type;
	} cases[] = {{"example.com", DNS_TXT}, {"example.com", DNS_A}, {"example.com", DNS_MX},
		{"sp ace.example.com", DNS_AAAA}, {"ebc.example.com", DNS_PTR}, {"www.example.com", DNS_MX},
		{"www.example.com", DNS_CNAME}, {"tlsa.example.com", DNS_TLSA}, {"soa.example.com", DNS_SOA},
		{"x.example.com", (enum dns_type)65}, {"loop.example.com", DNS_A}, {"dangling.example.com", DNS_A}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		round_trip(arena, dns_query(dns, arena, str_from(cases[i].name), cases[i].type));
	struct dns_answer answer = {.name = STR("a.example"), .type = DNS_SOA};
	dns_answer_fill(arena, DNS_SOA, &malformed, 1, &answer);
	round_trip(arena, &answer);
	answer.type = DNS_TLSA;
	round_trip(arena, &answer);
	malformed = STR("");
	dns_answer_fill(arena, DNS_SOA, &malformed, 1, &answer);
	answer.type = (enum dns_type)300;
	round_trip(arena, &answer);
	arena_close(&arena);
}

/* An alias and the name it leads to, both asked: neither adds to the other. */
static void test_a_session_comes_back(void **state)
{
	static const char *const names[] = {"www.example.com", "alias.example.com", "example.com", "gone.example.com"};
	struct arena *arena = arena_open((size_t)1 << 20);
	struct dns_session *session = dns_session_open(arena, open_text(arena, STR(zone)), DNS_QUERIES_MAX);
	struct buf text;
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		(void)dns_query(dns_session_dns(session), arena, str_from(names[i]), DNS_TXT);
		(void)dns_query(dns_session_dns(session), arena, str_from(names[i]), DNS_MX);
	}
	buf_init(&text, 1 << 20);
	dns_replay_add_session(&text, session);
	struct dns *again = open_text(arena, buf_str(&text));
	for (size_t i = 0; i < dns_session_count(session); i++) {
		const struct dns_answer *answer = dns_session_at(session, i);
		assert_same(answer, dns_query(again, arena, answer->name, answer->type));
	}
	buf_fini(&text);
	arena_close(&arena);
}

static void test_many_lines(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 28);
	struct buf text;
	(void)state;
	buf_init(&text, (size_t)1 << 28);
	for (unsigned i = 0; i < 100000; i++)
		buf_printf(&text, "n%u.example TXT \"%u\"\nbusy.example A 192.0.2.%u\n"
			"many.example TYPE%u !SERVFAIL\n", i, i, i % 256, 1 + i % 65535);
	struct dns *dns = open_text(arena, buf_str(&text));
	for (unsigned i = 0; i < 100000; i += 7) {
		const struct dns_answer *answer =
			dns_query(dns, arena, str_from(arena_printf(arena, "N%u.example", i)), DNS_TXT);
		assert_true(answer->count == 1 &&
			str_eq(answer->records[0].text, str_from(arena_printf(arena, "%u", i))));
	}
	assert_int_equal(dns_query(dns, arena, STR("busy.example"), DNS_A)->status, DNS_SERVFAIL);
	assert_int_equal(dns_query(dns, arena, STR("many.example"), DNS_A)->status, DNS_SERVFAIL);
	assert_int_equal(dns_query(dns, arena, STR("n100000.example"), DNS_TXT)->status, DNS_NXDOMAIN);
	buf_fini(&text);
	arena_close(&arena);
}

/* The last line that is read, and one more. */
static void test_too_many_lines(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 25);
	struct buf text;
	struct dns *dns = NULL;
	struct error error = {0};
	(void)state;
	buf_init(&text, (size_t)1 << 20);
	for (unsigned i = 1; i < DNS_REPLAY_LINES_MAX; i++)
		buf_add_char(&text, '\n');
	buf_add_str(&text, STR("a.example A 192.0.2.1\n"));
	assert_int_equal(dns_query(open_text(arena, buf_str(&text)), arena, STR("a.example"), DNS_A)->count, 1);
	buf_add_char(&text, '\n');
	assert_int_equal(dns_replay_open(arena, STR("file"), buf_str(&text), &dns, &error), ERR_INVALID);
	assert_string_equal(error.text, "file:400001: more lines than are read");
	buf_fini(&text);
	arena_close(&arena);
}

#define WIDE_RECORDS 32

/* TXT records of as many octets as the name's first label says, strings with their length bytes. */
static void wide_query(struct dns *dns, struct arena *of, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	struct str rdatas[WIDE_RECORDS], rest = name, label;
	uint64_t count = 0, len = 0;
	(void)dns;
	assert_true(str_split(&rest, '-', &label) && str_to_u64(label, WIDE_RECORDS, &count));
	assert_true(str_split(&rest, '.', &label) && str_to_u64(label, DNS_TXT_BYTES_MAX, &len));
	for (uint64_t i = 0; i < count; i++) {
		char *bytes = arena_alloc(of, len);
		for (uint64_t at = 0; at < len; at++)
			bytes[at] = at % 256 == 0 ? (char)(len - at > 256 ? 255 : len - at - 1) : 'x';
		rdatas[i] = (struct str){bytes, len};
	}
	dns_answer_fill(of, type, rdatas, count, answer_r);
}

static struct dns_session *ask_wide(struct arena *arena, struct dns *behind)
{
	struct dns_session *session = dns_session_open(arena, behind, DNS_QUERIES_MAX);
	for (int i = 0; i < 17; i++)
		(void)dns_query(dns_session_dns(session), arena, str_from(arena_printf(arena, "32-4000.n%02d.abcd", i)),
			DNS_TXT);
	(void)dns_query(dns_session_dns(session), arena, STR("8-3992.n17.abcde"), DNS_TXT);
	return session;
}

/* What the budget of bytes refused is refused again, and what it let through comes through. */
static void test_a_full_session_comes_back(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 28);
	struct dns wide = {wide_query};
	struct buf text;
	(void)state;
	struct dns_session *first = ask_wide(arena, &wide);
	buf_init(&text, SIZE_MAX / 2);
	dns_replay_add_session(&text, first);
	struct dns_session *again = ask_wide(arena, open_text(arena, arena_str(arena, buf_str(&text))));
	assert_int_equal(dns_session_at(first, 15)->status, DNS_OK);
	assert_int_equal(dns_session_at(first, 16)->status, DNS_TIMEOUT);
	for (size_t i = 0; i < dns_session_count(first); i++)
		assert_int_equal(dns_session_at(first, i)->status, dns_session_at(again, i)->status);
	buf_fini(&text);
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_long_strings_are_cut),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_every_byte_comes_back),
		cmocka_unit_test(test_every_status_comes_back),
		cmocka_unit_test(test_every_type_comes_back),
		cmocka_unit_test(test_a_session_comes_back),
		cmocka_unit_test(test_a_full_session_comes_back),
		cmocka_unit_test(test_many_lines),
		cmocka_unit_test(test_too_many_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
