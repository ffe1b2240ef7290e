// SPDX-License-Identifier: Apache-2.0
/* A JSON document. */
#include "tests/fuzz/fuzz_run.h"

#include <stdlib.h>
#include <string.h>

#include "parser/parse.h"
#include "parser/payload.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	parse_init();
	return 0;
}

static ssize_t read_rest(void *context, char *out, size_t cap, struct reject *reject)
{
	struct str *rest = context;
	(void)reject;
	size_t len = rest->len < cap ? rest->len : cap;
	if (len > 0)
		memcpy(out, rest->ptr, len);
	*rest = str_from_offset(*rest, len);
	return (ssize_t)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str rest = {(const char *)bytes, len};
	struct payload payload = {read_rest, &rest, STR("fuzz")};
	struct limits limits = fuzz_limits();
	struct wire_writer writer;
	struct reject reject;
	struct issue_list *issues = malloc(sizeof(*issues));
	if (issues == NULL)
		die_out_of_memory();
	issue_list_init(issues);
	fuzz_writer_init(&writer);
	(void)tlsrpt_read(&payload, &limits, 1790000000, issues, &writer, &reject);
	wire_writer_fini(&writer);
	free(issues);
	return 0;
}
