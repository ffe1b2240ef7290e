// SPDX-License-Identifier: Apache-2.0
/*
 * The numbered migrations of this folder, as they are built into the program.
 */
#pragma once

#include <stddef.h>

struct schema_file {
	unsigned number;  /* from 1, without a gap */
	const char *name; /* "0001_tables.sql" */
	const char *sql;
};

/* All of them, in the order of their numbers. */
const struct schema_file *schema_files(size_t *count_r);
