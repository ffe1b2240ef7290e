// SPDX-License-Identifier: Apache-2.0
/* A whole input, whatever it is. */
#include "tests/fuzz/fuzz_run.h"

#include "parser/parse.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	parse_init();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	fuzz_parse(bytes, len);
	return 0;
}
