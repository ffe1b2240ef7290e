// SPDX-License-Identifier: Apache-2.0
/*
 * Where the cluster lives and whom it belongs to: the OS user PostgreSQL runs
 * as, the PostgreSQL programs, the state folder and the folder of the socket.
 * Functions return an exit status of sysexits.h.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

#include <sys/types.h>

#define CLUSTER_SOCKET_NAME "/.s.PGSQL.5432" /* in socket_dir */

struct cluster_site {
	struct arena *arena;
	const char *state_dir; /* absolute */
	const char *data_dir;  /* state_dir/pg */
	const char *socket_dir;
	const char *bin_dir;
	const char *version;   /* major, as text */
	uid_t uid;             /* PostgreSQL's */
	gid_t gid;
	const char *user;
	bool as_user;          /* we are root and it must not be */
	bool exists;           /* there is a cluster */
};

/* Fills everything but socket_dir from what is there; changes nothing. */
NODISCARD int cluster_dir_survey(struct cluster_site *site, const char *state_dir, struct error *error);
/* Makes state_dir (and those above it), or says why it cannot be. */
NODISCARD int cluster_dir_make_state(struct cluster_site *site, struct error *error);
/* The user that PostgreSQL runs as can get to state_dir. */
NODISCARD int cluster_dir_reachable(const struct cluster_site *site, struct error *error);
/* A folder only that user can enter, its path short enough for a socket. */
NODISCARD int cluster_dir_socket(struct cluster_site *site, struct error *error);
/* Too little room on disk is told with the number. */
NODISCARD int cluster_dir_room(const struct cluster_site *site, struct error *error);
