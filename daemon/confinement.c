// SPDX-License-Identifier: Apache-2.0
#include "daemon/confinement.h"

#include "daemon/spawn.h"

#include <stdio.h>
#include <sys/wait.h>

#define OUTPUT_BYTES ((size_t)4096)

void confinement_try(struct confinement *confinement_r)
{
	struct buf path, output;
	int ended = 0;
	buf_init(&path, OUTPUT_BYTES);
	buf_init(&output, OUTPUT_BYTES);
	spawn_own_directory(&path);
	buf_printf(&path, "/dmarcd-worker");
	const char *const argv[] = {buf_cstr(&path), "--self-test", NULL};
	const struct spawn spawn = {.argv = argv, .output = &output};
	bool ran = spawn_run(&spawn, &ended, NULL) == ERR_OK && WIFEXITED(ended);
	struct str said = str_trim(buf_str(&output));
	/* 0: everything holds; 1: something is missing; else it could not tell. */
	bool told = ran && WEXITSTATUS(ended) <= 1 && said.len > 0 && said.len < CONFINE_TEXT_BYTES;
	confinement_r->complete = told && WEXITSTATUS(ended) == 0;
	(void)snprintf(confinement_r->text, sizeof(confinement_r->text), "%.*s",
		STR_FMT(told ? said : STR("unknown: dmarcd-worker --self-test did not end well")));
	buf_fini(&path);
	buf_fini(&output);
}
