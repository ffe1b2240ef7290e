// SPDX-License-Identifier: Apache-2.0
/*
 * A new cluster: initdb into state_dir/pg.tmp, roles and secrets, then one
 * rename, so that a half-made cluster is never taken for a whole one. And the
 * secrets themselves: random, one a role, readable by the owner alone.
 */
#pragma once

#include "daemon/cluster/cluster.h"
#include "daemon/cluster/cluster_dir.h"

#define CLUSTER_DATABASE "dmarcd"

/* "dmarcd_ingest": the database role of this name. */
const char *cluster_make_role_name(enum cluster_role role);

/* The site has a state_dir and no cluster. */
NODISCARD int cluster_make(const struct cluster_site *site, struct error *error);
/* Opens the data folder to its user alone when it is ours and was open to more. */
NODISCARD int cluster_make_modes_right(const struct cluster_site *site, struct error *error);
/* In the site's arena. */
NODISCARD int cluster_make_read_secret(const struct cluster_site *site, enum cluster_role role,
	const char **secret_r, struct error *error);
