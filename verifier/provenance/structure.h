// SPDX-License-Identifier: Apache-2.0
/*
 * Is a report that was found in a mail the mail's own, as whoever signed it put it there? What a signer only
 * passed on is not: a message attached to a bounce or to a forward, whose sender had the report in it; and a
 * Content-Type that is not signed may make parts of what was a quotation.
 */
#pragma once

#include "verifier/message.h"
#include "model/verdict.h"

/* The code of a reason not to believe so, NULL: none. failure: of a failure report, which holds a message by
 * rights. verdict: of a mail that passes DMARC. */
const char *structure_doubt(struct arena *arena, const struct message *message, const struct verdict *verdict,
	bool failure);
