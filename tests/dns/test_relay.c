// SPDX-License-Identifier: Apache-2.0
/* Both sides of the relay, each against an honest and a hostile other side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/confine.h"
#include "dns/packet.h"
#include "dns/rdata.h"
#include "dns/relay.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LONG_MSECS 60000

/* Says always the same. */
struct constant {
	struct dns dns;
	struct dns_answer answer;
	unsigned asked;
};

static void say(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	struct constant *constant = (struct constant *)dns;
	(void)arena;
	(void)name;
	(void)type;
	constant->asked++;
	*answer_r = constant->answer;
}

struct pair {
	int asking, serving;
	struct arena *arena, *scratch;
};

static void open_pair(struct pair *pair)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	*pair = (struct pair){.asking = ends[0], .serving = ends[1]};
	pair->arena = arena_open((size_t)1 << 24);
	pair->scratch = arena_open((size_t)1 << 24);
}

static void close_pair(struct pair *pair)
{
	if (pair->asking >= 0)
		(void)close(pair->asking);
	if (pair->serving >= 0)
		(void)close(pair->serving);
	arena_close(&pair->arena);
	arena_close(&pair->scratch);
}

static void put(int fd, struct str packet)
{
	assert_int_equal(send(fd, packet.ptr, packet.len, MSG_NOSIGNAL), (ssize_t)packet.len);
}

static void put_question(struct pair *pair, uint32_t number, struct str name, enum dns_type type)
{
	struct dns_question question = {.number = number, .type = type, .name = name};
	struct buf out;
	buf_init(&out, 1024);
	dns_question_write(&out, &question);
	put(pair->asking, buf_str(&out));
	buf_fini(&out);
}

/* Through both sides: the answer to the first question waits when it is asked. */
static const struct dns_answer *relayed(struct pair *pair, struct constant *constant, enum dns_type type)
{
	struct dns *relay = dns_relay_open(pair->arena, pair->asking, LONG_MSECS);
	constant->dns.query = say;
	put_question(pair, 1, STR("a.example"), type);
	assert_true(dns_relay_serve(pair->serving, &constant->dns, pair->scratch));
	return dns_query(relay, pair->arena, STR("A.example."), type);
}

static void assert_relayed(struct arena *arena, struct dns_answer *answer, const struct str *rdatas, size_t count,
	enum dns_status wanted)
{
	struct pair pair;
	open_pair(&pair);
	dns_answer_fill(arena, answer->type, rdatas, count, answer);
	struct constant constant = {.answer = *answer};
	const struct dns_answer *got = relayed(&pair, &constant, answer->type);
	assert_int_equal(got->status, wanted);
	assert_true(str_eq(got->name, STR("a.example")) && got->type == answer->type);
	if (wanted == DNS_SERVFAIL)
		assert_true(got->note.len > 0);
	for (size_t i = 0; wanted == DNS_OK && i < count; i++) {
		const struct dns_record *a = &answer->records[i], *b = &got->records[i];
		assert_int_equal(got->count, count);
		assert_true(str_eq(a->text, b->text) && str_eq(a->strings, b->strings));
		assert_true(a->ip.family == b->ip.family && ip_eq(&a->ip, &b->ip));
		assert_int_equal(a->preference, b->preference);
	}
	close_pair(&pair);
}

static void test_answers_pass(void **state)
{
	static const struct {
		enum dns_type type;
		struct str rdata;
	} cases[] = {{DNS_A, STR("\1\2\3\4")}, {DNS_AAAA, STR("0123456789abcdef")}, {DNS_MX, STR("\1\2\1a\0")},
		{DNS_MX, STR("\0\0\0")}, {DNS_PTR, STR("\2b\xff\0")}, {DNS_TXT, STR("\0\3a\0b")},
		{DNS_TLSA, STR("abc")}, {DNS_SOA, STR("x")}, {(enum dns_type)64, STR("")}};
	struct arena *arena = arena_open((size_t)1 << 24);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct str rdatas[] = {cases[i].rdata, cases[i].rdata};
		struct dns_answer answer = {.type = cases[i].type};
		assert_relayed(arena, &answer, rdatas, 2, DNS_OK);
	}
	arena_close(&arena);
}

static void test_what_stands_before_the_records(void **state)
{
	(void)state;
	for (int status = DNS_NODATA; status <= DNS_BOGUS; status++)
		for (int bits = 0; bits < 16; bits++) {
			struct constant constant = {.answer = {.status = (enum dns_status)status}};
			struct dns_answer *answer = &constant.answer;
			struct pair pair;
			answer->secure = bits & 1;
			answer->ttl_secs = bits & 2 ? UINT32_MAX : 1;
			answer->alias = bits & 4 ? STR("b\0.example") : STR_NONE;
			answer->note = bits & 8 ? STR("why\xff") : STR_NONE;
			open_pair(&pair);
			const struct dns_answer *got = relayed(&pair, &constant, DNS_A);
			assert_int_equal(got->status, status);
			assert_int_equal(got->secure, answer->secure);
			assert_int_equal(got->ttl_secs, answer->ttl_secs);
			assert_true(str_eq(got->alias, answer->alias) && !got->alias.ptr == !answer->alias.ptr);
			assert_true(str_eq(got->note, answer->note) && !got->note.ptr == !answer->note.ptr);
			close_pair(&pair);
		}
}

