// SPDX-License-Identifier: Apache-2.0
/*
 * The private PostgreSQL cluster in state_dir/pg: made when it is not there,
 * started when nobody has started it, stopped when its last user leaves.
 *
 * Socket only, no TCP, SCRAM for every role, one secret a role in
 * state_dir/secrets. Its parent is a small keeper process (cluster_keep.c)
 * that all users share: each user holds the writing end of the fifo
 * state_dir/cluster.users open, the kernel closes it however the user ends,
 * and the keeper stops PostgreSQL when the last one is gone. Whoever comes or
 * goes does so under a lock on state_dir/cluster.lock, so that any number may
 * start and stop at once. A postmaster killed by force is started again by
 * the keeper; a keeper killed by force takes PostgreSQL with it.
 *
 * Known disadvantage: backup is pg_dump; nothing here replicates.
 * Functions return an exit status of sysexits.h (0: fine) and fill error.
 */
#pragma once

#include "base/error.h"

struct cluster;

enum cluster_role { CLUSTER_OWNER, CLUSTER_INGEST, CLUSTER_WEB, CLUSTER_READ };
#define CLUSTER_ROLES 4

struct cluster_options {
	const char *state_dir;
	bool create; /* make state_dir and cluster when they are not there */
};

NODISCARD int cluster_open(const struct cluster_options *options, struct cluster **cluster_r,
	struct error *error);
/* Poll it for POLLERR: whoever keeps the cluster running was killed. -1: nothing to poll. */
int cluster_lost_fd(const struct cluster *cluster);
/* After that: joins a new keeper, or starts one. May be tried again. */
NODISCARD int cluster_revive(struct cluster *cluster, struct error *error);
/* Waits until PostgreSQL has stopped when we were its last user. NULL is fine. */
void cluster_close(struct cluster **cluster);

/* libpq keywords without the password; both live as long as the cluster handle. */
const char *cluster_conninfo(const struct cluster *cluster, enum cluster_role role);
const char *cluster_password(const struct cluster *cluster, enum cluster_role role);

bool cluster_was_created(const struct cluster *cluster);
const char *cluster_version(const struct cluster *cluster);  /* "15" */
const char *cluster_binaries(const struct cluster *cluster); /* "/usr/lib/postgresql/15/bin" */
const char *cluster_user(const struct cluster *cluster);     /* OS user PostgreSQL runs as */

/* Everything that can be known beforehand: binaries, user, folders, room on
 * disk. Changes nothing. */
NODISCARD int cluster_check(const struct cluster_options *options, struct error *error);
