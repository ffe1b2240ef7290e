// SPDX-License-Identifier: Apache-2.0
/* A repeated verdict, beside the one that was given, on stdout. */
#pragma once

#include "evidence/explain.h"

struct recheck_result {
	const struct stored_verdict *stored;
	struct error why;       /* it could not be repeated; code 0: it was */
	struct repeated before; /* from the stored answers */
	bool identical;         /* ... to the letter */
	struct repeated after;  /* from others; else the same */
	struct difference *differences;
	size_t differences_count;
};

/* otherwise: from other answers than the stored ones. */
void recheck_print(const struct recheck_result *result, bool otherwise, bool json);
