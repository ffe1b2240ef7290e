// SPDX-License-Identifier: Apache-2.0
/* The worker's job of verifying: a request in, a verdict out, DNS over a socket. */
#pragma once

#include "model/limits.h"
#include "model/wire.h"
#include "verifier/verify.h"

struct verify_input {
	int fd;         /* a model/verify_request.h, readable from 0 */
	uint64_t bytes; /* its size */
	int dns_fd;     /* to whoever answers; -1: the request brings its answers */
	int64_t now_epoch_secs;
	const struct limits *limits;
};

/* What the configuration says of them. */
struct verify_limits verify_job_limits(const struct limits *limits);

/* Writes the verdict behind a HELLO that the caller wrote. */
void verify_job(const struct verify_input *input, struct wire_writer *writer);
