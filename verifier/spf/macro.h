// SPDX-License-Identifier: Apache-2.0
/* Macros, RFC 7208 section 7: their syntax, and their expansion in bounded memory and time. */
#pragma once

#include "verifier/spf/state.h"

enum spf_macro_use { SPF_USE_TERM, SPF_USE_EXPLANATION };

/* NULL, or the sentence that says why text is no macro-string (in an explanation: explain-string). */
const char *spf_macro_string_fault(struct str text, enum spf_macro_use use);
/* The same for domain-spec. */
const char *spf_domain_spec_fault(struct str text);

/* The target name (section 4.8) by a valid domain-spec: without final dot, at most 253 bytes by dropping labels
 * from the left; it may be none that DNS can carry. Lives in the arena, or is spec itself. False: it wants a local
 * part that is not ASCII (RFC 8616 section 4). */
bool spf_expand_name(struct spf_state *state, struct str domain, struct str spec, struct str *name_r);

/* Does a valid domain-spec want more than domains: local part, client or HELO? */
bool spf_macro_needs_message(struct str spec);

/* Absent: a syntax error, something that is not ASCII, or too long. */
struct str spf_expand_explanation(struct spf_state *state, struct str domain, struct str text);
