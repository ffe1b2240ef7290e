// SPDX-License-Identifier: Apache-2.0
/* One piece of advice more. */
#pragma once

#include "verifier/verify.h"

#define SURVEY_ADVICE_MAX 100 /* of one domain; nobody reads more */

struct survey {
	const struct verify *verify;
	struct verdict *verdict;
};

/* record, which name should hold, may be NULL; text is formatted. */
void survey_advise(const struct survey *survey, const char *severity, const char *code, struct str name,
	const char *record, const char *fmt, ...) PRINTF_LIKE(6, 7);

/* A step of the trace about the domain as such; costs nothing without one. */
void survey_step(const struct survey *survey, const char *kind, struct str name, struct str value, const char *result,
	const char *note);

/* prefix.domain */
struct str survey_name(const struct survey *survey, const char *prefix, struct str domain);
