// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_run.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "parser/parse.h"

#define ARENA_BYTES ((size_t)256 << 20)
#define SHORT_BYTES ((size_t)4096) /* longer ones a byte at a time take too long */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	const struct limits limits = limits_default();
	parse_init();
	parse_warm_up(&limits);
	return 0;
}

struct limits fuzz_limits(void)
{
	struct limits limits = limits_default();
	limits.mail_bytes = 1 << 20;
	limits.report_bytes = 3 << 19; /* the ratio counts from 1 MiB on */
	limits.unpacked_bytes = 3 << 20;
	limits.json_bytes = 1 << 20;
	limits.xml_elements = 5000;
	limits.mime_parts = 40;
	limits.mime_depth = 8;
	limits.attachments = 8;
	limits.reports = 8;
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
	case FRAME_VERDICT:
	case FRAME_VERDICT_END:
		return true;
	}
	return false;
}

void fuzz_check_frames(struct str frames)
{
	struct str rest = frames;
	struct frame frame;
	struct arena *arena = arena_open(ARENA_BYTES);
	while (wire_next(&rest, &frame) == 1)
		if (!frame_is_valid(&frame, arena))
			die("a frame of type %d is not valid", (int)frame.type);
	if (rest.len > 0)
		die("bytes behind the last frame");
	arena_close(&arena);
}

static void check(void *context, const void *bytes, size_t len)
{
	(void)context;
	fuzz_check_frames((struct str){bytes, len});
}

void fuzz_writer_init(struct wire_writer *writer)
{
	wire_writer_init(writer, check, NULL);
}

static void keep(void *context, const void *bytes, size_t len)
{
	buf_add(context, bytes, len);
}

void fuzz_writer_keep(struct wire_writer *writer, struct buf *out)
{
	wire_writer_init(writer, keep, out);
}

static void parse(struct str bytes, struct wire_writer *writer, bool extract)
{
	struct limits limits = fuzz_limits();
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || (bytes.len > 0 && write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len))
		die("memfd");
	struct parse_input input = {
		.fd = fd, .bytes = bytes.len, .now_epoch_secs = FUZZ_NOW, .limits = &limits};
	parse_mail(&input, writer);
	if (extract)
		parse_extract(&input, 0, writer);
	close(fd);
}

void fuzz_parse(const uint8_t *bytes, size_t len)
{
	struct wire_writer writer;
	fuzz_writer_init(&writer);
	parse((struct str){(const char *)bytes, len}, &writer, true);
	wire_writer_fini(&writer);
}

void fuzz_stream(struct str bytes, struct buf *out)
{
	struct wire_writer writer;
	fuzz_writer_keep(&writer, out);
	wire_write_hello(&writer);
	parse(bytes, &writer, false);
	wire_writer_fini(&writer);
}

static ssize_t read_piece(void *context, char *out, size_t cap, struct reject *reject)
{
	struct fuzz_source *source = context;
	struct str piece = str_sub(source->rest, 0, cap < source->piece ? cap : source->piece);
	(void)reject;
	if (piece.len > 0)
		(void)memcpy(out, piece.ptr, piece.len);
	source->rest = str_from_offset(source->rest, piece.len);
	return (ssize_t)piece.len;
}

struct payload fuzz_payload(struct fuzz_source *source)
{
	return (struct payload){read_piece, source, STR("fuzz")};
}

bool fuzz_read(fuzz_reader *reader, struct str text, size_t piece, struct buf *out, struct reject *reject_r)
{
	struct fuzz_source source = {text, piece};
	struct payload payload = fuzz_payload(&source);
	struct limits limits = fuzz_limits();
	struct wire_writer writer;
	struct issue_list *issues = malloc(sizeof(*issues));
	if (issues == NULL)
		die_out_of_memory();
	issue_list_init(issues);
	fuzz_writer_keep(&writer, out);
	*reject_r = (struct reject){0};
	bool good = reader(&payload, &limits, FUZZ_NOW, issues, &writer, reject_r);
	wire_writer_fini(&writer);
	free(issues);
	if (!good && reject_r->reason == REASON_NONE)
		die("refused without a reason");
	if (!good)
		buf_reset(out);
	fuzz_check_frames(buf_str(out));
	return good;
}

bool fuzz_read_alike(fuzz_reader *reader, struct str text, struct buf *out, struct reject *reject_r)
{
	const size_t pieces[] = {SIZE_MAX, text.len <= SHORT_BYTES ? 1 : 61};
	struct reject again;
	bool good = fuzz_read(reader, text, SIZE_MAX, out, reject_r);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct buf other;
		buf_init(&other, SIZE_MAX / 4);
		if (fuzz_read(reader, text, pieces[i], &other, &again) != good)
			die("pieces of %zu: \"%s\" instead of \"%s\"", pieces[i], again.detail, reject_r->detail);
		if (!good && (again.reason != reject_r->reason || strcmp(again.detail, reject_r->detail) != 0))
			die("pieces of %zu: refused for \"%s\" instead of \"%s\"", pieces[i], again.detail,
				reject_r->detail);
		if (!str_eq(buf_str(&other), buf_str(out)))
			die("pieces of %zu: other frames", pieces[i]);
		buf_fini(&other);
	}
	return good;
}
