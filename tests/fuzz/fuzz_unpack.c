// SPDX-License-Identifier: Apache-2.0
/* A bare archive: the first byte says which kind, the rest follows its magic. */
#include "tests/fuzz/fuzz_run.h"

#include <string.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct str magics[] = {{"\x1f\x8b\x08", 3}, {"PK\x03\x04", 4}};
	struct str rest = {(const char *)bytes, len};
	if (len == 0)
		return 0;
	bool archive = str_starts(rest, magics[0]) || str_starts(rest, magics[1]);
	struct buf whole;
	buf_init(&whole, len + 8);
	if (!archive)
		buf_add_str(&whole, magics[bytes[0] & 1]);
	buf_add_str(&whole, archive ? rest : str_from_offset(rest, 1));
	fuzz_parse((const uint8_t *)whole.ptr, whole.len);
	buf_fini(&whole);
	return 0;
}