static void test_the_largest_answers(void **state)
{
	static char text[4096 + 17], name[2 + 255], tiny[2 * 4096];
	static struct str rdatas[DNS_RECORDS_MAX];
	struct arena *arena = arena_open((size_t)1 << 26);
	struct dns_answer answer = {.type = DNS_TXT};
	(void)state;
	for (size_t at = 0; at < sizeof(text); at += 256)
		text[at] = (char)255;
	text[4096] = 16;
	for (size_t i = 0; i < DNS_RECORDS_MAX; i++)
		rdatas[i] = (struct str){text, sizeof(text)};
	assert_relayed(arena, &answer, rdatas, DNS_TXT_RECORDS_MAX, DNS_OK);
	for (size_t i = 2; i < sizeof(name) - 1; i++)
		name[i] = i % 2 ? 'x' : '\1';
	for (size_t i = 0; i < DNS_RECORDS_MAX; i++)
		rdatas[i] = (struct str){name, sizeof(name)};
	answer.type = DNS_MX;
	assert_relayed(arena, &answer, rdatas, DNS_RECORDS_MAX, DNS_OK);
	/* Twice the bytes, for the lengths of their strings. */
	for (size_t i = 0; i < sizeof(tiny); i += 2)
		tiny[i] = '\1';
	for (size_t i = 0; i < DNS_RECORDS_MAX; i++)
		rdatas[i] = (struct str){tiny, sizeof(tiny)};
	answer.type = DNS_TXT;
	assert_relayed(arena, &answer, rdatas, DNS_TXT_RECORDS_MAX, DNS_SERVFAIL);
	arena_close(&arena);
}

/* number 1, a status, flags, TTL, then what follows. */
#define HEAD(status, flags) "\0\0\0\1" status flags "\0\0\0\0"
#define ONE_A "\0\1" "\0\4" "\1\2\3\4"

static void test_hostile_answers(void **state)
{
	static const struct str packets[] = {
		STR("\0"), STR("\0\0\0\1"), STR("\0\0\0\2" "\2\0" "\0\0\0\0" "\0\0"), STR(HEAD("\2", "\0") "\0"),
		STR(HEAD("\0", "\0") "\0\0"), STR(HEAD("\7", "\0") "\0\0"), STR(HEAD("\2", "\x08") "\0\0"),
		STR(HEAD("\2", "\0") ONE_A), STR(HEAD("\1", "\0") "\0\0"), STR(HEAD("\1", "\0") ONE_A "x"),
		STR(HEAD("\1", "\0") "\0\2" "\0\4" "\1\2\3\4"), STR(HEAD("\1", "\0") "\xff\xff"),
		STR(HEAD("\1", "\0") "\0\1" "\0\3" "\1\2\3"), STR(HEAD("\1", "\0") "\0\1" "\0\5" "\1\2\3\4\5"),
		STR(HEAD("\1", "\0") "\0\1" "\0\5" "\1\2\3\4"), STR(HEAD("\2", "\2") "\0\2" "a." "\0\0"),
		STR(HEAD("\2", "\2") "\0\1" "A" "\0\0"), STR(HEAD("\2", "\2") "\0\xff" "a" "\0\0"),
		STR(HEAD("\2", "\4") "\1\0" "a" "\0\0"),
	};
	(void)state;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		struct pair pair;
		open_pair(&pair);
		put(pair.serving, packets[i]);
		put(pair.serving, STR("\0\0\0\2" "\2\0" "\0\0\0\0" "\0\0"));
		struct dns *relay = dns_relay_open(pair.arena, pair.asking, LONG_MSECS);
		const struct dns_answer *answer = dns_query(relay, pair.arena, STR("a.example"), DNS_A);
		if (answer->status != DNS_TIMEOUT)
			fail_msg("packet %zu: %s", i, dns_status_word(answer->status));
		assert_true(answer->note.len > 0);
		/* Who lied once is not heard again. */
		assert_int_equal(dns_query(relay, pair.arena, STR("b.example"), DNS_A)->status, DNS_TIMEOUT);
		close_pair(&pair);
	}
}

static void test_an_answer_above_the_limit(void **state)
{
	static char packet[DNS_ANSWER_BYTES_MAX + 1] = HEAD("\2", "\0");
	struct pair pair;
	(void)state;
	open_pair(&pair);
	put(pair.serving, (struct str){packet, sizeof(packet)});
	struct dns *relay = dns_relay_open(pair.arena, pair.asking, LONG_MSECS);
	assert_int_equal(dns_query(relay, pair.arena, STR("a.example"), DNS_A)->status, DNS_TIMEOUT);
	close_pair(&pair);
}

