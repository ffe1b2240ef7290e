// SPDX-License-Identifier: Apache-2.0
/* The resolver's process, as workers see it: against dns_server.py, and with other sides that are gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/confine.h"
#include "daemon/verify/pace.h"
#include "daemon/verify/resolver.h"
#include "dns/packet.h"
#include "dns/relay.h"
#include "model/job.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENT_MSECS 60000
#define HASTY_MSECS 300

static struct str server;

static struct resolver started(int query_msecs, int job_msecs, unsigned queries_max)
{
	struct resolver_options options = {.dns = {.servers = &server, .servers_count = 1}, .queries_max = queries_max};
	struct resolver resolver;
	struct error error = {0};
	server = str_from(getenv("DNS_SERVER"));
	if (!server.ptr)
		fail_msg("DNS_SERVER is not set: run by dns_server.py");
	options.dns.query_msecs = query_msecs;
	options.dns.job_msecs = job_msecs;
	options.dns.trust_anchor_file = getenv("DNS_ANCHOR");
	if (resolver_start(&options, &resolver, &error) != ERR_OK)
		fail_msg("%s", error.text);
	return resolver;
}

struct worker {
	int socket;
	struct arena *arena;
	struct dns *dns;
};

static struct worker worker_of(const struct resolver *resolver)
{
	struct worker worker = {.arena = arena_open((size_t)16 << 20)};
	assert_int_equal(resolver_job(resolver, &worker.socket, NULL), ERR_OK);
	worker.dns = dns_relay_open(worker.arena, worker.socket, PATIENT_MSECS);
	return worker;
}

static const struct dns_answer *ask(struct worker *worker, const char *name, enum dns_type type)
{
	return dns_query(worker->dns, worker->arena, str_from(name), type);
}

static void end(struct worker *worker)
{
	(void)close(worker->socket);
	arena_close(&worker->arena);
}

static void test_answers(void **state)
{
	struct resolver resolver = started(PATIENT_MSECS, PATIENT_MSECS, 60);
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct worker worker = worker_of(&resolver);
		const struct dns_answer *answer = ask(&worker, "good.example", DNS_TXT);
		assert_int_equal(answer->status, DNS_OK);
		assert_true(str_eq(answer->records[0].text, STR("v=spf1 -all")));
		assert_int_equal(ask(&worker, "nxdomain.example", DNS_A)->status, DNS_NXDOMAIN);
		answer = ask(&worker, "addresses-512.example", DNS_A);
		assert_int_equal(answer->count, 512);
		answer = ask(&worker, "alias.example", DNS_A);
		assert_true(str_eq(answer->alias, STR("good-target.example")));
		end(&worker);
	}
	resolver_stop(&resolver);
}

/* Validation, too, needs nothing that confinement takes. */
static void test_it_validates(void **state)
{
	struct resolver resolver = started(PATIENT_MSECS, PATIENT_MSECS, 60);
	struct worker worker = worker_of(&resolver);
	(void)state;
	assert_true(ask(&worker, "a.signed.example", DNS_TXT)->secure);
	assert_int_equal(ask(&worker, "forged.signed.example", DNS_TXT)->status, DNS_BOGUS);
	end(&worker);
	resolver_stop(&resolver);
}

static void test_it_is_confined(void **state)
{
	struct resolver resolver = started(PATIENT_MSECS, PATIENT_MSECS, 60);
	unsigned confined = resolver.confined;
	(void)state;
	resolver_stop(&resolver);
	if (!(confined & CONFINE_SECCOMP)) {
		print_message("not run: confinement: needs seccomp\n");
		skip();
	}
	assert_true(confined & CONFINE_PROVED);
}

static void test_jobs_take_turns(void **state)
{
	struct resolver resolver = started(PATIENT_MSECS, PATIENT_MSECS, 60);
	struct worker workers[RESOLVER_JOBS + 4];
	const size_t count = sizeof(workers) / sizeof(workers[0]);
	(void)state;
	for (size_t i = 0; i < count; i++)
		workers[i] = worker_of(&resolver);
	for (size_t i = 0; i < RESOLVER_JOBS; i++)
		assert_int_equal(ask(&workers[i], "good.example", DNS_A)->status, DNS_OK);
	/* Those beyond its places wait until others end. */
	for (size_t i = 0; i < 10; i++)
		end(&workers[i]);
	for (size_t i = count; i-- > 10;) {
		assert_int_equal(ask(&workers[i], "good.example", DNS_MX)->status, DNS_OK);
		end(&workers[i]);
	}
	resolver_stop(&resolver);
}

