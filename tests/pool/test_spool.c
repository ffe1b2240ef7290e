// SPDX-License-Identifier: Apache-2.0
/* Streams that a worker in a stranger's hands could write: none of them gets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/coherence.h"
#include "pool/spool.h"

#define NOW ((int64_t)1790000000)
#define MAIL sha256_of("mail", 4)

static struct limits limits;
static struct buf stream;

static void keep(void *context, const void *bytes, size_t len)
{
	buf_add(context, bytes, len);
}

static struct wire_writer begin(void)
{
	struct wire_writer writer;
	buf_reset(&stream);
	wire_writer_init(&writer, keep, &stream);
	wire_write_hello(&writer);
	return writer;
}

static struct aggregate_head head(const char *id)
{
	return (struct aggregate_head){
		.org_name = STR("acme"),
		.report_id = str_from(id),
		.begin_epoch_secs = 1700000000,
		.end_epoch_secs = 1700086399,
		.policy = {.domain = STR("example.com"), .p = STR("none")},
	};
}

static void write_rows(struct wire_writer *writer, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		wire_write_record(writer, &(struct aggregate_record){
			.messages = i + 1,
			.dkim_aligned = ALIGNED_PASS,
			.header_from = STR("example.com"),
		});
}

static void write_report(struct wire_writer *writer, const char *id, unsigned rows, uint64_t more_messages)
{
	const struct aggregate_head aggregate = head(id);
	wire_write_report_begin(writer, &(struct report_begin){REPORT_AGGREGATE, STR("a.xml")});
	write_rows(writer, rows);
	wire_write_aggregate_head(writer, &aggregate);
	uint64_t messages = (uint64_t)rows * (rows + 1) / 2;
	wire_write_report_end(writer, &(struct report_totals){rows, messages + more_messages, messages,
		SCHEMA_DRAFT, 0});
}

static void write_end(struct wire_writer *writer, uint64_t reports)
{
	wire_write_mail_end(writer, &(struct mail_end){.verdict = VERDICT_REPORTS, .reports = reports});
	wire_writer_fini(writer);
}

/* In pieces of this many bytes. */
static bool accepted(struct spool *spool, size_t piece)
{
	struct error error = {0};
	struct sha256 mail = MAIL;
	struct str rest = buf_str(&stream);
	spool_reset(spool, &mail, &limits, NOW);
	while (rest.len > 0) {
		if (!spool_add(spool, str_sub(rest, 0, piece), &error))
			return false;
		rest = str_from_offset(rest, piece);
	}
	return spool_finish(spool, &error);
}

static void test_good_stream_in_any_pieces(void **state)
{
	static const size_t pieces[] = {1, 2, 7, 100, 65536};
	struct spool *spool = spool_open(2000, "/tmp"); /* most rows go through the file */
	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct wire_writer writer = begin();
		struct frame frame;
		struct error error = {0};
		uint64_t rows = 0;
		write_report(&writer, "one", 100, 0);
		write_report(&writer, "two", 3, 0);
		write_end(&writer, 2);
		assert_true(accepted(spool, pieces[i]));
		assert_int_equal(spool_reports_count(spool), 2);
		assert_int_equal(spool_report_at(spool, 0)->totals.messages, 5050);
		for (size_t report = 0; report < 2; report++) {
			struct spool_cursor cursor = spool_rows(spool, report);
			while (spool_next_row(&cursor, &frame, &error))
				rows += frame.type == FRAME_RECORD;
		}
		assert_int_equal(rows, 103);
	}
	spool_close(&spool);
}

static void test_sums_without_records(void **state)
{
	struct spool *spool = spool_open(0, "/nonexistent"); /* nothing can be kept */
	struct wire_writer writer = begin();
	struct frame frame;
	struct error error = {0};
	(void)state;
	write_report(&writer, "one", 2000, 0);
	write_end(&writer, 1);
	assert_false(accepted(spool, 1000));
	spool_without_records(spool);
	assert_true(accepted(spool, 1000));
	assert_int_equal(spool_report_at(spool, 0)->totals.messages, 2001000);
	struct spool_cursor cursor = spool_rows(spool, 0);
	assert_false(spool_next_row(&cursor, &frame, &error));
	spool_close(&spool);
}

/* A report of one row with these contradictions, itself with those. */
static bool accepted_with(struct spool *spool, uint32_t of_row, uint32_t of_report)
{
	struct wire_writer writer = begin();
	const struct aggregate_head aggregate = head("one");
	wire_write_report_begin(&writer, &(struct report_begin){REPORT_AGGREGATE, STR("a.xml")});
	wire_write_record(&writer, &(struct aggregate_record){
		.messages_missing = of_row != 0,
		.contradictions = of_row,
		.header_from = STR("example.com"),
	});
	wire_write_aggregate_head(&writer, &aggregate);
	wire_write_report_end(&writer, &(struct report_totals){1, 0, 0, SCHEMA_DRAFT, of_report});
	write_end(&writer, 1);
	return accepted(spool, 1000);
}

/* What we think of a report is no part of it: its key is that of every release. */
static void test_contradictions_are_no_content(void **state)
{
	char key[UUID_TEXT_BYTES];
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	(void)state;
	for (uint32_t bit = 0; bit <= COHERENCE_BIT(COUNT_ZERO); bit += COHERENCE_BIT(COUNT_ZERO)) {
		assert_true(accepted_with(spool, bit, bit ? COHERENCE_BIT(DATES_AHEAD) : 0));
		assert_string_equal(sha256_uuid(&spool_report_at(spool, 0)->key, key),
			"f14d9743-9df9-8779-9754-a4e7ed45bbf1");
	}
	spool_close(&spool);
}

