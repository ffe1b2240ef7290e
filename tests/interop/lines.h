// SPDX-License-Identifier: Apache-2.0
/* Standard input of the programmes that judge messages: hex of one, lines of a replay file, an empty line; again. */
#pragma once

#include "base/arena.h"
#include "dns/dns.h"

/* Calls answer for each, until the end; what it prints is flushed. */
void lines_answer(void (*answer)(struct arena *arena, struct str message, struct dns *dns));
