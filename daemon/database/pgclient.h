// SPDX-License-Identifier: Apache-2.0
/*
 * PostgreSQL's own client programs (psql, pg_dump, pg_restore) on dmarcd's
 * database: found, and given the secret so that neither their arguments nor
 * their environment hold it.
 */
#pragma once

#include "daemon/services.h"

/* EX_OK, or EX_UNAVAILABLE, said on stderr. */
NODISCARD int pgclient_find(struct arena *arena, const struct cluster *cluster, const char *name,
	const char **path_r);

struct pgclient_login {
	const char *conninfo; /* for -d; without a secret */
	int passfile_fd;      /* open in children; -1: none needed */
};

/* EX_OK, or EX_OSERR, said on stderr. */
NODISCARD int pgclient_login(struct arena *arena, const struct store_options *store,
	struct pgclient_login *login_r);
void pgclient_forget(struct pgclient_login *login);
/* In the child, before exec. */
void pgclient_use(const struct pgclient_login *login);