/* The third has no place until another ends. */
static void test_two_at_once(void **state)
{
	struct resolver_options options = {.dns = {.servers = &server, .servers_count = 1,
		.query_msecs = PATIENT_MSECS, .job_msecs = PATIENT_MSECS}, .queries_max = 60, .jobs_max = 2};
	struct resolver resolver;
	struct worker workers[3];
	(void)state;
	server = str_from(getenv("DNS_SERVER"));
	assert_int_equal(resolver_start(&options, &resolver, NULL), ERR_OK);
	for (size_t i = 0; i < 3; i++)
		workers[i] = worker_of(&resolver);
	assert_int_equal(ask(&workers[0], "good.example", DNS_A)->status, DNS_OK);
	assert_int_equal(ask(&workers[1], "good.example", DNS_A)->status, DNS_OK);
	workers[2].dns = dns_relay_open(workers[2].arena, workers[2].socket, HASTY_MSECS);
	assert_int_equal(ask(&workers[2], "good.example", DNS_A)->status, DNS_TIMEOUT);
	end(&workers[2]);
	workers[2] = worker_of(&resolver);
	end(&workers[0]);
	assert_int_equal(ask(&workers[2], "good.example", DNS_A)->status, DNS_OK);
	end(&workers[1]);
	end(&workers[2]);
	resolver_stop(&resolver);
}

static void test_questions_are_counted(void **state)
{
	struct resolver resolver = started(PATIENT_MSECS, PATIENT_MSECS, 3);
	struct worker worker = worker_of(&resolver);
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(&worker, "nxdomain.example", DNS_A)->status, DNS_NXDOMAIN);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(&worker, "good.example", DNS_A)->status, DNS_TIMEOUT);
	end(&worker);
	worker = worker_of(&resolver);
	assert_int_equal(ask(&worker, "good.example", DNS_A)->status, DNS_OK);
	/* An alias is a second question. */
	assert_int_equal(ask(&worker, "alias.example", DNS_A)->status, DNS_OK);
	assert_int_equal(ask(&worker, "good.example", DNS_A)->status, DNS_TIMEOUT);
	end(&worker);
	/* What failed was tried again. */
	worker = worker_of(&resolver);
	assert_int_equal(ask(&worker, "servfail.example", DNS_A)->status, DNS_SERVFAIL);
	assert_int_equal(ask(&worker, "good.example", DNS_A)->status, DNS_TIMEOUT);
	end(&worker);
	resolver_stop(&resolver);
}

static void test_time_is_bounded(void **state)
{
	struct resolver resolver = started(HASTY_MSECS, PATIENT_MSECS, 60);
	struct worker worker = worker_of(&resolver);
	(void)state;
	assert_int_equal(ask(&worker, "silent.example", DNS_A)->status, DNS_TIMEOUT);
	end(&worker);
	resolver_stop(&resolver);
	resolver = started(PATIENT_MSECS, HASTY_MSECS, 60);
	worker = worker_of(&resolver);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(&worker, "silent.example", DNS_A)->status, DNS_TIMEOUT);
	end(&worker);
	resolver_stop(&resolver);
}

static void put_question(const struct worker *worker, uint32_t number, const char *name)
{
	struct dns_question question = {.number = number, .type = DNS_A, .name = str_from(name)};
	struct buf out;
	buf_init(&out, 1024);
	dns_question_write(&out, &question);
	assert_int_equal(send(worker->socket, out.ptr, out.len, MSG_NOSIGNAL), (ssize_t)out.len);
	buf_fini(&out);
}

