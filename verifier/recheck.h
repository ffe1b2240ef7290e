// SPDX-License-Identifier: Apache-2.0
/*
 * The sample of a failure report, verified again: what the reporter said of
 * SPF, DKIM and DMARC (RFC 6591 section 3, RFC 9991 section 4) beside what is
 * found now, and why the two differ. Samples lack bodies, are redacted, and are
 * older than the DNS: what cannot be checked is never called a failure.
 *
 * Differences: same, headers_only (no body to check), redacted, key_rotated
 * (another key stands under the selector), key_gone, dns_changed (SPF now gives
 * another result), canonicalization (header or body were changed on the way),
 * we_pass, we_fail, not_checkable.
 */
#pragma once

#include "model/verify_request.h"
#include "verifier/message.h"
#include "verifier/verify.h"

/* True when names in the message were made unreadable on purpose (RFC 6590, "[REDACTED]" and the like). */
bool recheck_is_redacted(const struct message *message);

/* After all mechanisms; fills verdict->recheck, an item for each method that the reporter speaks of. */
void recheck_compare(const struct verify *verify, const struct verify_reporter *reporter, struct verdict *verdict);
