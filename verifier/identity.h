// SPDX-License-Identifier: Apache-2.0
/*
 * Who sent it: what was given goes before what the message says of itself.
 * mail_from: given, Return-Path, smtp.mailfrom of a trusted
 * Authentication-Results, Received-SPF. ip and helo: given, the top-most
 * Received that a trusted host wrote about a host that is not trusted,
 * Received-SPF, Authentication-Results. Of the fields those are believed that
 * stand above the first Received of a host that is not trusted (RFC 8601
 * section 5), where it is known which those are.
 */
#pragma once

#include "verifier/message.h"
#include "verifier/verify.h"

struct identity_hints {
	struct ip ip;         /* family 0: not given */
	struct str helo;      /* absent: not given */
	struct str mail_from; /* absent: not given; empty: the null path */
	const struct str *trusted_hops; /* names that stand behind "by" in our own Received fields */
	size_t trusted_hops_count;      /* 0: the top-most Received is believed */
	const struct str *authserv_ids;
	size_t authserv_ids_count;
};

struct identity {
	struct ip ip;
	struct str helo;
	struct str mail_from;
	bool has_mail_from;
	size_t inside_fields; /* of the message, top down: added by trusted hops; all of them when none is named */
};

/* Fills *identity_r, and verdict->identities with where each came from. */
void identity_find(const struct verify *verify, const struct message *message, const struct identity_hints *hints,
	struct identity *identity_r, struct verdict *verdict);
