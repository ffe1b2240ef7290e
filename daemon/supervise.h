// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps child processes of this very program running: started with what they
 * need of the database through a pipe (never argv or environment) and with the
 * configuration in force, started again with a growing pause when they crash,
 * told to stop when we are, killed when they do not. They get SIGTERM when we
 * die. A private cluster that was killed with its keeper is brought back.
 */
#pragma once

#include "base/log.h"
#include "daemon/services.h"

struct supervise_child {
	const char *name;              /* of the subcommand */
	const char *const *arguments;  /* behind it; NULL at the end, or NULL */
	enum service_role role;
	bool tells_ready;              /* writes a line to its --ready-fd once it serves */
	int64_t every_secs;            /* 0: runs always; else a job started that often */
	bool for_maildirs;             /* only while the configuration names some */
};

struct supervise_options {
	const char *config_path;  /* NULL: the default; read again on SIGHUP */
	const struct config *config;
	enum log_level log_level;
	struct services *services;
	const struct supervise_child *children;
	size_t children_count;
	/* Once, when all that tell have told; line is what the last of them said. */
	void (*on_ready)(void *context, struct str line);
	void *context;
};

#define SUPERVISE_CHILDREN_MAX 8

/* Until SIGTERM or SIGINT (EX_OK), or until a child ends in a way that starting
 * it again cannot mend: then its exit status. SIGHUP reads the configuration
 * again and restarts the children; a bad one, or one that names another
 * database, is said and the old one stays.
 * SIGTERM, SIGINT, SIGHUP and SIGCHLD stay blocked. */
int supervise_run(const struct supervise_options *options);

/* Blocks those signals now, so that none is lost before supervise_run. */
void supervise_block_signals(void);
/* SIGTERM or SIGINT came while blocked. */
bool supervise_stop_asked(void);
