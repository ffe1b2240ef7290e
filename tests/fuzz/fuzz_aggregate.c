// SPDX-License-Identifier: Apache-2.0
/*
 * An XML document: the same frames whatever the size of the pieces and at each
 * reading; what is accepted is accepted by the spool too, and its messages are
 * the sum of its records.
 */
#include "tests/fuzz/fuzz_run.h"

#include "pool/spool.h"

#define SCRATCH_BYTES ((size_t)64 << 20)

static void check_sums(struct spool *spool, const struct report_totals *totals)
{
	struct arena *scratch = arena_open(SCRATCH_BYTES);
	struct spool_cursor cursor = spool_rows(spool, 0);
	struct aggregate_record record;
	struct frame frame;
	struct error error = {0};
	uint64_t records = 0, messages = 0;
	for (; spool_next_row(&cursor, &frame, &error); records++) {
		arena_reset(scratch);
		if (!wire_read_record(frame.payload, scratch, &record))
			die("record %llu cannot be read", (unsigned long long)records);
		messages += record.messages;
	}
	if (records != totals->records || messages != totals->messages)
		die("the records hold %llu messages, the totals %llu", (unsigned long long)messages,
			(unsigned long long)totals->messages);
	arena_close(&scratch);
}

static void check_accepted(struct str report)
{
	struct spool *spool = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
	struct limits limits = fuzz_limits();
	struct sha256 mail = sha256_of("mail", 4);
	struct error error = {0};
	struct wire_writer writer;
	struct buf stream;
	buf_init(&stream, SIZE_MAX / 4);
	fuzz_writer_keep(&writer, &stream);
	wire_write_hello(&writer);
	wire_flush(&writer);
	buf_add_str(&stream, report);
	wire_write_mail_end(&writer, &(struct mail_end){.verdict = VERDICT_REPORTS, .reports = 1});
	wire_writer_fini(&writer);
	spool_reset(spool, &mail, &limits, FUZZ_NOW);
	if (!spool_add(spool, buf_str(&stream), &error) || !spool_finish(spool, &error))
		die("the spool refuses it: %s", error.text);
	check_sums(spool, &spool_report_at(spool, 0)->totals);
	buf_fini(&stream);
	spool_close(&spool);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf frames;
	buf_init(&frames, SIZE_MAX / 4);
	if (fuzz_read_alike(aggregate_read, (struct str){(const char *)bytes, len}, &frames))
		check_accepted(buf_str(&frames));
	buf_fini(&frames);
	return 0;
}
