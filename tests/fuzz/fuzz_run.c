// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_run.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "parser/parse.h"

#define ARENA_BYTES ((size_t)256 << 20)

struct limits fuzz_limits(void)
{
	struct limits limits = limits_default();
	limits.mail_bytes = 1 << 20;
	limits.report_bytes = 4 << 20;
	limits.unpacked_bytes = 8 << 20;
	limits.json_bytes = 1 << 20;
	return limits;
}

static bool frame_is_valid(const struct frame *frame, struct arena *arena)
{
	union {
		struct mail_head head;
		struct report_begin begin;
		struct aggregate_record record;
		struct tls_policy policy;
		struct tls_detail detail;
		struct issue issue;
		struct aggregate_head aggregate;
		struct failure_report failure;
		struct tls_head tls;
		struct report_totals totals;
		struct mail_end end;
	} any;
	switch (frame->type) {
	case FRAME_MAIL_HEAD:
		return wire_read_mail_head(frame->payload, &any.head);
	case FRAME_REPORT_BEGIN:
		return wire_read_report_begin(frame->payload, &any.begin);
	case FRAME_RECORD:
		return wire_read_record(frame->payload, arena, &any.record);
	case FRAME_TLS_POLICY:
		return wire_read_tls_policy(frame->payload, &any.policy);
	case FRAME_TLS_DETAIL:
		return wire_read_tls_detail(frame->payload, &any.detail);
	case FRAME_ISSUE:
		return wire_read_issue(frame->payload, &any.issue);
	case FRAME_AGGREGATE_HEAD:
		return wire_read_aggregate_head(frame->payload, arena, &any.aggregate);
	case FRAME_FAILURE:
		return wire_read_failure(frame->payload, &any.failure);
	case FRAME_TLS_HEAD:
		return wire_read_tls_head(frame->payload, &any.tls);
	case FRAME_REPORT_END:
		return wire_read_report_end(frame->payload, &any.totals);
	case FRAME_MAIL_END:
		return wire_read_mail_end(frame->payload, &any.end);
	case FRAME_HELLO:
	case FRAME_BYTES:
	case FRAME_BYTES_END:
		return true;
	}
	return false;
}

static void check(void *context, const void *bytes, size_t len)
{
	struct str rest = {bytes, len};
	struct frame frame;
	struct arena *arena = arena_open(ARENA_BYTES);
	(void)context;
	while (wire_next(&rest, &frame) == 1)
		if (!frame_is_valid(&frame, arena))
			die("a frame of type %d is not valid", (int)frame.type);
	if (rest.len > 0)
		die("bytes behind the last frame");
	arena_close(&arena);
}

void fuzz_writer_init(struct wire_writer *writer)
{
	wire_writer_init(writer, check, NULL);
}

void fuzz_parse(const uint8_t *bytes, size_t len)
{
	struct limits limits = fuzz_limits();
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
		die("memfd");
	struct parse_input input = {
		.fd = fd, .bytes = len, .now_epoch_secs = 1790000000, .limits = &limits};
	struct wire_writer writer;
	fuzz_writer_init(&writer);
	parse_mail(&input, &writer);
	parse_extract(&input, 0, &writer);
	wire_writer_fini(&writer);
	close(fd);
}
