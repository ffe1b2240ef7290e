// SPDX-License-Identifier: Apache-2.0
/*
 * `dmarcd ingest -`, started by an MTA for one mail. The MTA bounces the mail on
 * whatever it does not know as temporary, which for each of them is 75 only (Postfix
 * pipe(8), Exim's temp_errors): a mistake in the configuration, an option that is no
 * more, a lack of memory and a crash among it.
 */
#pragma once

#include <stdbool.h>

/* Whether these arguments of main() ask for it; they need not be right otherwise. */
bool delivery_is(int argc, char *const *argv);

/* work() in a process of its own. EX_OK as it has said, EX_TEMPFAIL for all else. */
int delivery_run(int (*work)(int argc, char **argv), int argc, char **argv);
