// SPDX-License-Identifier: Apache-2.0
/*
 * Odd input, as data. Whatever dmarcd read tolerantly is an issue of the
 * report: a stable code, a short detail (what was found) and how often. The
 * list is model/issue_list.h; doc/issues.md explains each code and a test
 * keeps the two together. A code once released never changes its meaning.
 */
#pragma once

#include "base/str.h"

enum issue_code {
#define ISSUE(name, code, deviates, sentence) ISSUE_##name,
#include "model/issue_list.h"
#undef ISSUE
	ISSUE_CODE_COUNT
};

#define ISSUE_DETAIL_BYTES_MAX 200

struct issue {
	enum issue_code code;
	struct str detail; /* of the first occurrence; valid UTF-8; may be empty */
	uint64_t count;    /* at least 1 */
};

/* "xml.bom" */
const char *issue_code_text(enum issue_code code);
/* A sentence a postmaster understands. */
const char *issue_sentence(enum issue_code code);
/* True when a report with this issue departs from its schema (grade
 * "lenient"); false when the report is formally right but implausible. */
bool issue_deviates(enum issue_code code);
/* False when no issue has this code. */
bool issue_code_parse(struct str text, enum issue_code *code_r);
