// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/corpus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_BYTES_MAX (1 << 20)

void corpus_need(void)
{
	const char *corpus = getenv("DMARCD_CORPUS");
	if (corpus && access(corpus, R_OK) == 0)
		return;
	if (getenv("CI") != NULL)
		fail_msg("no corpus: set DMARCD_CORPUS");
	/* ./check lists these lines. */
	print_message("not run: %s: no corpus; set DMARCD_CORPUS to its folder\n", program_invocation_short_name);
	skip();
}

struct str corpus_file(struct arena *arena, const char *folder, struct str name)
{
	const char *path = arena_printf(arena, "%s/%s/%.*s", getenv("DMARCD_CORPUS"), folder, STR_FMT(name));
	char *bytes = arena_alloc(arena, FILE_BYTES_MAX);
	FILE *file = fopen(path, "rbe");
	if (!file)
		fail_msg("cannot open %s", path);
	size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
	fclose(file);
	return (struct str){bytes, len};
}

struct str corpus_column(struct str line, size_t n)
{
	struct str piece = STR_NONE;
	for (size_t i = 0; i <= n; i++)
		if (!str_split(&line, '\t', &piece))
			fail_msg("no column %zu", n);
	return piece;
}
