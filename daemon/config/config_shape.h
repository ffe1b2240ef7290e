// SPDX-License-Identifier: Apache-2.0
/*
 * Every key of the configuration file in one table: what it is called, what
 * its value looks like, which values a list may not hold twice. The checker
 * walks it; dmarcd.conf(5) is tested against it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum shape_kind {
	SHAPE_TEXT,
	SHAPE_DSN,      /* libpq keywords or URI */
	SHAPE_BOOL,
	SHAPE_WORD,     /* one of words */
	SHAPE_DURATION,
	SHAPE_PERCENT,
	SHAPE_DAY_OF_MONTH,
	SHAPE_DATE,
	SHAPE_PATH,     /* absolute; ${CREDENTIALS_DIRECTORY} in front is replaced */
	SHAPE_SECRET,   /* such a path, and the file must not be open to everyone */
	SHAPE_LISTEN,
	SHAPE_URL,
	SHAPE_DOMAIN,
	SHAPE_EMAIL,
	SHAPE_PREFIX,
	SHAPE_SERVER,
	SHAPE_TIMEZONE,
	SHAPE_LIMITS,   /* a mapping whose keys are those of model/limits.h */
	SHAPE_MAP,
	SHAPE_LIST,
};

struct shape;

struct shape_key {
	const char *name;
	const struct shape *shape;
	bool required;
};

struct shape {
	enum shape_kind kind;
	const char *const *words;     /* SHAPE_WORD, NULL at the end */
	const struct shape_key *keys; /* SHAPE_MAP, a NULL name at the end */
	const struct shape *item;     /* SHAPE_LIST */
	const char *unique;           /* SHAPE_LIST of maps: this key's value, over all files */
};

/* The whole file: a mapping of the top-level keys. */
const struct shape *shape_root(void);
