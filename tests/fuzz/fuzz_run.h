// SPDX-License-Identifier: Apache-2.0
/*
 * Shared by the fuzz targets: runs the production entry over the bytes, with
 * small limits so that a run is short, and proves that every frame written can
 * be read back.
 */
#pragma once

#include "model/limits.h"
#include "model/wire.h"

struct limits fuzz_limits(void);

/* parse_mail() and parse_extract() of report 0 over the bytes. */
void fuzz_parse(const uint8_t *bytes, size_t len);

/* A writer that checks and forgets. */
void fuzz_writer_init(struct wire_writer *writer);
