// SPDX-License-Identifier: Apache-2.0
/* A table of inputs and what must become of them; include behind cmocka.h. */
#pragma once

#include "tests/parser/carry.h"

struct carry_case {
	const char *name;
	struct str in;
	const char *want_code;   /* "" when reports are stored */
	size_t want_reports;
	const char *want_issues; /* of the first report, "code code"; NULL: not looked at */
};

/* Prints each case that fails, then fails the test. */
void carry_check(const struct carry_case *cases, size_t count, const struct limits *limits);

#define CARRY_CHECK(cases, limits) carry_check((cases), sizeof(cases) / sizeof((cases)[0]), (limits))

int carry_setup(void **state);
int carry_teardown(void **state);
/* Skips the test when there is no corpus, unless CI says that there must be one. */
void carry_need_corpus(void);
