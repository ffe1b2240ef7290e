// SPDX-License-Identifier: Apache-2.0
#include "tests/parser/carry_table.h"

#include "tests/parser/carry.h"

static size_t split(struct str line, struct str *values)
{
	size_t count = 0;
	struct str value;
	while (str_split(&line, '\t', &value)) {
		if (count == CARRY_COLUMNS_MAX)
			die("too many columns");
		values[count++] = value;
	}
	return count;
}

void carry_table_open(struct carry_table *table, const char *corpus_folder)
{
	struct str line;
	*table = (struct carry_table){0};
	table->rest = carry_corpus_file(arena_printf(carry_arena(), "%s/expected.tsv", corpus_folder));
	if (!str_line(&table->rest, &line))
		die("%s has no lines", corpus_folder);
	table->columns = split(line, table->names);
}

bool carry_table_next(struct carry_table *table)
{
	struct str line;
	if (!str_line(&table->rest, &line))
		return false;
	if (line.len == 0)
		return carry_table_next(table);
	size_t count = split(line, table->values);
	while (count < table->columns)
		table->values[count++] = STR("");
	return true;
}

struct str carry_table_value(const struct carry_table *table, const char *column)
{
	for (size_t i = 0; i < table->columns; i++)
		if (str_eq(table->names[i], str_from(column)))
			return table->values[i];
	die("no column %s", column);
}
