// SPDX-License-Identifier: Apache-2.0
/* The openspf.org suite, read from its JSON form; a file of its own, as jansson and model/json.h share names. */
#pragma once

#include "base/arena.h"

struct spf_case {
	const char *name;
	const char *host;
	struct str helo, mail_from;
	const char *results[4];  /* any of them is right; NULL behind the last one */
	const char *explanation; /* NULL: anything; "DEFAULT": the checker's own */
	struct str zone;         /* text of a replay file */
};

/* All cases, in arena; NULL when text is not the suite. */
const struct spf_case *spf_suite_read(struct arena *arena, struct str text, size_t *count_r);
