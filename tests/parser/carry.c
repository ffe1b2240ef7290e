// SPDX-License-Identifier: Apache-2.0
#include "tests/parser/carry.h"

#include "model/coherence.h"
#include "parser/payload.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)1 << 30)
#define FRAMES_BYTES ((size_t)512 << 20)

static struct arena *arena;

void carry_open(void)
{
	arena = arena_open(ARENA_BYTES);
	parse_init();
}

void carry_close(void)
{
	arena_close(&arena);
}

struct arena *carry_arena(void)
{
	return arena;
}

/* ---- running ---- */

static void collect(void *context, const void *bytes, size_t len)
{
	buf_add(context, bytes, len);
}

/* For tests of who is asked, and when: what p=reject publishes contradicts all of its records. */
static uint32_t check_record(void *context, const struct policy_published *policy,
	const struct aggregate_record *record)
{
	(void)context, (void)record;
	return str_eq(policy->p, STR("reject")) ? COHERENCE_BIT(COUNT_ZERO) : 0;
}

static uint32_t check_report(void *context, const struct aggregate_head *head, int64_t mail_epoch_secs)
{
	(void)context;
	return mail_epoch_secs > 0 && mail_epoch_secs < head->end_epoch_secs ? COHERENCE_BIT(DATES_AHEAD) : 0;
}

static const struct report_check check = {.record = check_record, .report = check_report};

static struct str run(int fd, const struct limits *limits, bool extract, uint32_t report_no)
{
	struct stat st;
	struct limits normal = limits_default();
	if (fstat(fd, &st) != 0)
		die("fstat");
	struct parse_input input = {.fd = fd, .bytes = (uint64_t)st.st_size,
		.now_epoch_secs = CARRY_NOW, .limits = limits != NULL ? limits : &normal, .check = &check};
	struct buf frames;
	struct wire_writer writer;
	buf_init(&frames, FRAMES_BYTES);
	wire_writer_init(&writer, collect, &frames);
	if (extract)
		parse_extract(&input, report_no, &writer);
	else
		parse_mail(&input, &writer);
	wire_writer_fini(&writer);
	struct str copy = arena_str(arena, buf_str(&frames));
	buf_fini(&frames);
	return copy;
}

static void take_tls_policy(struct carried_report *report, struct str payload, bool *good)
{
	struct tls_policy policy;
	*good = wire_read_tls_policy(payload, &policy);
	if (report->policies_count < CARRIED_POLICIES_MAX)
		report->policies[report->policies_count] = policy;
	report->policies_count++;
}

static void take_issue(struct carried_report *report, struct str payload, bool *good)
{
	struct issue issue;
	*good = wire_read_issue(payload, &issue);
	if (*good)
		report->issues[issue.code] = issue.count;
}

/* One frame inside or outside a report; every frame must read back. */
static void take_frame(struct carried *carried, const struct frame *frame)
{
	struct carried_report *report = &carried->reports[carried->reports_count];
	struct report_begin begin;
	struct aggregate_record record;
	struct tls_detail detail;
	bool good = false;
	switch (frame->type) {
	case FRAME_MAIL_HEAD:
		good = !carried->has_head && wire_read_mail_head(frame->payload, &carried->head);
		carried->has_head = true;
		break;
	case FRAME_REPORT_BEGIN:
		good = carried->reports_count + 1 < CARRIED_REPORTS_MAX &&
			wire_read_report_begin(frame->payload, &begin);
		*report = (struct carried_report){.kind = begin.kind, .member = begin.member};
		break;
	case FRAME_RECORD:
		good = wire_read_record(frame->payload, arena, &record);
		if (report->records++ == 0)
			report->first_source = record.source_ip;
		report->contradictory += good && record.contradictions != 0;
		break;
	case FRAME_TLS_POLICY:
		take_tls_policy(report, frame->payload, &good);
		break;
	case FRAME_TLS_DETAIL:
		good = wire_read_tls_detail(frame->payload, &detail);
		if (report->details++ == 0)
			report->first_detail = detail;
		break;
	case FRAME_ISSUE:
		take_issue(report, frame->payload, &good);
		break;
	case FRAME_AGGREGATE_HEAD:
		good = wire_read_aggregate_head(frame->payload, arena, &report->aggregate);
		break;
	case FRAME_FAILURE:
		good = wire_read_failure(frame->payload, &report->failure);
		break;
	case FRAME_TLS_HEAD:
		good = wire_read_tls_head(frame->payload, &report->tls);
		break;
	case FRAME_REPORT_END:
		good = wire_read_report_end(frame->payload, &report->totals);
		carried->reports_count++;
		break;
	case FRAME_MAIL_END:
		good = wire_read_mail_end(frame->payload, &carried->end);
		break;
	case FRAME_HELLO:
	case FRAME_BYTES:
	case FRAME_BYTES_END:
	case FRAME_VERDICT:
	case FRAME_VERDICT_END:
		break;
	}
	if (!good)
		die("a frame of type %d is not valid", (int)frame->type);
}

