// SPDX-License-Identifier: Apache-2.0
/*
 * A signature field taken apart and its syntax judged: DKIM-Signature
 * (RFC 6376 section 3.5), ARC-Message-Signature and ARC-Seal (RFC 8617
 * sections 4.1.2 and 4.1.3), which are the first with other rules on tags.
 */
#pragma once

#include "model/verdict.h"
#include "verifier/dkim/tag_list.h"
#include "verifier/message.h"

enum signature_kind { SIGNATURE_DKIM = 1, SIGNATURE_ARC_MESSAGE, SIGNATURE_ARC_SEAL };

enum signature_algorithm { ALGORITHM_RSA_SHA256 = 1, ALGORITHM_ED25519_SHA256, ALGORITHM_RSA_SHA1 };

/* Why a signature is not good. reason is constant; reason NULL: nothing is wrong. */
struct fault {
	enum auth_result result; /* RFC 8601 section 2.7.1 */
	const char *reason;
	struct str detail; /* may hold bytes of the message */
};

struct signature {
	const struct message_field *field;
	enum signature_kind kind;
	struct tag_list tags;
	enum signature_algorithm algorithm;
	struct str octets;    /* b=, decoded */
	struct str body_hash; /* bh=, decoded */
	bool header_relaxed, body_relaxed;
	struct str domain, selector; /* A-labels */
	struct str auid;             /* i=, decoded; absent: not given */
	struct str auid_domain;      /* A-label; d= when i= is not given */
	struct str fields;           /* h= */
	uint64_t instance;           /* ARC */
	bool has_length;             /* l= */
	uint64_t length;
	bool has_created, has_expires;
	uint64_t created, expires; /* t=, x=; UINT64_MAX: more than 12 digits */
	struct fault fault;
};

/* Never fails: what is wrong is in fault, and what could be read before stands in its place. */
void signature_parse(struct arena *arena, enum signature_kind kind, const struct message_field *field,
	struct signature *signature_r);

/* The tag's value as it was sent, absent when the list could not be read or has none. */
struct str signature_tag(const struct signature *signature, const char *name);
