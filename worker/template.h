// SPDX-License-Identifier: Apache-2.0
/*
 * The template's life: initialise, confine, say so, then fork once for each
 * request that comes over the control socket.
 */
#pragma once

/* Serves the socket on JOB_CONTROL_FD until its other end closes. Returns an
 * exit status of sysexits.h. */
int template_run(void);
