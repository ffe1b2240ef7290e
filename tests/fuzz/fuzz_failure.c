// SPDX-License-Identifier: Apache-2.0
/*
 * The fields of a feedback part, a NUL, the sample; also read as the plain-text
 * form. Read, it is one failure report; refused, none and a reason. In a mail of
 * their own they are at most one report, and that a failure report: nothing in
 * the sample is a report of its own.
 */
#include "tests/fuzz/fuzz_run.h"

#include <stdlib.h>

#include "base/arena.h"
#include "parser/mail/failure.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define BOUNDARY "=_a boundary that nobody guesses"

static size_t count_reports(struct str frames, bool *other_r)
{
	struct report_begin begin;
	struct frame frame;
	size_t count = 0;
	*other_r = false;
	while (wire_next(&frames, &frame) == 1)
		if (frame.type == FRAME_REPORT_BEGIN && wire_read_report_begin(frame.payload, &begin)) {
			*other_r |= begin.kind != REPORT_FAILURE;
			count++;
		}
	return count;
}

static void run(struct failure_source *source)
{
	source->now_epoch_secs = FUZZ_NOW;
	struct limits limits = fuzz_limits();
	struct wire_writer writer;
	struct reject reject = {0};
	struct buf frames;
	bool other;
	struct issue_list *issues = malloc(sizeof(*issues));
	if (issues == NULL)
		die_out_of_memory();
	issue_list_init(issues);
	buf_init(&frames, SIZE_MAX / 4);
	fuzz_writer_keep(&writer, &frames);
	bool read = failure_write(source, &limits, issues, &writer, &reject);
	wire_writer_fini(&writer);
	fuzz_check_frames(buf_str(&frames));
	if (read && (count_reports(buf_str(&frames), &other) != 1 || other))
		die("not one failure report");
	if (!read && reject.reason == REASON_NONE)
		die("refused without a reason");
	buf_fini(&frames);
	free(issues);
}

static void run_mail(struct str fields, struct str sample)
{
	struct buf mail, frames;
	bool other;
	if (str_find(fields, STR(BOUNDARY)) != SIZE_MAX || str_find(sample, STR(BOUNDARY)) != SIZE_MAX)
		return;
	buf_init(&mail, SIZE_MAX / 4);
	buf_init(&frames, SIZE_MAX / 4);
	buf_add_str(&mail, STR("From: a@example.com\nMIME-Version: 1.0\n"
		"Content-Type: multipart/report; report-type=feedback-report; boundary=\"" BOUNDARY "\"\n\n"
		"--" BOUNDARY "\n\nAn authentication failure report.\n"
		"--" BOUNDARY "\nContent-Type: message/feedback-report\n\n"));
	buf_add_str(&mail, fields);
	buf_add_str(&mail, STR("\n--" BOUNDARY "\nContent-Type: message/rfc822\n\n"));
	buf_add_str(&mail, sample);
	buf_add_str(&mail, STR("\n--" BOUNDARY "--\n"));
	fuzz_stream(buf_str(&mail), &frames);
	if (count_reports(buf_str(&frames), &other) > 1 || other)
		die("more than one failure report");
	buf_fini(&mail);
	buf_fini(&frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {len > 0 ? (const char *)bytes : "", len};
	size_t nul = str_find_char(text, '\0'), at;
	struct failure_source source = {.fields = str_sub(text, 0, nul),
		.sample = nul != SIZE_MAX ? str_from_offset(text, nul + 1) : STR_NONE};
	(void)failure_sniff(text, &at);
	run(&source);
	run_mail(source.fields, source.sample);
	struct arena *arena = arena_open(ARENA_BYTES);
	if (failure_from_text(text, arena, &source))
		run(&source);
	arena_close(&arena);
	return 0;
}
