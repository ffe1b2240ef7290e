// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes <-> gzip (RFC 1952), as originals of mails are kept. Both sides are
 * our own: strangers' archives are the worker's business.
 */
#pragma once

#include "base/buf.h"
#include "base/error.h"

/* Appends the gzip of the first bytes of fd (a file or memfd). False when it
 * cannot be read or out overflows. */
NODISCARD bool gzip_pack(int fd, uint64_t bytes, struct buf *out);

/* The same of bytes in memory. */
NODISCARD bool gzip_pack_bytes(struct str bytes, struct buf *out);

/* Writes what was packed to fd, piece by piece. False when it is damaged, is more than max_bytes, or
 * cannot be written. */
NODISCARD bool gzip_unpack_to(struct str packed, uint64_t max_bytes, int fd, uint64_t *bytes_r);

/* Appends what was packed. False when it is damaged or out overflows. */
NODISCARD bool gzip_unpack(struct str packed, struct buf *out);
