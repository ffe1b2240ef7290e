// SPDX-License-Identifier: Apache-2.0
/*
 * A second opinion on an XML document, by expat: whether it is well-formed, and
 * how many records and messages a report in it has.
 */
#pragma once

#include "base/str.h"
#include "base/wide.h"

struct fuzz_opinion {
	bool well_formed;
	bool doctype;
	bool plain; /* no namespaces, every count a decimal number: the sums may be compared */
	uint64_t records;
	wide messages;
};

/* False: it has no opinion, for want of the encoding that the document declares. */
bool fuzz_expat(struct str text, struct fuzz_opinion *opinion_r);
