// SPDX-License-Identifier: Apache-2.0
/* The public suffix list (publicsuffix.org), for RFC 7489 and for comparison. The only file that knows libpsl. */
#pragma once

#include "base/arena.h"

struct psl;

/* The list that libpsl was built with. NULL when it has none. */
struct psl *psl_builtin_list(void);
/* A list in the format of publicsuffix.org; NULL when it cannot be read. */
struct psl *psl_open(struct str text);
void psl_close(struct psl **psl); /* the built-in one too */

/* Public suffix and one label (RFC 7489 section 3.2); the domain itself when it is a suffix. An A-label in arena. */
struct str psl_org_domain(const struct psl *psl, struct arena *arena, struct str domain);
