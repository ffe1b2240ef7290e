// SPDX-License-Identifier: Apache-2.0
/* All mechanisms on one message, in the order in which they need each other. */
#pragma once

#include "verifier/arc.h"
#include "verifier/authres.h"
#include "verifier/bimi.h"
#include "verifier/identity.h"
#include "verifier/provenance.h"
#include "verifier/spf.h"

struct check_request {
	struct identity_hints hints;
	struct dmarc_options dmarc;
	struct bimi_options bimi;
	struct dkim_keys *keys;      /* may be NULL */
	const struct str *trusted_sealers;
	size_t trusted_sealers_count;
	struct str receiver; /* who asks, for %{r} */
	const struct verify_reporter *reporter; /* the message is its sample; NULL: it is none */
	bool headers_only; /* a sample without its body */
	struct verify_claims claims; /* of the reports that the message brings; none: no provenance */
};

/* Fills *verdict_r, all of it in verify->arena, with the trace where there is one. answers (who calls has the
 * session) and authres (who calls has a name) are left to the caller. */
void check_message(const struct verify *verify, struct str bytes, const struct check_request *request,
	struct verdict *verdict_r);
