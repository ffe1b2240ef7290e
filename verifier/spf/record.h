// SPDX-License-Identifier: Apache-2.0
/*
 * The grammar of an SPF record (RFC 7208 sections 4.5, 4.6.1, 5, 6 and 12),
 * read as a whole before anything of it is evaluated.
 */
#pragma once

#include "base/arena.h"
#include "base/ip.h"
#include "model/report.h"

enum spf_mechanism { SPF_ALL = 1, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_IP4, SPF_IP6, SPF_EXISTS };

struct spf_term {
	struct str text; /* as written */
	enum spf_mechanism mechanism;
	enum auth_result result; /* what its qualifier says */
	struct str domain_spec;  /* absent: the current domain */
	struct ip ip;            /* ip4, ip6 */
	uint8_t prefix4, prefix6;
};

struct spf_modifier {
	struct str text;        /* as written; absent: there is none */
	struct str domain_spec;
};

struct spf_record {
	struct spf_term *terms; /* mechanisms, in order */
	size_t count;
	struct spf_modifier redirect, exp;
	bool all;
};

/* What is wrong: the term, as written, and a sentence that names the section. */
struct spf_fault {
	struct str term;
	const char *sentence;
};

/* Section 4.5: does this TXT record begin as one of SPF does? */
bool spf_record_selected(struct str txt);

/* Reads a selected record; the views point into text. False: a syntax error. */
bool spf_record_parse(struct arena *arena, struct str text, struct spf_record *record_r, struct spf_fault *fault_r);

/* Asks the DNS, and counts for the limit of section 4.6.4. */
bool spf_term_asks(const struct spf_term *term);