static void test_a_late_answer(void **state)
{
	struct pair pair;
	(void)state;
	open_pair(&pair);
	struct dns *relay = dns_relay_open(pair.arena, pair.asking, 1);
	const struct dns_answer *answer = dns_query(relay, pair.arena, STR("a.example"), DNS_A);
	assert_int_equal(answer->status, DNS_TIMEOUT);
	assert_true(str_find(answer->note, STR("in time")) != SIZE_MAX);
	put(pair.serving, STR("\0\0\0\2" "\2\0" "\0\0\0\0" "\0\0"));
	assert_int_equal(dns_query(relay, pair.arena, STR("b.example"), DNS_A)->status, DNS_TIMEOUT);
	close_pair(&pair);
}

static void test_a_resolver_that_died(void **state)
{
	struct pair pair;
	(void)state;
	open_pair(&pair);
	struct dns *relay = dns_relay_open(pair.arena, pair.asking, LONG_MSECS);
	(void)close(pair.serving);
	pair.serving = -1;
	assert_int_equal(dns_query(relay, pair.arena, STR("a.example"), DNS_A)->status, DNS_TIMEOUT);
	assert_int_equal(dns_query(relay, pair.arena, STR("b.example"), DNS_A)->status, DNS_TIMEOUT);
	close_pair(&pair);
}

/* What the relay calls is allowed where it will be called; a resolver that died does not kill the worker. */
static void test_a_confined_worker(void **state)
{
	struct constant constant = {.dns.query = say, .answer.status = DNS_NODATA};
	struct pair pair;
	int status;
	(void)state;
	open_pair(&pair);
	put_question(&pair, 1, STR("a.example"), DNS_A);
	assert_true(dns_relay_serve(pair.serving, &constant.dns, pair.scratch));
	struct dns *relay = dns_relay_open(pair.arena, pair.asking, LONG_MSECS);
	pid_t pid = fork();
	if (pid == 0) {
		(void)confine_template();
		(void)confine_child((uint64_t)1 << 30, 10);
		bool answered = dns_query(relay, pair.arena, STR("a.example"), DNS_A)->status == DNS_NODATA;
		(void)close(pair.serving);
		bool gone = dns_query(relay, pair.arena, STR("b.example"), DNS_A)->status == DNS_TIMEOUT;
		_exit(answered && gone ? 0 : 1);
	}
	(void)close(pair.serving);
	pair.serving = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status))
		fail_msg("signal %d", WTERMSIG(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close_pair(&pair);
}

static void test_hostile_questions(void **state)
{
	static char longest[4000] = "\0\0\0\1\0\1";
	static const struct str packets[] = {STR("\0"), STR("\0\0\0\1\0"), STR("\0\0\0\1\0\1"), STR("\0\0\0\1\0\1a..b"),
		STR("\0\0\0\1\0\1a."), STR("\0\0\0\1\0\1A"), {longest, 6 + 254}, {longest, sizeof(longest)}};
	(void)state;
	for (size_t i = 6; i < sizeof(longest); i++)
		longest[i] = i % 2 ? '.' : 'a';
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		struct constant constant = {.dns.query = say, .answer.status = DNS_NODATA};
		struct pair pair;
		open_pair(&pair);
		put(pair.asking, packets[i]);
		assert_false(dns_relay_serve(pair.serving, &constant.dns, pair.scratch));
		assert_int_equal(constant.asked, 0);
		close_pair(&pair);
	}
}

static void test_a_worker_that_died(void **state)
{
	struct constant constant = {.dns.query = say, .answer.status = DNS_NODATA};
	struct pair pair;
	(void)state;
	open_pair(&pair);
	put_question(&pair, 1, STR("a.example"), DNS_A);
	(void)close(pair.asking);
	pair.asking = -1;
	assert_false(dns_relay_serve(pair.serving, &constant.dns, pair.scratch));
	assert_false(dns_relay_serve(pair.serving, &constant.dns, pair.scratch));
	close_pair(&pair);
}

/* It asks and asks, and reads nothing: the server is not held up. */
static void test_a_worker_that_does_not_read(void **state)
{
	struct constant constant = {.dns.query = say, .answer.status = DNS_NODATA};
	struct pair pair;
	bool served = true;
	(void)state;
	open_pair(&pair);
	for (int i = 0; served && i < 1000000; i++) {
		put_question(&pair, 1, STR("a.example"), DNS_A);
		served = dns_relay_serve(pair.serving, &constant.dns, pair.scratch);
	}
	assert_false(served);
	close_pair(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_pass),
		cmocka_unit_test(test_what_stands_before_the_records),
		cmocka_unit_test(test_the_largest_answers),
		cmocka_unit_test(test_hostile_answers),
		cmocka_unit_test(test_an_answer_above_the_limit),
		cmocka_unit_test(test_a_late_answer),
		cmocka_unit_test(test_a_resolver_that_died),
		cmocka_unit_test(test_a_confined_worker),
		cmocka_unit_test(test_hostile_questions),
		cmocka_unit_test(test_a_worker_that_died),
		cmocka_unit_test(test_a_worker_that_does_not_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
