// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/held.h"

#include <stdlib.h>

#define HELD_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct held {
	const struct report_check *check;
	struct wire_writer *writer;
	struct wire_writer waiting;
	struct buf frames;
};

static void keep(void *context, const void *bytes, size_t len)
{
	buf_add(context, bytes, len);
}

struct held *held_open(const struct report_check *check, struct wire_writer *writer)
{
	struct held *held = calloc(1, sizeof(*held));
	if (!held)
		die_out_of_memory();
	held->check = check;
	held->writer = writer;
	wire_writer_init(&held->waiting, keep, &held->frames);
	buf_init(&held->frames, HELD_BYTES_MAX + 2 * WIRE_PAYLOAD_BYTES_MAX);
	return held;
}

void held_close(struct held **held)
{
	wire_writer_fini(&(*held)->waiting);
	buf_fini(&(*held)->frames);
	free(*held);
	*held = NULL;
}

/* What sums are made of. */
static void write_bare(struct wire_writer *writer, const struct aggregate_record *record)
{
	const struct aggregate_record bare = {
		.messages = record->messages,
		.messages_missing = record->messages_missing,
		.dkim_aligned = record->dkim_aligned,
		.spf_aligned = record->spf_aligned,
	};
	wire_write_record(writer, &bare);
}

/* policy NULL: there is none to hold them against. */
static void release(struct held *held, const struct policy_published *policy)
{
	struct frame frame;
	struct arena *arena;
	wire_flush(&held->waiting);
	if (held->frames.len == 0)
		return;
	arena = arena_open(ARENA_BYTES);
	for (struct str rest = buf_str(&held->frames); wire_next(&rest, &frame) > 0; arena_reset(arena)) {
		struct aggregate_record record;
		if (!wire_read_record(frame.payload, arena, &record))
			die("a record that was not written well");
		if (policy)
			record.contradictions = held->check->record(held->check->context, policy, &record);
		wire_write_record(held->writer, &record);
	}
	arena_close(&arena);
	buf_reset(&held->frames);
}

void held_record(struct held *held, struct draft *draft)
{
	struct aggregate_record *record = &draft->record;
	if (held->check && held->check->bare) {
		write_bare(held->writer, record);
		return;
	}
	if (held->check && !draft->policy_read) {
		wire_write_record(&held->waiting, record);
		if (held->frames.len <= HELD_BYTES_MAX)
			return;
		draft_issue(draft, ISSUE_RECORD_UNCHECKED, STR_NONE);
		release(held, NULL);
		held->check = NULL;
		return;
	}
	if (held->check)
		record->contradictions = held->check->record(held->check->context, &draft->policy, record);
	wire_write_record(held->writer, record);
}

void held_policy(struct held *held, const struct draft *draft)
{
	release(held, draft->saw_policy ? &draft->policy : NULL);
}
