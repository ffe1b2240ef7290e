// SPDX-License-Identifier: Apache-2.0
/*
 * A mail's bytes -> gzip, as originals are kept.
 */
#pragma once

#include "base/buf.h"

/* Appends the gzip of the first bytes of fd (a file or memfd). False when it
 * cannot be read or out overflows. */
NODISCARD bool pack_original(int fd, uint64_t bytes, struct buf *out);
