// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_output.h"

#include "model/json.h"

void fuzz_write_json(struct str text, struct buf *out)
{
	struct json json;
	json_init(&json, out);
	json_array(&json);
	json_str(&json, text);
	json_array_end(&json);
}
