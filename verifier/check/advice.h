// SPDX-License-Identifier: Apache-2.0
/* Which record, or which change at the sender, would mend what a verdict found. */
#pragma once

#include "verifier/verify.h"

/* Fills verdict->advice from the rest of the verdict. */
void advise(const struct verify *verify, struct verdict *verdict);
