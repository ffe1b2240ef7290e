// SPDX-License-Identifier: Apache-2.0
/*
 * A worker's stream as a liar could write it: refused, or in range. Whole or a
 * byte at a time, in memory or through the unlinked file, it is the same.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/utf8.h"
#include "pool/spool.h"

#define MEMORY_BYTES ((size_t)100) /* nearly all goes through the file */

static struct limits limits;

static bool accepted(struct spool *spool, struct str stream, size_t piece)
{
	struct sha256 mail = sha256_of("mail", 4);
	struct error error = {0};
	spool_reset(spool, &mail, &limits, FUZZ_NOW);
	bool good = true;
	for (; good && stream.len > 0; stream = str_from_offset(stream, piece))
		good = spool_add(spool, str_sub(stream, 0, piece), &error);
	good = good && spool_finish(spool, &error);
	if (!good && (error.text[0] == '\0' || !utf8_valid(str_from(error.text))))
		die("refused without a reason");
	if (!good && spool_reports_count(spool) > 0)
		die("refused, and reports are left");
	return good;
}

/* What a report's rows sum up to, by kind. */
static wide sum_rows(struct spool *spool, size_t i, struct buf *rows)
{
	struct arena *arena = arena_open((size_t)64 << 20);
	struct spool_cursor cursor = spool_rows(spool, i);
	struct error error = {0};
	struct frame frame;
	struct aggregate_record record;
	wide messages = 0;
	while (spool_next_row(&cursor, &frame, &error)) {
		arena_reset(arena);
		if (frame.type == FRAME_RECORD && !wire_read_record(frame.payload, arena, &record))
			die("a record that cannot be read");
		messages += frame.type == FRAME_RECORD ? record.messages : 0;
		if (frame.type == FRAME_RECORD && record.messages > INT64_MAX)
			die("a count out of range");
		buf_add_char(rows, (char)frame.type);
		buf_add_str(rows, frame.payload);
	}
	if (error.code != ERR_OK)
		die("%s", error.text);
	arena_close(&arena);
	return messages;
}

static void check_report(struct spool *spool, struct spool *other, size_t i)
{
	const struct spool_report *a = spool_report_at(spool, i), *b = spool_report_at(other, i);
	struct buf rows, other_rows;
	buf_init(&rows, SIZE_MAX / 4);
	buf_init(&other_rows, SIZE_MAX / 4);
	wide messages = sum_rows(spool, i, &rows);
	if (sum_rows(other, i, &other_rows) != messages || !str_eq(buf_str(&rows), buf_str(&other_rows)))
		die("other rows");
	if (messages != a->totals.messages || a->totals.dmarc_pass > messages)
		die("totals out of range");
	if (a->kind < REPORT_AGGREGATE || a->kind > REPORT_TLSRPT || !utf8_valid(a->member))
		die("kind or name out of range");
	if (day_begin_epoch_secs(a->day) > FUZZ_NOW + 2 * 86400)
		die("a day ahead");
	if (memcmp(&a->key, &b->key, sizeof(a->key)) != 0 ||
		memcmp(&a->content, &b->content, sizeof(a->content)) != 0 || a->day.number != b->day.number)
		die("other keys");
	buf_fini(&rows);
	buf_fini(&other_rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct spool *whole, *piecewise;
	struct str stream = {(const char *)bytes, len};
	if (!whole) {
		limits = limits_default();
		whole = spool_open(SPOOL_MEMORY_BYTES, "/tmp");
		piecewise = spool_open(MEMORY_BYTES, "/tmp");
	}
	bool good = accepted(whole, stream, SIZE_MAX);
	if (accepted(piecewise, stream, 1) != good)
		die("a byte at a time it is %s", good ? "refused" : "accepted");
	if (!good)
		return 0;
	size_t count = spool_reports_count(whole);
	if (count > limits.reports || spool_reports_count(piecewise) != count)
		die("number of reports");
	for (size_t i = 0; i < count; i++)
		check_report(whole, piecewise, i);
	return 0;
}
