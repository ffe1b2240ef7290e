// SPDX-License-Identifier: Apache-2.0
/*
 * What the two sides of dns/relay.h send each other, a packet each. The reader
 * believes nothing: it refuses what is out of bounds, of another question, or
 * longer than it should be. Numbers are big-endian.
 */
#pragma once

#include "base/buf.h"
#include "dns/relay.h"

#define DNS_QUESTION_BYTES_MAX 512
/* Holds any answer within the limits of dns/dns.h but TXT in thousands of tiny strings, and is small
 * enough for the kernel's default socket buffer. */
#define DNS_ANSWER_BYTES_MAX ((size_t)160 * 1024)

/* Appends a question; its name is valid. */
void dns_question_write(struct buf *out, const struct dns_question *question);
/* False: no question. The name is a view of packet. */
bool dns_question_read(struct str packet, struct dns_question *question_r);

/* Appends an answer; out is left in overflow when it does not fit there. */
void dns_answer_write(struct buf *out, uint32_t number, const struct dns_answer *answer);
/* False: no answer to this question. Otherwise all of *answer_r is in arena. */
bool dns_answer_read(struct str packet, const struct dns_question *question, struct arena *arena,
	struct dns_answer *answer_r);