/* Questions that nobody answers hold up no other job; who asks two at once, or leaves, ends its own. */
/* By a clock of the test's own. */
static void test_the_pace(void **state)
{
	static struct pace pace = {.rate = 50, .zone_rate = 10, .ttl_min_secs = 30, .ttl_max_secs = 86400};
	const int64_t start = 1000000;
	struct dns_answer answer = {.name = STR("0.zone.example"), .type = DNS_A, .status = DNS_NXDOMAIN};
	char name[32];
	(void)state;
	/* Ten of a zone at once, and then one each 100 ms, whatever stands before the last two labels. */
	for (int i = 0; i < 13; i++) {
		(void)snprintf(name, sizeof(name), "%d%s.zone.example", i, i % 2 ? ".deep" : "");
		assert_int_equal(pace_take(&pace, str_from(name), DNS_A, start), start + (i < 10 ? 0 : 100 * (i - 9)));
	}
	assert_int_equal(pace_take(&pace, STR("zone.example"), DNS_A, start + 2000), start + 2000);
	/* Fifty of all, and then one each 20 ms. */
	for (int i = 0; i < 52; i++) {
		(void)snprintf(name, sizeof(name), "x.zone%d.test", i);
		assert_int_equal(pace_take(&pace, str_from(name), DNS_A, start + 5000),
			start + 5000 + (i < 50 ? 0 : 20 * (i - 49)));
	}
	/* What the cache has costs nothing, as long as it has it; a failure is not kept, and each try counts. */
	pace_answered(&pace, &answer, 1, start + 9000);
	for (int i = 0; i < 100; i++)
		assert_int_equal(pace_take(&pace, answer.name, DNS_A, start + 38999), start + 38999);
	for (int i = 0; i < 11; i++)
		assert_int_equal(pace_take(&pace, answer.name, DNS_A, start + 39000),
			start + 39000 + (i < 10 ? 0 : 100));
	answer.status = DNS_SERVFAIL;
	pace_answered(&pace, &answer, 4, start + 50000);
	for (int i = 0; i < 8; i++)
		assert_int_equal(pace_take(&pace, answer.name, DNS_A, start + 50000),
			start + 50000 + (i < 7 ? 0 : 100));
	pace.rate = pace.zone_rate = 0;
	for (int i = 0; i < 100; i++)
		assert_int_equal(pace_take(&pace, STR("com"), DNS_A, start + 60000), start + 60000);
}

/* One a second of a zone: the third of a job that has a second and a half is not asked any more. */
static void test_a_zone_is_asked_slowly(void **state)
{
	struct resolver_options options = {.dns = {.servers = &server, .servers_count = 1, .query_msecs = 1500,
		.job_msecs = 1500}, .queries_max = 60, .zone_rate = 1};
	struct resolver resolver;
	(void)state;
	server = str_from(getenv("DNS_SERVER"));
	assert_int_equal(resolver_start(&options, &resolver, NULL), ERR_OK);
	struct worker slow = worker_of(&resolver), other = worker_of(&resolver);
	assert_int_equal(ask(&slow, "nxdomain-1.slow.example", DNS_A)->status, DNS_NXDOMAIN);
	assert_int_equal(ask(&other, "nxdomain-1.other.example", DNS_A)->status, DNS_NXDOMAIN);
	for (int i = 0; i < 9; i++)
		assert_int_equal(ask(&slow, "nxdomain-1.slow.example", DNS_A)->status, DNS_NXDOMAIN);
	(void)ask(&slow, "nxdomain-2.slow.example", DNS_A);
	assert_int_equal(ask(&slow, "nxdomain-3.slow.example", DNS_A)->status, DNS_TIMEOUT);
	end(&slow);
	end(&other);
	resolver_stop(&resolver);
}

static void test_slow_names_hold_up_nobody(void **state)
{
	struct resolver resolver = started(PATIENT_MSECS, PATIENT_MSECS, 60);
	struct worker slow[8], worker = worker_of(&resolver);
	char nothing;
	(void)state;
	for (size_t i = 0; i < 8; i++) {
		slow[i] = worker_of(&resolver);
		put_question(&slow[i], 1, arena_printf(slow[i].arena, "silent-%zu.example", i));
	}
	assert_int_equal(ask(&worker, "good.example", DNS_A)->status, DNS_OK);
	for (size_t i = 0; i < 4; i++)
		put_question(&slow[i], 2, "good.example");
	for (size_t i = 0; i < 4; i++)
		assert_true(read(slow[i].socket, &nothing, 1) <= 0);
	for (size_t i = 0; i < 8; i++)
		end(&slow[i]);
	assert_int_equal(ask(&worker, "good.example", DNS_TXT)->status, DNS_OK);
	end(&worker);
	resolver_stop(&resolver);
}

static void test_a_hostile_worker_harms_itself(void **state)
{
	struct resolver resolver = started(PATIENT_MSECS, PATIENT_MSECS, 60);
	struct worker hostile = worker_of(&resolver), worker = worker_of(&resolver);
	char nothing;
	(void)state;
	assert_int_equal(send(hostile.socket, "bad", 3, MSG_NOSIGNAL), 3);
	assert_int_equal(read(hostile.socket, &nothing, 1), 0);
	assert_int_equal(ask(&worker, "good.example", DNS_A)->status, DNS_OK);
	end(&hostile);
	end(&worker);
	resolver_stop(&resolver);
}