/* What is a report's own is none of a row's, and a note none of either. */
static void test_contradictions_of_the_other(void **state)
{
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	(void)state;
	assert_false(accepted_with(spool, COHERENCE_BIT(DATES_AHEAD), 0));
	assert_false(accepted_with(spool, COHERENCE_BIT(ALIGNMENT_PSL), 0));
	assert_false(accepted_with(spool, 1u << 31, 0));
	assert_false(accepted_with(spool, 0, COHERENCE_BIT(COUNT_ZERO)));
	spool_close(&spool);
}

static void test_identity(void **state)
{
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	struct wire_writer writer = begin();
	(void)state;
	write_report(&writer, "a", 2, 0);
	write_report(&writer, "<a>", 2, 0);
	write_report(&writer, "b", 2, 0);
	write_report(&writer, "a", 3, 0);
	write_end(&writer, 4);
	assert_true(accepted(spool, 1000));
	const struct spool_report *a = spool_report_at(spool, 0), *brackets = spool_report_at(spool, 1);
	const struct spool_report *b = spool_report_at(spool, 2), *other = spool_report_at(spool, 3);
	assert_memory_equal(&a->key, &brackets->key, sizeof(a->key));
	assert_memory_not_equal(&a->identity, &b->identity, sizeof(a->identity));
	assert_memory_equal(&a->identity, &other->identity, sizeof(a->identity));
	assert_memory_not_equal(&a->content, &other->content, sizeof(a->content));
	assert_memory_not_equal(&a->key, &other->key, sizeof(a->key));
	spool_close(&spool);
}

enum lie { LIE_SUM, LIE_REPORTS, LIE_CUT, LIE_TWICE_ENDED, LIE_NO_HEAD, LIE_ROWS_AFTER_HEAD, LIE_BYTES, LIE_NO_HELLO,
	LIE_GARBAGE, LIE_TYPE, LIE_LENGTH, LIE_PERIOD, LIE_NO_DOMAIN, LIE_COUNT };

static void write_lie(enum lie lie)
{
	struct wire_writer writer = begin();
	struct aggregate_head aggregate = head("x");
	if (lie == LIE_NO_HELLO)
		buf_reset(&writer.buf);
	wire_write_report_begin(&writer, &(struct report_begin){REPORT_AGGREGATE, STR("")});
	write_rows(&writer, 2);
	if (lie == LIE_PERIOD)
		aggregate.begin_epoch_secs = NOW + 30 * 86400;
	if (lie == LIE_NO_DOMAIN)
		aggregate.policy.domain = STR("");
	if (lie != LIE_NO_HEAD)
		wire_write_aggregate_head(&writer, &aggregate);
	if (lie == LIE_ROWS_AFTER_HEAD)
		write_rows(&writer, 1);
	if (lie == LIE_BYTES)
		wire_write_bytes(&writer, STR("x"));
	wire_write_report_end(&writer, &(struct report_totals){2, lie == LIE_SUM ? 4 : 3, 3, SCHEMA_DRAFT, 0});
	wire_write_mail_end(&writer, &(struct mail_end){.verdict = VERDICT_REPORTS, .reports = lie ==
		LIE_REPORTS ? 2 : 1});
	if (lie == LIE_TWICE_ENDED)
		wire_write_mail_end(&writer, &(struct mail_end){.verdict = VERDICT_REPORTS, .reports = 1});
	wire_writer_fini(&writer);
	if (lie == LIE_CUT)
		stream.len -= 3;
	if (lie == LIE_GARBAGE)
		stream.ptr[20] = (char)0xff;
	if (lie == LIE_TYPE)
		stream.ptr[4] = 99;
	if (lie == LIE_LENGTH)
		stream.ptr[3] = 0x7f;
}

static void test_lies(void **state)
{
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	(void)state;
	for (int lie = 0; lie < LIE_COUNT; lie++) {
		write_lie((enum lie)lie);
		if (accepted(spool, 11))
			fail_msg("lie %d is believed", lie);
		assert_int_equal(spool_reports_count(spool), 0);
	}
	/* ... and the next mail is none the worse for it. */
	write_lie(LIE_COUNT);
	assert_true(accepted(spool, 11));
	spool_close(&spool);
}

static void test_limits(void **state)
{
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	(void)state;
	limits.records = 5;
	struct wire_writer writer = begin();
	write_report(&writer, "fits", 5, 0);
	write_end(&writer, 1);
	assert_true(accepted(spool, 4096));
	writer = begin();
	write_report(&writer, "above", 6, 0);
	write_end(&writer, 1);
	assert_false(accepted(spool, 4096));
	limits = limits_default();
	limits.reports = 1;
	writer = begin();
	write_report(&writer, "1", 1, 0);
	write_report(&writer, "2", 1, 0);
	write_end(&writer, 2);
	assert_false(accepted(spool, 4096));
	limits = limits_default();
	spool_close(&spool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_stream_in_any_pieces),
		cmocka_unit_test(test_sums_without_records),
		cmocka_unit_test(test_contradictions_are_no_content),
		cmocka_unit_test(test_contradictions_of_the_other),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_limits),
	};
	limits = limits_default();
	buf_init(&stream, (size_t)16 * 1024 * 1024);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	buf_fini(&stream);
	return failed;
}
