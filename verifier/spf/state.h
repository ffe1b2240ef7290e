// SPDX-License-Identifier: Apache-2.0
/* One call of check_host() of RFC 7208 section 4: what it was given, and what it has used up. */
#pragma once

#include "verifier/spf.h"
#include "verifier/spf/record.h"

struct spf_state {
	const struct verify *verify;
	struct ip ip;
	struct str sender, local_part, sender_domain, helo, receiver; /* sections 2.4, 4.3, 7.2 */
	bool ascii;     /* the local part is */
	unsigned depth; /* of includes */
	unsigned lookups, void_lookups;
	char ip_text[IP_TEXT_BYTES];
	struct str problem;
	struct str record; /* the first one that was read */
	struct str named, named_for; /* the validated name, as last found for this domain */
};

enum spf_match { SPF_NO_MATCH, SPF_MATCH, SPF_TEMPERROR, SPF_PERMERROR };

/* Keeps why a check ends with an error; the first one stays. Returns error. */
enum spf_match spf_trouble(struct spf_state *state, enum spf_match error, struct str term, const char *sentence);

/* What an answer means to a term: SPF_PERMERROR when it is one void answer too many (section 4.6.4), SPF_TEMPERROR when
 * it failed, SPF_MATCH when there are records. */
enum spf_match spf_answered(struct spf_state *state, struct str term, const struct dns_answer *answer);

/* Asks. A name that DNS cannot carry matches nothing and costs nothing. */
enum spf_match spf_ask(struct spf_state *state, struct str term, const char *what, struct str name,
	enum dns_type type, const struct dns_answer **answer_r);

/* Section 5, of every mechanism but include; name is the target name. */
enum spf_match spf_match_term(struct spf_state *state, const struct spf_term *term, struct str name);

/* The validated name of the client that is nearest to domain (section 7.3, "p"); "unknown" when there is none. */
struct str spf_validated_name(struct spf_state *state, struct str domain);
