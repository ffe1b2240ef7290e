// SPDX-License-Identifier: Apache-2.0
/*
 * Stylesheet, modules and icon, built into the program: plain, gzip and brotli,
 * each under a name that holds the hash of its content, so that it may be kept
 * for ever.
 */
#pragma once

#include "base/str.h"

enum asset_coding { ASSET_PLAIN, ASSET_GZIP, ASSET_BROTLI, ASSET_CODINGS };

struct asset {
	const char *name; /* "style.css" */
	const char *path; /* "/static/style.<hash>.css" */
	const char *type;
	const char *etag; /* with its quotes */
	const char *bytes[ASSET_CODINGS];
	const char *ends[ASSET_CODINGS];
};

/* Dies when there is no such asset. */
const char *asset_path(const char *name);
/* NULL when the path is none of an asset. */
const struct asset *asset_find(struct str path);
/* RFC 9110 section 12.5.3, of an Accept-Encoding header (absent: none): the smallest
 * that is acceptable, best at most. */
enum asset_coding asset_coding_for(struct str accepted, enum asset_coding best);
struct str asset_bytes(const struct asset *asset, enum asset_coding coding);
