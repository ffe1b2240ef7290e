// SPDX-License-Identifier: Apache-2.0
/* The fields of a feedback part, a NUL, the sample; also read as the plain-text form. */
#include "tests/fuzz/fuzz_run.h"

#include <stdlib.h>

#include "base/arena.h"
#include "parser/mail/failure.h"

#define ARENA_BYTES ((size_t)64 << 20)

#define NOW ((int64_t)1790000000)

static void run(struct failure_source *source)
{
	source->now_epoch_secs = NOW;
	struct limits limits = fuzz_limits();
	struct wire_writer writer;
	struct reject reject;
	struct issue_list *issues = malloc(sizeof(*issues));
	if (issues == NULL)
		die_out_of_memory();
	issue_list_init(issues);
	fuzz_writer_init(&writer);
	bool read = failure_write(source, &limits, issues, &writer, &reject);
	(void)read;
	wire_writer_fini(&writer);
	free(issues);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str text = {(const char *)bytes, len};
	size_t nul = str_find_char(text, '\0'), at;
	struct failure_source source = {.fields = str_sub(text, 0, nul),
		.sample = nul != SIZE_MAX ? str_from_offset(text, nul + 1) : STR_NONE};
	(void)failure_sniff(text, &at);
	run(&source);
	struct arena *arena = arena_open(ARENA_BYTES);
	if (failure_from_text(text, arena, &source))
		run(&source);
	arena_close(&arena);
	return 0;
}
