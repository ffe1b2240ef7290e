// SPDX-License-Identifier: Apache-2.0
/*
 * The values of the configuration file, each read strictly and by one
 * function, used by the checker (which knows where it stands) and by the
 * loader alike. Nothing here allocates.
 */
#pragma once

#include "base/buf.h"

/* 90d, 12h, 30m, 45s; a bare 0. */
bool value_duration(struct str text, int64_t *secs_r);
/* 64MiB, 512KiB, 1GiB, 2TiB or bare bytes. */
bool value_bytes(struct str text, uint64_t *bytes_r);
/* yes, no, true, false, on, off (YAML 1.1). */
bool value_bool(struct str text, bool *value_r);
/* 98%, 99.5%: 0 to 100 with at most three decimals. */
bool value_percent(struct str text);
/* host:port with an address or localhost as host, [v6]:port. */
bool value_listen(struct str text);
/* ADDRESS or ADDRESS@PORT. */
bool value_server(struct str text);
/* An address or a prefix whose host bits are zero. */
bool value_prefix(struct str text);
/* A host or domain name: LDH labels and underscores, at most 253 bytes. */
bool value_domain(struct str text);
bool value_email(struct str text);
bool value_url(struct str text);
bool value_timezone(struct str text);

/* An absolute path, ${CREDENTIALS_DIRECTORY} in front of it replaced, into out.
 * NULL, or what is wrong with it as a phrase ("is not an absolute path"). */
const char *value_expand_path(struct str text, struct buf *out);

/* Whole units where they divide: "90d", "64MiB". */
void value_add_duration(struct buf *buf, int64_t secs);
void value_add_bytes(struct buf *buf, uint64_t bytes);

/* The candidate nearest to word, or NULL when none is near enough to be meant. */
const char *value_nearest(struct str word, const char *const *candidates, size_t count);
