// SPDX-License-Identifier: Apache-2.0
/*
 * Other people's programs (initdb, postgres, psql, dmarcd-samples): found,
 * started with a clean environment (PATH, LC_ALL=C.UTF-8 and nothing else) and
 * waited for. Never through a shell.
 */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

struct spawn {
	const char *const *argv; /* argv[0] is the path; NULL at the end */
	const char *const *env;  /* NULL: PATH and LC_ALL alone */
	struct str input;        /* for its stdin, at most 64 KiB */
	struct buf *output;      /* stdout and stderr together; NULL: thrown away */
	bool as_user;            /* become uid and gid first */
	uid_t uid;
	gid_t gid;
	const char *directory;   /* NULL: / */
};

/* Runs it to its end. *status_r as waitpid() gives it; ERR_TEMP when it could
 * not be started. */
NODISCARD enum err spawn_run(const struct spawn *spawn, int *status_r, struct error *error);

/* The environment above, NULL at the end. */
const char *const *spawn_env(void);
/* In a child before exec: default signal actions, nothing blocked. */
void spawn_reset_signals(void);
/* In a child before exec: this user for good, no other groups. Ends the child
 * with 127 when the kernel refuses. */
void spawn_become(uid_t uid, gid_t gid);
/* Every descriptor from 3 on but those in keep is closed. */
void spawn_close_others(const int *keep, size_t count);

/* The folder of the running executable, without a final slash. */
void spawn_own_directory(struct buf *out);
