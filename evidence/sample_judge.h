// SPDX-License-Identifier: Apache-2.0
/*
 * From the verdict on a sample to what is kept of it as evidence: which of our
 * servers sent it and how that is known, as which domain, and whether the host
 * that received it found the same as we do.
 */
#pragma once

#include "evidence/inventory.h"
#include "model/verdict.h"
#include "store/verdict/judgement.h"

/* All in arena, but the MTA's name, which is the inventory's. */
void sample_judge(const struct inventory *inventory, const struct verdict *verdict, struct arena *arena,
	struct sample_finding *finding_r);

/* A probe that came through none of ours tells by its id which one it was made for: that one has sent it, if
 * there is nothing else that it could be known by. */
NODISCARD enum err sample_judge_probe(const struct inventory *inventory, struct store *store, struct arena *arena,
	struct sample_finding *finding, struct error *error);
