// SPDX-License-Identifier: Apache-2.0
/* The ARC sets of a message, and whether they make a chain at all (RFC 8617 section 5.2, steps 1 to 3). */
#pragma once

#include "verifier/dkim/signature.h"
#include "verifier/verify.h"

struct arc_set {
	const struct message_field *results; /* ARC-Authentication-Results; the first of them, as below */
	struct signature message;            /* ARC-Message-Signature; field NULL: missing */
	struct signature seal;               /* ARC-Seal; the same */
	size_t results_count, messages_count, seals_count;
};

struct arc_sets {
	struct arc_set *sets; /* instance i is sets[i - 1] */
	size_t count;         /* no more than limits.arc_sets */
	uint64_t highest;     /* instance */
	bool any;             /* there is a field of ARC */
	struct fault fault;   /* reason NULL: the structure is right */
	uint64_t failed_at;   /* instance; 0 when no one can be named */
};

/* Fills *sets_r; what it points to lives in verify->arena, and views lie in the message. */
void arc_sets_collect(const struct verify *verify, const struct message *message, struct arc_sets *sets_r);
