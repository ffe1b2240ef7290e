// SPDX-License-Identifier: Apache-2.0
/*
 * A verdict that was given, once more: from the same bytes, hints and time, and
 * from its own answers of the DNS or others.
 */
#pragma once

#include "evidence/evidence.h"
#include "pool/pool.h"
#include "store/verdict/judgement.h"

struct repeat {
	struct pool *pool;
	const struct limits *limits;
	struct verdict_reader *reader;
	const struct evidence_dns *dns; /* NULL: never asked */
	const struct inventory *inventory; /* NULL: who sent a sample is not wanted */
};

/* What the verifier says of the row now; all of it in arena. */
struct repeated {
	struct verdict_row row;
	struct report_finding *findings; /* part 0: of each report of the mail; else of the one */
	size_t findings_count;
	struct sample_finding *sample; /* of a sample, where there is an inventory; else NULL */
};

/* The bytes that the verdict is on. ERR_NOTFOUND: they are gone; ERR_PERM: they cannot be had. */
NODISCARD enum err repeat_bytes(const struct repeat *repeat, const struct stored_verdict *stored, struct buf *bytes,
	struct error *error);
/* answers absent: the DNS is asked. ERR_TEMP: it, or a worker, cannot be had; ERR_INVALID: a mistake in
 * the answers, "file:line: …"; ERR_PERM: the verifier fails on it. */
NODISCARD enum err repeat_verdict(const struct repeat *repeat, struct arena *arena,
	const struct stored_verdict *stored, struct str bytes, struct str answers_file, struct str answers,
	struct repeated *repeated_r, struct error *error);
