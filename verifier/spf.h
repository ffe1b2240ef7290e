// SPDX-License-Identifier: Apache-2.0
/*
 * SPF, RFC 7208: check_host() of section 4 with its macros (section 7), limits
 * (section 4.6.4), results and explanation (section 6.2).
 */
#pragma once

#include "verifier/verify.h"

struct spf_request {
	struct ip ip;         /* of the client; IPv4-mapped counts as IPv4 (section 5) */
	struct str helo;      /* as given in HELO or EHLO; may be absent */
	struct str mail_from; /* reverse-path without angle brackets; empty: the null path */
	struct str receiver;  /* for %{r} (section 7.3); absent: "unknown" */
	bool helo_identity;   /* check HELO (section 2.3) instead of MAIL FROM (section 2.4) */
};

/* Never fails: every input has a result. *spf_r lives in verify->arena. */
void spf_check(const struct verify *verify, const struct spf_request *request, struct verdict_spf *spf_r);
