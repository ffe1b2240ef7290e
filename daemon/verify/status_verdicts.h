// SPDX-License-Identifier: Apache-2.0
/* What `dmarcd status` says of verdicts: how many wait, and what was found so far. */
#pragma once

#include "daemon/cli.h"
#include "daemon/services.h"
#include "model/json.h"
#include "store/store.h"

struct status_verdicts;

NODISCARD enum err status_verdicts_read(const struct cli *cli, struct store *store, struct arena *arena,
	struct status_verdicts **verdicts_r, struct error *error);
/* "verdicts": {…} into an object that is open. */
void status_verdicts_json(struct json *json, const struct status_verdicts *verdicts);
void status_verdicts_text(struct buf *out, const struct status_verdicts *verdicts);

/* On stderr, for who stored mails and does not wait for their verdicts: how many wait, and who gives them. */
void status_verdicts_waiting(const struct cli *cli, struct services *services);
