// SPDX-License-Identifier: Apache-2.0
/*
 * RDATA of the wire (RFC 1035 section 3.3, without compression) to records and
 * back: what every back end makes its answers of, with the limits of
 * dns/dns.h in one place. A name of the wire becomes lower-case text; one with
 * a dot inside a label has no such text and is malformed here.
 */
#pragma once

#include "base/buf.h"
#include "dns/dns.h"

#define DNS_NAME_WIRE_BYTES_MAX 255
#define DNS_RDATA_BYTES_MAX 65535
#define DNS_TOO_MANY_RECORDS "more records than are read" /* a note */
#define DNS_TOO_LONG_TXT "a longer TXT record than is read" /* the same */

/* The name at the start of wire: its text into text (DNS_NAME_BYTES_MAX + 1 bytes), the bytes it took as
 * the result; 0 where there is none. The root is the empty text. */
size_t dns_name_from_wire(struct str wire, char text[DNS_NAME_BYTES_MAX + 1], size_t *len_r);
/* A valid name or the empty one. */
void dns_name_to_wire(struct buf *out, struct str name);

/* Fills answer_r's records and status from count RDATAs of type; strings are copied into arena. DNS_NODATA
 * for none; DNS_SERVFAIL with a note for what is malformed or above a limit. */
void dns_answer_fill(struct arena *arena, enum dns_type type, const struct str *rdatas, size_t count,
	struct dns_answer *answer_r);
/* No records, this status and this note (a constant, or of the answer's arena). */
void dns_answer_fail(struct dns_answer *answer_r, enum dns_status status, struct str note);

/* Appends the RDATA that gives this record again. */
void dns_record_to_wire(struct buf *out, enum dns_type type, const struct dns_record *record);
