// SPDX-License-Identifier: Apache-2.0
/* Asks the DNS what this message did not need, and another of its author's would: for a list of all look-ups. */
#pragma once

#include "model/verify_request.h"
#include "verifier/verify.h"

/* verdict: of the message, complete. */
void verify_dig(const struct verify *verify, const struct verify_request *request, const struct verdict *verdict);
