// SPDX-License-Identifier: Apache-2.0
/*
 * Domain names as identifiers: one strict validator for every mechanism, and
 * the way from U-labels to A-labels (RFC 5890, RFC 8616). The only file that
 * knows libidn2.
 */
#pragma once

#include "base/arena.h"

/* Lower-case A-labels without final dot, in arena. False when it is no domain name: an empty or too long
 * label or name, white space, control characters, parentheses, or U-labels that IDNA2008 refuses. Underscores
 * are accepted (they occur in the wild), address literals are not. */
bool domain_to_ascii(struct arena *arena, struct str domain, struct str *ascii_r);

/* True when child is parent or below it; both as domain_to_ascii() gives them. */
bool domain_is_or_below(struct str child, struct str parent);

size_t domain_labels(struct str domain);
/* The right-most n labels (all when there are no more). */
struct str domain_last_labels(struct str domain, size_t n);
