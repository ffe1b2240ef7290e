// SPDX-License-Identifier: Apache-2.0
/* What a worker writes for each input replayed, as files in $FUZZ_STREAMS: seeds of fuzz_wire. */
#include "tests/fuzz/fuzz_run.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static unsigned number;
	const char *folder = getenv("FUZZ_STREAMS");
	char path[4096];
	struct buf stream;
	buf_init(&stream, SIZE_MAX / 4);
	fuzz_stream((struct str){(const char *)bytes, len}, &stream);
	(void)snprintf(path, sizeof(path), "%s/%u", folder ? folder : ".", number++);
	FILE *file = fopen(path, "wbe");
	if (!file || fwrite(stream.ptr, 1, stream.len, file) != stream.len || fclose(file) != 0)
		die("could not write %s", path);
	buf_fini(&stream);
	return 0;
}
