// SPDX-License-Identifier: Apache-2.0
/*
 * Authentication-Results (RFC 8601), ARC-Authentication-Results (RFC 8617
 * section 4.1.1) and Received-SPF (RFC 7208 section 9.1): what others said. A
 * tolerant reader and a strict writer.
 */
#pragma once

#include "base/buf.h"
#include "verifier/message.h"
#include "verifier/verify.h"

struct authres_property {
	struct str type;  /* "smtp", "header", "policy", …; lower case; "" where there is none (action=none) */
	struct str name;  /* lower case */
	struct str value; /* unquoted, comments dropped */
};

struct authres_result {
	struct str method; /* lower case */
	struct str result; /* lower case, as sent */
	struct str reason;
	struct str comment; /* the first one, unescaped */
	struct authres_property *properties;
	size_t properties_count;
};

struct authres {
	struct str authserv_id; /* absent: there was none */
	uint64_t instance;      /* ARC; 0: none */
	struct authres_result *results;
	size_t results_count;
	bool lenient;           /* RFC 8601 does not allow it as it stands */
};

#define AUTHRES_RESULTS_MAX 100
#define AUTHRES_PROPERTIES_MAX 50 /* of one result */

/* False when nothing can be read from it (also another version). Texts are as sent, but without controls. */
bool authres_parse(struct arena *arena, struct str body, struct authres *authres_r);
/* Of the body of an ARC-Authentication-Results: 0 when it does not begin with one. */
uint64_t authres_instance(struct arena *arena, struct str body);
/* As authres_parse() for Received-SPF, as one result of method "spf": client-ip, envelope-from and helo are called
 * smtp.remote-ip, smtp.mailfrom and smtp.helo as in RFC 8601, the others have no type; receiver is the
 * authserv_id. */
bool received_spf_parse(struct arena *arena, struct str body, struct authres *authres_r);
/* Absent when the result has no such property. */
struct str authres_value(const struct authres_result *result, const char *type, const char *name);
/* The envelope sender by any of the names it is sent under; absent when none is there. */
struct str authres_mail_from(const struct authres_result *result);
/* The domain of "user@domain", "@domain", "domain"; an A-label. False: it is none. */
bool authres_domain(struct arena *arena, struct str value, struct str *domain_r);

/* Appends the body of such a field, folded, without a final line end: authres_parse() reads the same from
 * it. Whatever the texts hold, nothing in it begins another field. */
void authres_print(struct buf *out, const struct authres *authres, size_t column);

/* Whose claims are trusted. */
struct authres_trust {
	const struct str *authserv_ids; /* our own */
	size_t authserv_ids_count;
	size_t inside_fields; /* of the message, top down; below them anybody may have written */
};

/* Fills verdict->claims from every such field of the message, after all mechanisms. No claim of an ARC set is
 * trusted. */
void authres_claims(const struct verify *verify, const struct message *message, const struct authres_trust *trust,
	struct verdict *verdict);

/* Appends an Authentication-Results field with all that the verdict says, folded, ending with CRLF. Nothing
 * in it can begin another field, whatever the verdict holds. */
void authres_write(struct buf *out, struct str authserv_id, const struct verdict *verdict);
