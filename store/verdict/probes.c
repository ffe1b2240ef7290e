// SPDX-License-Identifier: Apache-2.0
#include "store/verdict/probes.h"

#include "store/db.h"

#include <stdio.h>

enum err probes_add(struct store *store, struct str id, struct str mta, struct str domain, int64_t made_epoch_secs,
	struct error *error)
{
	char made[24];
	(void)snprintf(made, sizeof(made), "%lld", (long long)made_epoch_secs);
	const struct str params[] = {id, mta, domain, str_from(made)};
	return db_query(store, "INSERT INTO dmarcd.probe (id, mta, domain, made_at) "
		"VALUES ($1, $2, $3, to_timestamp($4::bigint))", params, 4, NULL, error);
}

enum err probes_drop(struct store *store, struct str id, struct error *error)
{
	return db_query(store, "DELETE FROM dmarcd.probe WHERE id = $1", &id, 1, NULL, error);
}

enum err probes_mta(struct store *store, struct str id, struct arena *arena, struct str *mta_r, struct error *error)
{
	struct db_rows *rows = NULL;
	enum err err = db_query(store, "SELECT mta FROM dmarcd.probe WHERE id = $1", &id, 1, &rows, error);
	*mta_r = !err && db_count(rows) == 1 ? arena_str(arena, db_value(rows, 0, 0)) : STR_NONE;
	db_free(&rows);
	return err;
}
