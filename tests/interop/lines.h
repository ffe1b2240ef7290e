// SPDX-License-Identifier: Apache-2.0
/* Standard input of the programmes that judge: a line of the request, lines of a replay file, an empty line; again. */
#pragma once

#include "base/arena.h"
#include "dns/dns.h"

struct str lines_unhex(struct arena *arena, struct str hex);

/* Calls answer for each, until the end; what it prints is flushed. */
void lines_answer(void (*answer)(struct arena *arena, struct str request, struct dns *dns));
