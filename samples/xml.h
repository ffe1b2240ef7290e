// SPDX-License-Identifier: Apache-2.0
/*
 * An aggregate report as its reporter would write it: RFC 7489 appendix C or
 * RFC 9990 section 3.1, with the habits of the world's table.
 */
#pragma once

#include "samples/kit.h"

/* Appends the whole document. */
void xml_write_report(struct buf *out, const struct sample_report *report);
