// SPDX-License-Identifier: Apache-2.0
/*
 * A verdict as frames: one VERDICT frame an item (u8 section, then its fields
 * in the order of model/verdict_list.h), long texts in pieces, VERDICT_END.
 * The reader is in the clean wing and believes nothing.
 */
#pragma once

#include "model/verdict.h"
#include "model/wire.h"

#define VERDICT_BYTES_MAX ((size_t)16 * 1024 * 1024) /* of all payloads */
#define VERDICT_ITEMS_MAX 20000

/* Writes the verdict behind a HELLO; what is beyond the two limits is left out of the trace and the answers. */
void verdict_write(struct wire_writer *writer, const struct verdict *verdict);

struct verdict_reader;

struct verdict_reader *verdict_reader_open(void);
void verdict_reader_close(struct verdict_reader **reader); /* its verdict dies with it */
void verdict_reader_reset(struct verdict_reader *reader);

/* Bytes of the worker's stream, in any pieces. False: not valid. */
NODISCARD bool verdict_reader_add(struct verdict_reader *reader, struct str bytes);
/* After the stream's end: the verdict, or NULL when it is not whole. Lives until reset or close. */
const struct verdict *verdict_reader_finish(struct verdict_reader *reader);
