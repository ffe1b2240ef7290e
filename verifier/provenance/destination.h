// SPDX-License-Identifier: Apache-2.0
/* Where a report came to, and whether its policy domain's reports are wanted there (RFC 9990 section 4). */
#pragma once

#include "model/verify_request.h"
#include "verifier/dmarc/orgs.h"

#define DESTINATIONS_MAX 8 /* domains of recipients that are looked at */

struct asked_destination {
	struct str policy_domain;
	struct str domain; /* absent: no other organisation's */
	enum maybe authorised;
};

struct destinations {
	struct orgs *orgs;
	struct str domains[DESTINATIONS_MAX]; /* A-labels, those of the envelope first */
	size_t count;
	struct asked_destination *asked; /* of policy domains, one each */
	size_t asked_count, asked_max;
};

/* The domains of all recipients. orgs and message outlive it; no more than asked_max policy domains are asked for. */
void destinations_find(struct destinations *destinations, struct orgs *orgs, const struct message *message,
	size_t asked_max);

/* Never absent; domain is absent where all stays in the house or no recipient is known. */
struct asked_destination destinations_ask(struct destinations *destinations, struct str policy_domain,
	enum dmarc_report kind);
