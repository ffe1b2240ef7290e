// SPDX-License-Identifier: Apache-2.0
/*
 * DNS answers in a text file: written from the answers a verdict rests on, and
 * read again to repeat it. One answer a line:
 *
 *	OWNER TYPE RDATA                  master-file presentation (RFC 1035 section 5)
 *	OWNER TYPE !NXDOMAIN              or !NODATA !SERVFAIL !TIMEOUT !BOGUS
 *	OWNER * RDATA-or-!STATUS          for every type without a line of its own
 *	# a comment, alone or behind an answer
 *
 * TXT is one or more quoted strings, \DDD and \X inside; a string too long for
 * the wire is cut as often as needed. Names are absolute, the final dot may be
 * left out. Several lines are several records. What is not listed is NODATA
 * where the owner has another line, else NXDOMAIN. CNAMEs are followed within
 * the file. Data of any type may be `\# LENGTH HEX` (RFC 3597 section 5).
 *
 * What is written keeps an answer whole at the name that was asked, so that
 * answers which contradict each other stay as they were; what a zone file has
 * no place for stands in a comment of the answer's first line, and is read:
 *
 *	OWNER TYPE RDATA #: secure ttl=300 alias=NAME "note"
 */
#pragma once

#include "base/buf.h"
#include "base/error.h"
#include "dns/session.h"

#define DNS_REPLAY_LINES_MAX 400000 /* comments too; a line takes many times its bytes in memory */

/* Reads text into arena; the strings of text may be kept. ERR_INVALID: "file:line: what is wrong". */
NODISCARD enum err dns_replay_open(struct arena *arena, struct str file, struct str text, struct dns **dns_r,
	struct error *error);

/* Appends the line or lines that give this answer again, bit for bit. */
void dns_replay_add(struct buf *out, const struct dns_answer *answer);
/* The same of all answers of a session, in their order. */
void dns_replay_add_session(struct buf *out, const struct dns_session *session);
