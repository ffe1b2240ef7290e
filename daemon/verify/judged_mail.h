// SPDX-License-Identifier: Apache-2.0
/* What the configuration says of the mail that is judged. All of it lives in arena, beside config. */
#pragma once

#include "daemon/config/config.h"
#include "evidence/evidence.h"

/* config->maildirs_count of them, with what their hosts add to headers. */
const struct evidence_maildir *judged_maildirs(const struct config *config, struct arena *arena);
/* The same of `samples:`. */
const struct evidence_maildir *judged_samples(const struct config *config, struct arena *arena);
/* Of `mtas:`; errors as inventory_open(), to whom it is to be given back. */
NODISCARD enum err judged_inventory(const struct config *config, struct arena *arena, struct inventory **inventory_r,
	struct error *error);
