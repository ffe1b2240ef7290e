// SPDX-License-Identifier: Apache-2.0
/*
 * "127.0.0.1:8480" -> a listening socket, and which Host headers are ours.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

#define LISTEN_TEXT_BYTES 80

/* Tries this port and the tries - 1 next ones. *fd_r listens; bound_r is
 * "127.0.0.1:8481". ERR_DENIED: no right to the port; ERR_TEMP: in use. */
NODISCARD enum err listen_open(const char *address, unsigned tries, int *fd_r, char bound_r[LISTEN_TEXT_BYTES],
	struct error *error);

/* True for localhost, any literal address (a name that rebinds is none) and
 * the host of public_url (may be NULL). */
bool listen_host_is_ours(struct str host, const char *public_url);
