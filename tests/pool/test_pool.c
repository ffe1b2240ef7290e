// SPDX-License-Identifier: Apache-2.0
/* The real worker behind a pool: what it reads, and what becomes of one that dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "pool/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOW ((int64_t)1790000000)

static const char report[] =
	"<?xml version=\"1.0\"?><feedback><report_metadata><org_name>acme</org_name><email>a@acme.example</email>"
	"<report_id>1</report_id><date_range><begin>1700000000</begin><end>1700086399</end></date_range>"
	"</report_metadata><policy_published><domain>example.com</domain><p>none</p></policy_published><record><row>"
	"<source_ip>192.0.2.1</source_ip><count>3</count><policy_evaluated><disposition>none</disposition>"
	"<dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>example.com</header_from>"
	"</identifiers><auth_results><spf><domain>example.com</domain><result>fail</result></spf></auth_results>"
	"</record></feedback>";

static struct limits limits;

static struct pool *open_pool(const char *worker)
{
	struct pool *pool = NULL;
	struct error error = {0};
	const struct pool_options options = {.worker_path = worker, .limits = &limits};
	if (pool_open(&options, &pool, &error) != ERR_OK)
		print_message("%s\n", error.text);
	return pool;
}

static int memory_file(const char *bytes, size_t len)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	return fd;
}

static enum job_end run(struct pool *pool, struct spool *spool, int fd, uint64_t bytes, unsigned *tries_r)
{
	struct sha256 sum = sha256_of("x", 1);
	struct job job = {.kind = JOB_PARSE, .fd = fd, .bytes = bytes, .now_epoch_secs = NOW, .spool = spool};
	struct job_done done;
	spool_reset(spool, &sum, &limits, NOW);
	pool_run(pool, &job, &done);
	*tries_r = done.tries;
	return done.end;
}

static void test_reads(void **state)
{
	struct pool *pool = open_pool(getenv("DMARCD_WORKER"));
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	unsigned tries;
	(void)state;
	assert_non_null(pool);
	int fd = memory_file(report, sizeof(report) - 1);
	for (int i = 0; i < 20; i++) {
		if (i == 10)
			spool_without_records(spool); /* the sums are the same */
		assert_int_equal(run(pool, spool, fd, sizeof(report) - 1, &tries), JOB_DONE);
		assert_int_equal(tries, 1);
		assert_int_equal(spool_reports_count(spool), 1);
		assert_int_equal(spool_report_at(spool, 0)->totals.messages, 3);
		assert_int_equal(spool_report_at(spool, 0)->totals.dmarc_pass, 3);
	}
	(void)close(fd);
	spool_close(&spool);
	pool_close(&pool);
}

static void on_bytes(void *context, struct str bytes)
{
	buf_add_str(context, bytes);
}

static void test_extracts(void **state)
{
	struct pool *pool = open_pool(getenv("DMARCD_WORKER"));
	struct job_done done;
	struct buf out;
	(void)state;
	int fd = memory_file(report, sizeof(report) - 1);
	buf_init(&out, 1 << 20);
	struct job job = {.kind = JOB_EXTRACT, .fd = fd, .bytes = sizeof(report) - 1, .now_epoch_secs = NOW,
		.on_bytes = on_bytes, .context = &out};
	pool_run(pool, &job, &done);
	assert_int_equal(done.end, JOB_DONE);
	assert_true(str_eq(buf_str(&out), STR(report)));
	buf_fini(&out);
	(void)close(fd);
	pool_close(&pool);
}

/* A deadline of no time at all: tried twice, then given up; the pool goes on. */
static void test_deadline(void **state)
{
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	unsigned tries;
	struct buf large;
	(void)state;
	struct pool *pool = open_pool(getenv("DMARCD_WORKER"));
	buf_init(&large, (size_t)64 << 20);
	buf_add_str(&large, STR("<feedback>"));
	for (int i = 0; i < 1000000; i++)
		buf_add_str(&large, STR("<unknown>1</unknown>"));
	int slow = memory_file(large.ptr, large.len);
	limits.mail_secs = 0;
	assert_int_equal(run(pool, spool, slow, large.len, &tries), JOB_TIMEOUT);
	assert_int_equal(tries, 2);
	buf_fini(&large);
	(void)close(slow);
	limits = limits_default();
	int fd = memory_file(report, sizeof(report) - 1);
	assert_int_equal(run(pool, spool, fd, sizeof(report) - 1, &tries), JOB_DONE);
	(void)close(fd);
	spool_close(&spool);
	pool_close(&pool);
}

/* The rows that came already decide how long a mail may take. */
static void test_long_records(void **state)
{
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	struct sha256 sum = sha256_of("x", 1);
	struct buf two;
	unsigned tries;
	(void)state;
	buf_init(&two, 10000);
	const size_t head = str_find(STR(report), STR("<record>"));
	const struct str record = str_sub(STR(report), head, sizeof(report) - 1 - head - strlen("</feedback>"));
	buf_printf(&two, "%.*s%.*s%.*s</feedback>", (int)head, report, STR_FMT(record), STR_FMT(record));
	int fd = memory_file(two.ptr, two.len);
	for (int over = 0; over < 2; over++) {
		limits.mail_secs = 100;
		limits.long_records = over ? 1 : 2;
		struct pool *pool = open_pool(getenv("DMARCD_WORKER"));
		struct job job = {.kind = JOB_PARSE, .fd = fd, .bytes = two.len, .now_epoch_secs = NOW, .spool = spool};
		assert_int_equal(run(pool, spool, fd, two.len, &tries), JOB_DONE);
		pool_submit(pool, &job);
		assert_in_range(pool_timeout_msecs(pool), over ? 200000 : 0, over ? 300000 : 100000);
		pool_close(&pool);
		spool_reset(spool, &sum, &limits, NOW);
	}
	limits = limits_default();
	buf_fini(&two);
	(void)close(fd);
	spool_close(&spool);
}

