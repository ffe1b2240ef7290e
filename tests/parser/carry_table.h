// SPDX-License-Identifier: Apache-2.0
/* expected.tsv of a corpus folder: a header line, then one file a line. */
#pragma once

#include "base/str.h"

#define CARRY_COLUMNS_MAX 32

struct carry_table {
	struct str names[CARRY_COLUMNS_MAX];
	struct str values[CARRY_COLUMNS_MAX]; /* of the current line */
	size_t columns;
	struct str rest;
};

void carry_table_open(struct carry_table *table, const char *corpus_folder);
bool carry_table_next(struct carry_table *table);
/* The current line's value; dies when there is no such column. */
struct str carry_table_value(const struct carry_table *table, const char *column);
