// SPDX-License-Identifier: Apache-2.0
/*
 * From configuration to an open database, whichever kind it is: the private
 * cluster in state_dir, the server behind `dsn:`, or what the supervisor has
 * handed to its child through a pipe. Functions return an exit status of
 * sysexits.h and fill error.
 */
#pragma once

#include "daemon/cluster/cluster.h"
#include "daemon/config/config.h"
#include "store/store.h"

struct services;

/* SERVICE_NOTE: what web writes, on the server that can be written to. */
enum service_role { SERVICE_OWNER, SERVICE_INGEST, SERVICE_WEB, SERVICE_READ, SERVICE_NOTE };

struct services_options {
	const struct config *config;
	bool create;       /* make what is not there: cluster, schema */
	bool schema_later; /* with create: the caller sees to the schema himself */
	bool may_be_away;  /* with create: a server that does not answer is waited for by those who use it */
	int handed_fd;     /* -1, or where the supervisor's words come from */
};

NODISCARD int services_open(const struct services_options *options, struct services **services_r,
	struct error *error);
/* Stops the private cluster when we were its last user. NULL is fine. */
void services_close(struct services **services);

/* For rooms that connect by themselves; lives as long as the handle. */
const struct store_options *services_store_options(struct services *services, enum service_role role);
/* A connection for this process, its schema checked: EX_UNAVAILABLE with a
 * hint when there is none or it is another version's. */
NODISCARD int services_store_open(struct services *services, enum service_role role,
	struct store **store_r, struct error *error);

/* Creates or upgrades the schema; *changed_r: migrations applied. */
NODISCARD int services_migrate(struct services *services, unsigned *changed_r, struct error *error);

/* What a child needs to know of the database, for this role, written to fd. */
NODISCARD int services_hand_over(struct services *services, enum service_role role, int fd,
	struct error *error);

/* Poll it for POLLERR: the private cluster is gone for good. -1: there is none. */
int services_lost_fd(const struct services *services);
/* Brings it back. */
NODISCARD int services_revive(struct services *services, struct error *error);

const struct cluster *services_cluster(const struct services *services); /* NULL: a dsn */
