// SPDX-License-Identifier: Apache-2.0
/*
 * A JSON document: the same frames whatever the size of the pieces, each of
 * them one that the reader takes (no NUL, counts in range).
 */
#include "tests/fuzz/fuzz_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf frames;
	struct reject reject;
	buf_init(&frames, SIZE_MAX / 4);
	(void)fuzz_read_alike(tlsrpt_read, (struct str){(const char *)bytes, len}, &frames, &reject);
	buf_fini(&frames);
	return 0;
}
