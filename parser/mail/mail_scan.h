// SPDX-License-Identifier: Apache-2.0
/*
 * One pass over a mail's raw bytes before GMime sees them, because GMime has
 * no limits of its own: header sizes and numbers, parameters, addresses,
 * boundaries, parts and nesting (RELIABILITY: limits). It follows MIME closely
 * enough never to count much less than GMime will find, in constant memory
 * but for one header field and a table of boundaries.
 */
#pragma once

#include "parser/payload.h"

struct mail_scan_facts {
	bool type_repeated; /* a part has two Content-Type fields */
	bool type_typo; /* a part has "ContentType:" and no Content-Type (MALFORMATIONS 1) */
};

/* Reads raw to its end. False: a limit is broken or raw cannot be read. */
NODISCARD bool mail_scan(struct payload *raw, const struct limits *limits,
	struct mail_scan_facts *facts_r, struct reject *reject);