static struct carried *carry_fd(int fd, const struct limits *limits)
{
	struct carried *carried = ARENA_NEW(arena, struct carried);
	struct str frames = run(fd, limits, false, 0);
	struct frame frame = {0};
	while (wire_next(&frames, &frame) == 1)
		take_frame(carried, &frame);
	if (frames.len > 0 || frame.type != FRAME_MAIL_END)
		die("the stream does not end with MAIL_END");
	if (carried->end.verdict == VERDICT_REPORTS && carried->end.reports != carried->reports_count)
		die("MAIL_END counts other reports");
	return carried;
}

static int memory_file(struct str bytes)
{
	int fd = memfd_create("mail", MFD_CLOEXEC);
	if (fd < 0)
		die("memfd_create");
	for (size_t at = 0; at < bytes.len;) {
		ssize_t put = write(fd, bytes.ptr + at, bytes.len - at);
		if (put <= 0)
			die("write");
		at += (size_t)put;
	}
	return fd;
}

struct carried *carry_bytes(struct str bytes, const struct limits *limits)
{
	int fd = memory_file(bytes);
	struct carried *carried = carry_fd(fd, limits);
	close(fd);
	return carried;
}

struct carried *carry_file(const char *path, const struct limits *limits)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("could not open %s", path);
	struct carried *carried = carry_fd(fd, limits);
	close(fd);
	return carried;
}

struct str carry_extract(struct str bytes, uint32_t report_no)
{
	int fd = memory_file(bytes);
	struct str frames = run(fd, NULL, true, report_no);
	close(fd);
	struct buf out;
	struct frame frame = {0};
	buf_init(&out, FRAMES_BYTES);
	while (wire_next(&frames, &frame) == 1)
		if (frame.type == FRAME_BYTES)
			buf_add_str(&out, frame.payload);
	if (frame.type != FRAME_BYTES_END)
		die("the stream does not end with BYTES_END");
	struct str copy = arena_str(arena, out.len > 0 ? buf_str(&out) : STR(""));
	buf_fini(&out);
	return copy;
}

const char *carry_code(const struct carried *carried)
{
	return reason_code(carried->end.reason);
}

const char *carry_issues(const struct carried *carried, size_t i)
{
	struct buf out;
	buf_init(&out, 16384);
	for (int code = 0; code < ISSUE_CODE_COUNT; code++)
		if (carried->reports[i].issues[code] > 0)
			buf_printf(&out, "%s%s", out.len > 0 ? " " : "",
				issue_code_text((enum issue_code)code));
	const char *text = arena_cstr(arena, buf_str(&out));
	buf_fini(&out);
	return text;
}

/* ---- corpus ---- */

const char *carry_corpus(void)
{
	const char *dir = getenv("DMARCD_CORPUS");
	struct stat st;
	if (dir == NULL)
		dir = "../shared/corpus";
	return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) ? dir : NULL;
}

struct str carry_read(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		die("could not read %s", path);
	char *bytes = arena_alloc(arena, (size_t)st.st_size + 1);
	ssize_t got = read(fd, bytes, (size_t)st.st_size);
	close(fd);
	return (struct str){bytes, got > 0 ? (size_t)got : 0};
}

struct str carry_corpus_file(const char *name)
{
	const char *dir = carry_corpus();
	return dir != NULL ? carry_read(arena_printf(arena, "%s/%s", dir, name)) : STR_NONE;
}
