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

/* Texts are the verdict's and the inventory's, lists in arena. arrived_epoch_secs is left alone. */
void sample_judge(const struct inventory *inventory, const struct verdict *verdict, struct arena *arena,
	struct sample_finding *finding_r);
