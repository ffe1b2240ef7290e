// SPDX-License-Identifier: Apache-2.0
#include "pool/spool_store.h"

#include "model/wire_field.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL_BYTES ((size_t)64 * 1024)
#define KEPT_BYTES ((size_t)16 * 1024) /* what an empty one keeps for the next mail */

struct spool_store {
	size_t memory_bytes;
	char *directory;
	struct buf memory;
	bool spilled;        /* further frames go to the file */
	int fd;              /* -1: none yet */
	uint64_t file_bytes; /* written to it */
	struct buf tail;     /* on its way to it */
	struct buf window;   /* a piece of the file being read */
	uint64_t window_at;  /* its offset in the file */
};

struct spool_store *spool_store_open(size_t memory_bytes, const char *directory)
{
	struct spool_store *store = malloc(sizeof(*store));
	char *copy = strdup(directory);
	if (!store || !copy)
		die_out_of_memory();
	*store = (struct spool_store){.memory_bytes = memory_bytes, .directory = copy, .fd = -1};
	buf_init(&store->memory, memory_bytes);
	buf_init(&store->tail, TAIL_BYTES + WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES_MAX);
	buf_init(&store->window, TAIL_BYTES + WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES_MAX);
	return store;
}

void spool_store_close(struct spool_store **store)
{
	if (!*store)
		return;
	if ((*store)->fd >= 0)
		(void)close((*store)->fd);
	buf_fini(&(*store)->memory);
	buf_fini(&(*store)->tail);
	buf_fini(&(*store)->window);
	free((*store)->directory);
	free(*store);
	*store = NULL;
}

/* Many spools wait empty, each of which once held a large report. */
static void empty(struct buf *buf)
{
	if (buf->cap > KEPT_BYTES)
		buf_fini(buf);
	buf_reset(buf);
}

void spool_store_reset(struct spool_store *store)
{
	if (store->fd >= 0)
		(void)close(store->fd);
	store->fd = -1;
	store->file_bytes = 0;
	store->spilled = false;
	empty(&store->memory);
	empty(&store->tail);
	empty(&store->window);
}

uint64_t spool_store_bytes(const struct spool_store *store)
{
	return store->memory.len + store->file_bytes + store->tail.len;
}

static bool write_tail(struct spool_store *store)
{
	size_t done = 0;
	if (store->fd < 0)
		store->fd = open(store->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (store->fd < 0)
		return false;
	while (done < store->tail.len) {
		ssize_t put = write(store->fd, store->tail.ptr + done, store->tail.len - done);
		if (put < 0 && errno != EINTR)
			return false;
		done += put > 0 ? (size_t)put : 0;
	}
	store->file_bytes += done;
	buf_reset(&store->tail);
	return true;
}

bool spool_store_add(struct spool_store *store, const struct frame *frame)
{
	size_t need = WIRE_HEADER_BYTES + frame->payload.len;
	if (!store->spilled && need > store->memory_bytes - store->memory.len)
		store->spilled = true;
	struct buf *to = store->spilled ? &store->tail : &store->memory;
	wire_put_u32(to, (uint32_t)frame->payload.len);
	wire_put_u8(to, (uint8_t)frame->type);
	buf_add_str(to, frame->payload);
	if (store->spilled && store->tail.len >= TAIL_BYTES)
		return write_tail(store);
	return true;
}

/* Makes the window begin at this place of the file and hold at least need bytes. */
static bool read_window(struct spool_store *store, uint64_t at, size_t need)
{
	buf_reset(&store->window);
	store->window_at = at;
	if (need < TAIL_BYTES)
		need = TAIL_BYTES;
	while (store->window.len < need) {
		char *room = buf_room(&store->window, need - store->window.len);
		ssize_t got = room ? pread(store->fd, room, need - store->window.len,
			(off_t)(at + store->window.len)) : -1;
		if (got < 0 && room && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		buf_took(&store->window, (size_t)got);
	}
	return true;
}

static bool frame_in_window(struct spool_store *store, uint64_t at, struct frame *frame_r)
{
	if (at < store->window_at || at - store->window_at > store->window.len)
		return false;
	struct str rest = str_from_offset(buf_str(&store->window), (size_t)(at - store->window_at));
	return wire_next(&rest, frame_r) > 0;
}

bool spool_store_read(struct spool_store *store, uint64_t *offset, struct frame *frame_r,
	struct error *error)
{
	bool got;
	if (*offset < store->memory.len) {
		struct str rest = str_from_offset(buf_str(&store->memory), (size_t)*offset);
		got = wire_next(&rest, frame_r) > 0;
	} else {
		uint64_t at = *offset - store->memory.len;
		got = store->tail.len == 0 || write_tail(store);
		if (got && !frame_in_window(store, at, frame_r))
			got = read_window(store, at, 0) &&
				(frame_in_window(store, at, frame_r) ||
					(read_window(store, at, WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES_MAX) &&
						frame_in_window(store, at, frame_r)));
	}
	if (!got) {
		(void)error_errno(error, ERR_TEMP, errno, "cannot read the spool in %s", store->directory);
		return false;
	}
	*offset += WIRE_HEADER_BYTES + frame_r->payload.len;
	return true;
}
