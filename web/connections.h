// SPDX-License-Identifier: Apache-2.0
/*
 * A few database connections that the server's threads share. Safe to call
 * from any of them.
 */
#pragma once

#include "store/store.h"

#define CONNECTIONS_MAX 4

struct connections;

struct connections *connections_open(const struct store_options *options);
void connections_close(struct connections **connections);

/* One that nobody else has, connected (waits for a free one). ERR_TEMP: the
 * database is away. Give it back in every case but an error. */
NODISCARD enum err connections_take(struct connections *connections, struct store **store_r, struct error *error);
void connections_give(struct connections *connections, struct store *store);
