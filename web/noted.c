// SPDX-License-Identifier: Apache-2.0
#include "web/noted.h"

enum err noted_query(const struct web_options *web, const char *sql, const struct str *params, size_t params_count,
	struct rows **rows_r, struct error *error)
{
	struct store *store = NULL;
	enum err err = store_open(web->noting, &store, error);
	if (!err)
		err = query_noted(store, sql, params, params_count, rows_r, error);
	store_close(&store);
	return err;
}
