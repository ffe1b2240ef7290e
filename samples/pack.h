// SPDX-License-Identifier: Apache-2.0
/*
 * Carriers: gzip and zip files made in memory (RFC 1952, APPNOTE 4.3). Their
 * bytes depend on the content alone: no time stamps.
 */
#pragma once

#include "base/buf.h"

/* Appends a gzip member; its name field is absent when name is NULL. */
void pack_gzip(struct buf *out, struct str bytes, const char *name);
/* Appends a zip archive with one deflated member. */
void pack_zip(struct buf *out, struct str bytes, const char *name);
