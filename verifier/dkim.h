// SPDX-License-Identifier: Apache-2.0
/*
 * DKIM, RFC 6376 with 8301 (no SHA-1, no key below 1024 bits), 8463 (Ed25519)
 * and 8616 (U-labels): every signature of a message, each with its own verdict.
 */
#pragma once

#include "verifier/message.h"
#include "verifier/verify.h"

struct dkim_keys; /* parsed public keys, so that a key is parsed at its first use only; may be shared by
                   * the jobs of one process, never by threads */
struct dkim_keys *dkim_keys_open(void);
void dkim_keys_close(struct dkim_keys **keys);

/* Fills verdict->dkim, in the message's order. keys may be NULL. author_domain (an A-label, may be absent)
 * decides the flag of that name: d= is it or above it. */
void dkim_check(const struct verify *verify, const struct message *message, struct dkim_keys *keys,
	struct str author_domain, struct verdict *verdict);
