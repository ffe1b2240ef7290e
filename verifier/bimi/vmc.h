// SPDX-License-Identifier: Apache-2.0
/*
 * Evidence documents, draft-fetch-validation-vmc-wchuang: a PEM file with a
 * mark certificate and its issuers. Not checked, because it needs the network:
 * revocation (CRL), and whether the certificate transparency logs know it.
 * The only file of the verifier that knows OpenSSL's certificates.
 */
#pragma once

#include "verifier/bimi/svg.h"

#define VMC_BYTES ((size_t)64 * 1024) /* of an evidence document; a default */
#define VMC_CERTIFICATES_MAX 16 /* of an evidence document */
#define VMC_ROOTS_MAX 256       /* in one PEM text of roots */

struct vmc_request {
	struct str evidence;     /* PEM */
	const struct str *roots; /* PEM texts */
	size_t roots_count;
	int64_t now_epoch_secs;
	struct str domain;       /* where the assertion record is */
	struct str org_domain;   /* may be absent */
	struct str selector;
	size_t evidence_bytes_max;
	size_t svg_bytes_max;    /* of the logo in it */
};

enum vmc_state {
	VMC_PASS = 1,
	VMC_UNTRUSTED, /* nothing is wrong, but no root was given to lead the chain to */
	VMC_FAIL,
};

struct vmc {
	enum vmc_state state;
	const char *reason; /* of the first thing that is wrong: "vmc.pem" "vmc.order" "vmc.several" "vmc.eku"
	                     * "vmc.ca_eku" "vmc.logotype" "vmc.hash" "vmc.svg" "vmc.domain" "vmc.expired"
	                     * "vmc.not_yet_valid" "vmc.chain" "vmc.roots"; of VMC_UNTRUSTED "vmc.no_roots" */
	struct str detail;  /* all that is wrong, with "; " between */
	const char *kind;   /* "VMC", "CMC", or NULL when the certificate names no mark type known here */
	struct str mark_type, trademark, organization, issuer; /* of the subject, as far as they are there */
	struct str names;   /* its dNSNames, with ", " between */
	struct str not_before, not_after; /* ISO 8601 */
	struct str sha256;  /* of the certificate, hex */
	bool has_scts;      /* signed certificate timestamps are in it; not verified */
	bool experimental;  /* marked as of the pilot (1.3.6.1.4.1.53087.4.1) */
	const char *hash_algorithm; /* of the digest that matched: "sha1" or "sha256"; NULL: none did */
	struct svg svg;     /* the logo in it */
};

/* Texts live in arena. Every input has an answer. */
void vmc_check(struct arena *arena, const struct vmc_request *request, struct vmc *vmc_r);
