// SPDX-License-Identifier: Apache-2.0
/* The half of fuzz_output.c that must not see jansson.h: both sides have a json_array(). */
#pragma once

#include "tests/fuzz/fuzz.h"

#include "base/buf.h"

/* ["text"], by model/json. */
void fuzz_write_json(struct str text, struct buf *out);
