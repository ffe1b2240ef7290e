// SPDX-License-Identifier: Apache-2.0
/* Probes that were made. Which of them came back is the samples' business: view dmarcd_api.probe. */
#pragma once

#include "base/error.h"
#include "store/store.h"

NODISCARD enum err probes_add(struct store *store, struct str id, struct str mta, struct str domain,
	int64_t made_epoch_secs, struct error *error);
/* One whose message could not be written. */
NODISCARD enum err probes_drop(struct store *store, struct str id, struct error *error);
/* The MTA that it is for, in arena; absent: no such probe was made here. */
NODISCARD enum err probes_mta(struct store *store, struct str id, struct arena *arena, struct str *mta_r,
	struct error *error);
