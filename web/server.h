// SPDX-License-Identifier: Apache-2.0
/*
 * HTTP/1.1 by libmicrohttpd: the only file that includes it. GET and HEAD, no
 * bodies, bounded connections, security headers on every answer.
 */
#pragma once

#include "web/respond.h"

struct server;

/* Takes the listening socket over. ERR_TEMP: out of threads or descriptors. */
NODISCARD enum err server_start(const struct respond *respond, int listen_fd, struct server **server_r,
	struct error *error);
/* Finishes what is being answered. */
void server_stop(struct server **server);
