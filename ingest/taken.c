// SPDX-License-Identifier: Apache-2.0
#include "ingest/taken.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <string.h>
#include <unistd.h>

#define TAKEN_BYTES ((size_t)1024 * 1024)

struct taken *taken_new(void)
{
	struct arena *arena = arena_open(TAKEN_BYTES);
	struct taken *taken = ARENA_NEW(arena, struct taken);
	taken->arena = arena;
	taken->fd = -1;
	taken->begun_msecs = clock_monotonic_msecs();
	buf_init(&taken->packed, 0);
	return taken;
}

void taken_free(struct taken **taken)
{
	if (!*taken)
		return;
	struct arena *arena = (*taken)->arena;
	if ((*taken)->fd >= 0)
		(void)close((*taken)->fd);
	spool_close(&(*taken)->job.spool);
	buf_fini(&(*taken)->packed);
	*taken = NULL;
	arena_close(&arena);
}

bool taken_may_keep(const struct spool *spool, enum ruf_store ruf_store)
{
	for (size_t i = 0; i < spool_reports_count(spool); i++)
		if (spool_report_at(spool, i)->kind == REPORT_FAILURE && ruf_store != RUF_FULL)
			return false;
	return true;
}

struct str taken_name(struct arena *arena, struct str name)
{
	struct buf hex;
	if (utf8_valid(name))
		return arena_str(arena, name);
	buf_init(&hex, name.len * 2 + 3);
	buf_add_str(&hex, STR("//"));
	for (size_t i = 0; i < name.len; i++)
		buf_printf(&hex, "%02x", (unsigned char)name.ptr[i]);
	struct str text = arena_str(arena, buf_str(&hex));
	buf_fini(&hex);
	return text;
}

const char *taken_id(const struct taken *taken, char text[TAKEN_ID_BYTES])
{
	char hex[SHA256_HEX_BYTES];
	(void)memcpy(text, sha256_hex(&taken->sha256, hex), TAKEN_ID_BYTES - 1);
	text[TAKEN_ID_BYTES - 1] = '\0';
	return text;
}
