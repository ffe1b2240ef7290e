// SPDX-License-Identifier: Apache-2.0
#include "store/reparse.h"

#include "store/db.h"

#include <stdlib.h>

struct originals {
	struct store *store;
	struct db_rows *row;
	struct arena *bytes;
	char last[SHA256_HEX_BYTES];
	bool only_one, ended;
};

enum err originals_open(struct store *store, const struct sha256 *sum, struct originals **originals_r,
	uint64_t *count_r, struct error *error)
{
	struct db_rows *rows = NULL;
	struct originals *originals = calloc(1, sizeof(*originals));
	if (!originals)
		die_out_of_memory();
	originals->store = store;
	originals->bytes = arena_open(SIZE_MAX / 4);
	originals->only_one = sum != NULL;
	if (sum)
		(void)sha256_hex(sum, originals->last);
	const struct str param = sum ? str_from(originals->last) : STR_NONE;
	*originals_r = originals;
	enum err err = db_query(store, "SELECT count(*) FROM dmarcd.original "
		"WHERE $1::text IS NULL OR sha256 = decode($1, 'hex')", &param, 1, &rows, error);
	*count_r = err ? 0 : db_u64(rows, 0, 0);
	db_free(&rows);
	if (err)
		originals_close(originals_r);
	return err;
}

void originals_close(struct originals **originals)
{
	if (!*originals)
		return;
	db_free(&(*originals)->row);
	arena_close(&(*originals)->bytes);
	free(*originals);
	*originals = NULL;
}

static const char select_next[] =
	"SELECT encode(o.sha256, 'hex'), o.packed, m.file, "
	"m.head_from IS NULL AND m.head_date IS NULL AND m.head_message_id IS NULL AND m.head_subject IS NULL "
	"FROM dmarcd.original o JOIN dmarcd.mail m USING (sha256) WHERE ";

bool originals_next(struct originals *originals, struct original *original_r, struct error *error)
{
	struct buf sql;
	if (originals->ended)
		return false;
	db_free(&originals->row);
	buf_init(&sql, 1024);
	buf_printf(&sql, "%so.sha256 %s decode($1, 'hex') ORDER BY o.sha256 LIMIT 1", select_next,
		originals->only_one ? "=" : ">");
	const struct str param = str_from(originals->last);
	enum err err = db_query(originals->store, buf_cstr(&sql), &param, 1, &originals->row, error);
	buf_fini(&sql);
	originals->ended = originals->only_one || err || db_count(originals->row) == 0;
	if (err || db_count(originals->row) == 0)
		return false;
	if (!sha256_parse(db_value(originals->row, 0, 0), &original_r->sha256))
		die("store: a hash that is none");
	(void)sha256_hex(&original_r->sha256, originals->last);
	arena_reset(originals->bytes);
	original_r->packed = db_bytes(originals->row, 0, 1, originals->bytes);
	original_r->file = db_value(originals->row, 0, 2);
	original_r->local = db_bool(originals->row, 0, 3);
	return true;
}
