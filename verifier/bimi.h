// SPDX-License-Identifier: Apache-2.0
/*
 * BIMI, draft-brand-indicators-for-message-identification: record discovery,
 * preconditions, SVG Tiny PS, evidence documents. Nothing is ever fetched.
 */
#pragma once

#include "verifier/dmarc.h"

struct bimi_options {
	struct str evidence;      /* the PEM file behind a=, when it is at hand */
	struct str indicator;     /* the SVG behind l=, when it is at hand */
	const struct str *roots;  /* PEM of trust anchors for mark certificates */
	size_t roots_count;
	const struct dmarc_options *dmarc;
};

/* After dmarc_check(); fills verdict->bimi. */
void bimi_check(const struct verify *verify, const struct message *message, const struct bimi_options *options,
	struct verdict *verdict);
