// SPDX-License-Identifier: Apache-2.0
/*
 * The keeper: PostgreSQL's parent, shared by all users of a cluster. Runs in
 * a process of its own, outlives whoever started it and stops PostgreSQL when
 * the last user's end of the fifo is closed.
 */
#pragma once

#include "daemon/cluster/cluster_dir.h"

#include <time.h>

struct cluster_keep {
	const struct cluster_site *site;
	const char *lock_path;
	int users_fd; /* reading end of the fifo */
	int log_fd;   /* PostgreSQL's stderr */
	int told_fd;  /* "ready", or why not, and a newline; then closed */
};

/* What postmaster.pid says. */
struct cluster_server {
	int64_t pid;  /* 0: no such file, or none is in it yet */
	bool ready;
	bool alive;   /* a postgres process with this pid works in the data folder */
	struct timespec written; /* the file; zero: there is none */
};

/* What runs there now, by its pid file and socket. */
struct cluster_server cluster_keep_look(const struct cluster_site *site);

/* Called in the forked child; never returns. */
_Noreturn void cluster_keep(const struct cluster_keep *keep);