/* What needs seconds of a processor gets one; what needs none has enough of that. */
static void test_cpu_limit(void **state)
{
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	unsigned tries;
	struct buf large;
	(void)state;
	limits.report_bytes = limits.unpacked_bytes = (uint64_t)1 << 30;
	limits.xml_elements = 64000000;
	limits.mail_secs = 100;
	limits.cpu_secs = 1;
	struct pool *pool = open_pool(getenv("DMARCD_WORKER"));
	buf_init(&large, (size_t)128 << 20);
	buf_add_str(&large, STR("<feedback>"));
	while (large.len < (size_t)96 << 20)
		buf_add_str(&large, STR("<a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/>"));
	int slow = memory_file(large.ptr, large.len);
	assert_int_equal(run(pool, spool, slow, large.len, &tries), JOB_TIMEOUT);
	buf_fini(&large);
	(void)close(slow);
	int fd = memory_file(report, sizeof(report) - 1);
	assert_int_equal(run(pool, spool, fd, sizeof(report) - 1, &tries), JOB_DONE);
	(void)close(fd);
	limits = limits_default();
	spool_close(&spool);
	pool_close(&pool);
}

/* The template's pid: this process has no other child. */
static long template_pid(void)
{
	char path[64], text[64] = "";
	(void)snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	(void)fclose(file);
	assert_ptr_equal(strchr(text, ' '), strrchr(text, ' '));
	return strtol(text, NULL, 10);
}

static void test_worn_template(void **state)
{
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	unsigned tries;
	(void)state;
	limits.workers = 1;
	limits.worker_mails = 3;
	struct pool *pool = open_pool(getenv("DMARCD_WORKER"));
	assert_int_equal(pool_free_slots(pool), 1);
	long first = template_pid();
	for (int mail = 1; mail <= 4; mail++) {
		int fd = memory_file(report, sizeof(report) - 1);
		assert_int_equal(run(pool, spool, fd, sizeof(report) - 1, &tries), JOB_DONE);
		assert_int_equal(tries, 1);
		assert_int_equal(template_pid() == first, mail < 3);
		(void)close(fd);
	}
	limits = limits_default();
	spool_close(&spool);
	pool_close(&pool);
}

/* The report with four megabytes of errors in its head, which a worker has to hold. */
static int large_file(uint64_t *bytes_r)
{
	const char *rest = strstr(report, "</report_metadata>");
	struct buf text;
	buf_init(&text, (size_t)8 << 20);
	buf_add(&text, report, (size_t)(rest - report));
	for (int i = 0; i < 70; i++) {
		buf_add_str(&text, STR("<error>"));
		(void)memset(buf_room(&text, 60000), 'x', 60000);
		buf_took(&text, 60000);
		buf_add_str(&text, STR("</error>"));
	}
	buf_add_str(&text, str_from(rest));
	*bytes_r = text.len;
	int fd = memory_file(text.ptr, text.len);
	buf_fini(&text);
	return fd;
}

/* A worker without the memory that it needs ends, is tried again, and the pool goes on. */
static void test_memory(void **state)
{
	uint64_t bytes;
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	unsigned tries;
	(void)state;
#ifdef DMARCD_SANITIZED
	print_message("not run: pool memory: a sanitized worker has no RLIMIT_AS\n");
	spool_close(&spool);
	return;
#endif
	/* What it says last goes to a file, of which it may write none. */
	int stderr_fd = dup(STDERR_FILENO), log_fd = memory_file("", 0);
	assert_int_equal(dup2(log_fd, STDERR_FILENO), STDERR_FILENO);
	struct pool *pool = open_pool(getenv("DMARCD_WORKER"));
	assert_int_equal(dup2(stderr_fd, STDERR_FILENO), STDERR_FILENO);
	(void)close(stderr_fd);
	(void)close(log_fd);
	int fd = large_file(&bytes);
	limits.worker_bytes = (uint64_t)1 << 20;
	assert_int_equal(run(pool, spool, fd, bytes, &tries), JOB_MEMORY);
	assert_int_equal(tries, 2);
	limits.worker_bytes = (uint64_t)256 << 20;
	assert_int_equal(run(pool, spool, fd, bytes, &tries), JOB_DONE);
	limits = limits_default();
	(void)close(fd);
	spool_close(&spool);
	pool_close(&pool);
}

static void test_no_worker(void **state)
{
	struct pool *pool = NULL;
	struct error error = {0};
	const struct pool_options options = {.worker_path = "/nowhere/dmarcd-worker", .limits = &limits};
	(void)state;
	assert_int_equal(pool_open(&options, &pool, &error), ERR_NOTFOUND);
	assert_null(pool);
	assert_true(error.hint[0] != '\0');
}

/* Something that is no worker never gets ready, and is not waited for. */
static void test_false_worker(void **state)
{
	struct pool *pool = NULL;
	struct error error = {0};
	const struct pool_options options = {.worker_path = "/bin/true", .limits = &limits};
	(void)state;
	assert_int_equal(pool_open(&options, &pool, &error), ERR_TEMP);
	assert_null(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_extracts),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_long_records),
		cmocka_unit_test(test_cpu_limit),
		cmocka_unit_test(test_worn_template),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_no_worker),
		cmocka_unit_test(test_false_worker),
	};
	limits = limits_default();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