static void test_a_resolver_that_died(void **state)
{
	struct resolver resolver = started(PATIENT_MSECS, PATIENT_MSECS, 60);
	struct worker worker = worker_of(&resolver);
	struct error error = {0};
	int status, socket;
	(void)state;
	assert_int_equal(ask(&worker, "good.example", DNS_A)->status, DNS_OK);
	assert_int_equal(kill(resolver.pid, SIGKILL), 0);
	assert_int_equal(waitpid(resolver.pid, &status, 0), resolver.pid);
	assert_int_equal(ask(&worker, "good.example", DNS_TXT)->status, DNS_TIMEOUT);
	assert_int_equal(resolver_job(&resolver, &socket, &error), ERR_TEMP);
	end(&worker);
	(void)close(resolver.control);
}

/* Whoever started it is gone: so is it, and a worker's socket says so. */
static void test_it_dies_with_its_parent(void **state)
{
	int ends[2], fds[JOB_FDS], status;
	char mark = 'x', nothing;
	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	pid_t parent = fork();
	if (parent == 0) {
		struct resolver resolver = started(PATIENT_MSECS, PATIENT_MSECS, 60);
		int job[JOB_FDS] = {-1, -1, -1};
		bool sent = resolver_job(&resolver, &job[0], NULL) == ERR_OK &&
			job_send(ends[1], &mark, sizeof(mark), job) && read(ends[1], &nothing, 1) == 1;
		_exit(sent ? 0 : 1);
	}
	assert_int_equal(job_receive(ends[0], &mark, sizeof(mark), fds), 1);
	struct arena *arena = arena_open((size_t)1 << 20);
	struct dns *dns = dns_relay_open(arena, fds[0], PATIENT_MSECS);
	assert_int_equal(dns_query(dns, arena, STR("good.example"), DNS_A)->status, DNS_OK);
	assert_int_equal(write(ends[0], "x", 1), 1);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(read(fds[0], &nothing, 1), 0);
	arena_close(&arena);
	(void)close(fds[0]);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void test_what_it_cannot_start_with(void **state)
{
	struct str nowhere = STR("localhost");
	struct resolver_options options = {.dns = {.servers = &nowhere, .servers_count = 1}};
	struct resolver resolver;
	struct error error = {0};
	(void)state;
	assert_int_equal(resolver_start(&options, &resolver, &error), ERR_INVALID);
	assert_true(str_find(str_from(error.text), nowhere) != SIZE_MAX);
	options.dns = (struct dns_unbound_options){.trust_anchor_file = "/nonexistent"};
	assert_int_equal(resolver_start(&options, &resolver, &error), ERR_INVALID);
}

static enum err load(const char *text, struct config **config_r, struct error *error)
{
	char path[] = "/tmp/dmarcd-resolver-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	enum err code = config_load(path, config_r, error);
	(void)unlink(path);
	return code;
}

static struct resolver_options options_in(struct arena *arena, const char *text)
{
	struct config *config = NULL;
	struct error error = {0};
	if (load(text, &config, &error) != ERR_OK)
		fail_msg("%s", error.text);
	struct resolver_options options = resolver_options_of(config, arena);
	/* Texts are the configuration's own. */
	for (size_t i = 0; i < options.dns.servers_count; i++)
		((struct str *)options.dns.servers)[i] = arena_str(arena, options.dns.servers[i]);
	if (options.dns.trust_anchor_file)
		options.dns.trust_anchor_file = arena_cstr(arena, str_from(options.dns.trust_anchor_file));
	config_free(&config);
	return options;
}

static void test_configuration(void **state)
{
	struct arena *arena = arena_open((size_t)1 << 20);
	struct resolver_options options = options_in(arena, "state_dir: /nonexistent\n");
	(void)state;
	assert_int_equal(options.dns.servers_count, 0);
	assert_int_equal(options.dns.query_msecs, 5000);
	assert_int_equal(options.dns.job_msecs, 20000);
	assert_int_equal(options.queries_max, 60);
	assert_int_equal(options.dns.txt_records_max, 32);
	assert_int_equal(options.dns.txt_bytes_max, DNS_TXT_BYTES_MAX);
	assert_int_equal(options.dns.cnames_max, DNS_CNAMES);
	assert_int_equal(options.dns.ttl_min_secs, DNS_TTL_MIN_SECS);
	assert_int_equal(options.dns.ttl_max_secs, DNS_TTL_MAX_SECS);
	assert_int_equal(options.jobs_max, RESOLVER_JOBS);
	assert_int_equal(options.rate, 200);
	assert_int_equal(options.zone_rate, 20);
	assert_int_equal(options.dns.trust_anchor_file != NULL, access(RESOLVER_ROOT_KEY, R_OK) == 0);
	assert_false(options.require_confinement);
	options = options_in(arena,
		"dns: {servers: [192.0.2.1, \"2001:db8::1@5353\"]}\nrequire_confinement: yes\n"
		"limits: {dns_queries: 7, dns_query_secs: 2s, dns_mail_secs: 3s, dns_rate: 8, dns_zone_rate: 9, "
		"dns_txt_records: 10, dns_txt_bytes: 11, dns_cname_chain: 12, dns_ttl_min_secs: 13s, "
		"dns_ttl_max_secs: 2h, dns_in_flight: 14}\n");
	assert_int_equal(options.dns.servers_count, 2);
	assert_true(str_eq(options.dns.servers[1], STR("2001:db8::1@5353")));
	assert_null(options.dns.trust_anchor_file);
	assert_int_equal(options.dns.query_msecs, 2000);
	assert_int_equal(options.dns.job_msecs, 3000);
	assert_int_equal(options.queries_max, 7);
	assert_int_equal(options.dns.txt_records_max, 10);
	assert_int_equal(options.dns.txt_bytes_max, 11);
	assert_int_equal(options.dns.cnames_max, 12);
	assert_int_equal(options.dns.ttl_min_secs, 13);
	assert_int_equal(options.dns.ttl_max_secs, 7200);
	assert_int_equal(options.jobs_max, 14);
	assert_int_equal(options.rate, 8);
	assert_int_equal(options.zone_rate, 9);
	assert_true(options.require_confinement);
	options = options_in(arena, "dns: {servers: [192.0.2.1], trust_anchor: /nonexistent/key}\n");
	assert_string_equal(options.dns.trust_anchor_file, "/nonexistent/key");
	arena_close(&arena);
}

static void test_bad_configuration(void **state)
{
	static const struct {
		const char *text, *key;
	} cases[] = {
		{"dns: {servers: [localhost]}\n", "dns.servers"},
		{"dns: {servers: [192.0.2.1@0]}\n", "dns.servers"},
		{"dns: {servers: 192.0.2.1}\n", "dns.servers"},
		{"dns: {server: [192.0.2.1]}\n", "\"server\" in dns"},
		{"dns: {trust_anchor: [a]}\n", "dns.trust_anchor"},
		{"limits: {dns_queries: 1001}\n", "limits.dns_queries"},
		{"limits: {dns_txt_records: 513}\n", "limits.dns_txt_records"},
		{"limits: {dns_cname_chain: 17}\n", "limits.dns_cname_chain"},
		{"limits: {dns_ttl_max_secs: 59m}\n", "less than 1h"},
		{"limits: {dns_rate: 0}\n", "limits.dns_rate"},
		{"limits: {dns_zone_rate: 10001}\n", "limits.dns_zone_rate"},
		{"limits: {dns_query_secs: 61s}\n", "limits.dns_query_secs"},
		{"limits: {dns_mail_secs: 301s}\n", "limits.dns_mail_secs"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config = NULL;
		struct error error = {0};
		assert_int_equal(load(cases[i].text, &config, &error), ERR_INVALID);
		if (!strstr(error.text, cases[i].key))
			fail_msg("%s", error.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_it_validates),
		cmocka_unit_test(test_it_is_confined),
		cmocka_unit_test(test_jobs_take_turns),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_questions_are_counted),
		cmocka_unit_test(test_time_is_bounded),
		cmocka_unit_test(test_the_pace),
		cmocka_unit_test(test_a_zone_is_asked_slowly),
		cmocka_unit_test(test_slow_names_hold_up_nobody),
		cmocka_unit_test(test_a_hostile_worker_harms_itself),
		cmocka_unit_test(test_a_resolver_that_died),
		cmocka_unit_test(test_it_dies_with_its_parent),
		cmocka_unit_test(test_what_it_cannot_start_with),
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_bad_configuration),
	};
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
