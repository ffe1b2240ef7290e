// SPDX-License-Identifier: Apache-2.0
/* Mark certificates of our own making: an authority, and leaves with one thing changed. */
#pragma once

#include "base/arena.h"

#define MARK_NOW ((int64_t)1790000000) /* inside every validity */
#define MARK_SVG \
	"<svg version=\"1.2\" baseProfile=\"tiny-ps\" viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\">" \
	"<title>made</title></svg>"

struct mark_options {
	const char *domain;    /* dNSName; NULL: none */
	const char *mark_type; /* NULL: none */
	const char *eku;       /* of the leaf, as OpenSSL's configuration spells it; NULL: none */
	const char *ca_eku;    /* of the authority */
	struct str svg;        /* in the logotype; absent: no extension */
	bool plain_svg;        /* not compressed */
	bool wrong_hash;
	bool sha256;           /* instead of SHA-1 */
	const char *media_type;
	int rsa_bits;          /* of the leaf's key; 0: P-256 */
	int days_from_now, days; /* validity from MARK_NOW */
};

struct mark {
	struct str evidence; /* leaf and authority, PEM */
	struct str reversed; /* authority and leaf */
	struct str root;     /* PEM */
};

/* All in order, for example.com. */
struct mark_options mark_good(void);
struct mark mark_make(struct arena *arena, const struct mark_options *options);
