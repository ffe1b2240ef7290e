// SPDX-License-Identifier: Apache-2.0
/*
 * DNS answers in a text file: written from the answers a verdict rests on, and
 * read again to repeat it. One answer a line:
 *
 *	OWNER TYPE RDATA                  master-file presentation (RFC 1035 section 5)
 *	OWNER TYPE !NXDOMAIN              or !NODATA !SERVFAIL !TIMEOUT !BOGUS
 *	OWNER * RDATA-or-!STATUS          for every type without a line of its own
 *	# a comment
 *
 * TXT is one or more quoted strings, \DDD and \X inside. Names are absolute,
 * the final dot may be left out. Several lines are several records. What is
 * not listed is NODATA where the owner has another line, else NXDOMAIN. CNAMEs
 * are followed within the file.
 */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "dns/dns.h"

/* Reads text into arena; the strings of text may be kept. ERR_INVALID: "file:line: what is wrong". */
NODISCARD enum err dns_replay_open(struct arena *arena, struct str file, struct str text, struct dns **dns_r,
	struct error *error);

/* Appends the line or lines that give this answer again. */
void dns_replay_add(struct buf *out, const struct dns_answer *answer);
