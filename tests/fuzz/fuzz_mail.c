// SPDX-License-Identifier: Apache-2.0
/* A whole input, whatever it is. */
#include "tests/fuzz/fuzz_run.h"


int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	fuzz_parse(bytes, len);
	return 0;
}
