// SPDX-License-Identifier: Apache-2.0
/* What holds of every text in a verdict. */
#pragma once

#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"

static inline void prove_text(struct str text)
{
	if (!utf8_valid(text))
		die("text that is not clean");
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < ' ')
			die("a control character");
}
