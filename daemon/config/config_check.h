// SPDX-License-Identifier: Apache-2.0
/*
 * Finds every mistake in one configuration file, with its place, before
 * anything is loaded: bytes that are no text, broken YAML, unknown, duplicate
 * and missing keys, values that are not what their key takes. The first
 * mistake ends the walk. Aliases, anchors and tags are refused, so the text
 * cannot grow by expansion.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

/* Names given so far in lists that may hold each name once, over all files. */
struct config_names;

/* No names yet; lives in the arena. */
struct config_names *config_names_open(struct arena *arena);

/* ERR_INVALID: error.text is "file:line:column: …". *empty_r: nothing but
 * comments in it. */
NODISCARD enum err config_check(const char *file, struct str text, struct config_names *names,
	bool *empty_r, struct error *error);
