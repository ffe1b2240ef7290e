// SPDX-License-Identifier: Apache-2.0
/* libopendkim on one message, its key in memory. */
#include "tests/bench/bench.h"

#include "base/error.h"

#include <opendkim/dkim.h>
#include <stdlib.h>
#include <string.h>

struct opendkim_bench {
	DKIM_LIB *library;
	struct str bytes;
};

static struct str key_record; /* its callback is given nothing of ours */

static DKIM_CBSTAT look_up(DKIM *dkim, DKIM_SIGINFO *signature, unsigned char *text, size_t room)
{
	(void)dkim;
	(void)signature;
	if (key_record.len >= room)
		return DKIM_CBSTAT_NOTFOUND;
	memcpy(text, key_record.ptr, key_record.len);
	text[key_record.len] = '\0';
	return DKIM_CBSTAT_CONTINUE;
}

struct opendkim_bench *opendkim_bench_open(struct str bytes, struct str record)
{
	struct opendkim_bench *bench = calloc(1, sizeof(*bench));
	if (!bench)
		die_out_of_memory();
	key_record = record;
	bench->bytes = bytes;
	bench->library = dkim_init(NULL, NULL);
	if (!bench->library || dkim_set_key_lookup(bench->library, look_up) != DKIM_STAT_OK)
		die("libopendkim does not start");
	return bench;
}

void opendkim_bench_run(void *context)
{
	static const unsigned char id[] = "bench";
	struct opendkim_bench *bench = context;
	DKIM_STAT status;
	bool testing = false;
	DKIM *dkim = dkim_verify(bench->library, id, NULL, &status);
	if (!dkim)
		die("libopendkim: %s", dkim_getresultstr(status));
	/* Whole messages are read by dkim_chunk() too. */
	status = dkim_chunk(dkim, (unsigned char *)bench->bytes.ptr, bench->bytes.len);
	if (status == DKIM_STAT_OK)
		status = dkim_chunk(dkim, NULL, 0);
	if (status == DKIM_STAT_OK)
		status = dkim_eom(dkim, &testing);
	if (status != DKIM_STAT_OK)
		die("libopendkim: %s", dkim_getresultstr(status));
	(void)dkim_free(dkim);
}

void opendkim_bench_close(struct opendkim_bench **bench)
{
	if (!*bench)
		return;
	dkim_close((*bench)->library);
	free(*bench);
	*bench = NULL;
}
