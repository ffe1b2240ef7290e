// SPDX-License-Identifier: Apache-2.0
/*
 * The presentation form of RFC 1035 section 5.1: words, quoted strings, \DDD
 * and \X; names are absolute, with or without their final dot. RDATA of a type
 * without a form of its own is `\# LENGTH HEX` (RFC 3597 section 5), which is
 * understood for every type.
 */
#pragma once

#include "base/buf.h"
#include "dns/dns.h"

enum dns_word {
	DNS_WORD_NONE, /* the end of the line, or a comment: # or ; in a word's place, left in *rest */
	DNS_WORD_BARE,
	DNS_WORD_QUOTED, /* without its quotes, escapes as they stand */
	DNS_WORD_BROKEN, /* no closing quote */
};

/* Takes the next word off *rest. */
enum dns_word dns_present_word(struct str *rest, struct str *word_r);

/* Each of these appends to out what a word means, and returns NULL, or what is wrong with it. */
const char *dns_present_name(struct str word, struct buf *out); /* as on the wire */
const char *dns_present_string(struct str word, struct buf *out);

/* The words of an RDATA, taken off *rest, to the wire. */
const char *dns_present_rdata(enum dns_type type, struct str *rest, struct buf *out);

/* Appends a name, a quoted string, a record's RDATA. */
void dns_present_add_name(struct buf *out, struct str name);
void dns_present_add_string(struct buf *out, struct str bytes);
void dns_present_add_rdata(struct buf *out, enum dns_type type, const struct dns_record *record);
