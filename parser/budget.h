// SPDX-License-Identifier: Apache-2.0
/* What archives may unpack: the limits that gzip and zip have in common. */
#pragma once

#include "parser/payload.h"

/* All archives of one mail together, over all layers. */
struct budget {
	const struct limits *limits;
	uint64_t unpacked_bytes;
};

/* One archive's part in it. Zeros but for budget at its beginning. */
struct budget_share {
	struct budget *budget;
	uint64_t produced_bytes; /* all members */
	uint64_t member_bytes;   /* the current member */
	uint64_t stalls;         /* reads of the source since the last output */
};

/* Takes len bytes of output, for which `consumed` bytes have been read. False: they are more than
 * one report, one mail or the ratio allow, *reject says which. */
NODISCARD bool budget_charge(struct budget_share *share, size_t len, uint64_t consumed, struct reject *reject);

/* Before each read of the source. False: too many of them gave no output, *reject says so. */
NODISCARD bool budget_stall(struct budget_share *share, struct reject *reject);
