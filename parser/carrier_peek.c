// SPDX-License-Identifier: Apache-2.0
#include "parser/carrier.h"
#include "parser/sniff.h"

#include <stdlib.h>
#include <string.h>

#define SLURP_BYTES ((size_t)16 * 1024)

static ssize_t read_peeked(void *context, char *out, size_t cap, struct reject *reject)
{
	struct carrier_peek *peek = context;
	size_t left = peek->len - peek->at;
	if (left == 0)
		return peek->source->read(peek->source->context, out, cap, reject);
	if (left > cap)
		left = cap;
	memcpy(out, peek->head + peek->at, left);
	peek->at += left;
	return (ssize_t)left;
}

bool carrier_peek_open(struct carrier_peek *peek, struct payload *source, struct reject *reject)
{
	*peek = (struct carrier_peek){.source = source};
	peek->payload = (struct payload){read_peeked, peek, source->member};
	if (carrier_peek_more(peek, SNIFF_BYTES, reject))
		return true;
	carrier_peek_close(peek);
	return false;
}

bool carrier_peek_more(struct carrier_peek *peek, size_t bytes, struct reject *reject)
{
	struct payload *source = peek->source;
	peek->head = realloc(peek->head, bytes);
	if (peek->head == NULL)
		die_out_of_memory();
	while (peek->len < bytes) {
		ssize_t got = source->read(source->context, peek->head + peek->len, bytes - peek->len, reject);
		if (got < 0)
			return false;
		if (got == 0)
			break;
		peek->len += (size_t)got;
	}
	return true;
}

struct str carrier_peek_head(const struct carrier_peek *peek)
{
	return (struct str){peek->head, peek->len};
}

void carrier_peek_close(struct carrier_peek *peek)
{
	free(peek->head);
	peek->head = NULL;
}

bool carrier_slurp(struct carrier_job *job, struct payload *payload, struct buf *out)
{
	for (;;) {
		char *room = buf_room(out, SLURP_BYTES);
		if (room == NULL) {
			reject_set(&job->hard, REASON_FILE_TOO_LARGE, "a part above %zu bytes",
				out->max_bytes);
			return false;
		}
		ssize_t got = payload->read(payload->context, room, SLURP_BYTES, &job->hard);
		if (got < 0)
			return false;
		if (got == 0)
			return true;
		buf_took(out, (size_t)got);
	}
}
