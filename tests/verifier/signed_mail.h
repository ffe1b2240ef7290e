// SPDX-License-Identifier: Apache-2.0
/* One message, a zone of keys, and what DKIM says about it. */
#pragma once

#include "verifier/arc.h"
#include "verifier/dkim.h"

#define MAIL_NOW 1700000000 /* seconds; what the tests call now */

struct signed_mail {
	struct arena *arena;
	struct buf zone;
	struct verify verify;
	struct dkim_keys *keys; /* NULL at first */
	bool traced;
	struct verdict verdict;
};

/* For cmocka: *state is a struct signed_mail. */
int signed_mail_open(void **state);
int signed_mail_close(void **state);

void signed_mail_txt(struct signed_mail *mail, struct str name, struct str text);
/* word: "NXDOMAIN", "SERVFAIL", "TIMEOUT", … */
void signed_mail_status(struct signed_mail *mail, struct str name, const char *word);
/* Fills mail->verdict by the zone so far. */
void signed_mail_check(struct signed_mail *mail, struct str bytes);
void signed_mail_arc(struct signed_mail *mail, struct str bytes, const struct str *trusted, size_t trusted_count);
/* The trace step of this kind and name (NULL: any) number n; NULL when there is none. */
const struct trace_step *signed_mail_step(const struct signed_mail *mail, const char *kind, const char *name, size_t n);
