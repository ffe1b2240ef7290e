// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes of a file, pipe or mbox member -> sealed memfd and SHA-256. Above the
 * limit they go on to an unlinked file, so that even a mail too large to be
 * read can be kept in the quarantine.
 */
#pragma once

#include "ingest/taken.h"

struct load;

/* spill_directory: where unlinked files of mails too large are made. */
struct load *load_open(uint64_t limit_bytes, const char *spill_directory);
void load_close(struct load **load);

/* One mail: begin, add…, end. Errors of the descriptors behind it are sticky
 * and come out at the end. */
void load_begin(struct load *load);
void load_add(struct load *load, const void *bytes, size_t len);
/* Fills fd, bytes, sha256 and too_large. ERR_TEMP: no memory file or no room. */
NODISCARD enum err load_end(struct load *load, struct taken *taken, struct error *error);

/* All of fd from where it stands. ERR_PERM: cannot be read (EIO). */
NODISCARD enum err load_fd(struct load *load, int fd, struct taken *taken, struct error *error);
