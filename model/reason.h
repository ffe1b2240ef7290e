// SPDX-License-Identifier: Apache-2.0
/*
 * Why a mail is not_a_report or quarantined: stable codes, one list
 * (model/reason_list.h), explained in doc/issues.md. The sentence shown to a
 * postmaster is the list's own plus the detail the finder gives (line, column,
 * name, size).
 */
#pragma once

#include "base/str.h"

enum reason {
#define REASON(name, code, sentence) REASON_##name,
#include "model/reason_list.h"
#undef REASON
	REASON_COUNT
};

const char *reason_code(enum reason reason);     /* "archive.too_large" */
const char *reason_sentence(enum reason reason); /* without a final full stop */
bool reason_parse(struct str code, enum reason *reason_r);
