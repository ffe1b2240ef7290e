// SPDX-License-Identifier: Apache-2.0
#include "model/issue.h"

#include "model/reason.h"

static const struct {
	const char *code;
	const char *sentence;
	bool deviates;
} issues[] = {
#define ISSUE(name, code, deviates, sentence) {code, sentence, deviates},
#include "model/issue_list.h"
#undef ISSUE
};

static const struct {
	const char *code;
	const char *sentence;
} reasons[] = {
#define REASON(name, code, sentence) {code, sentence},
#include "model/reason_list.h"
#undef REASON
};

const char *issue_code_text(enum issue_code code)
{
	return issues[code].code;
}

const char *issue_sentence(enum issue_code code)
{
	return issues[code].sentence;
}

bool issue_deviates(enum issue_code code)
{
	return issues[code].deviates;
}

bool issue_code_parse(struct str text, enum issue_code *code_r)
{
	for (int i = 0; i < ISSUE_CODE_COUNT; i++) {
		if (str_eq(text, str_from(issues[i].code))) {
			*code_r = (enum issue_code)i;
			return true;
		}
	}
	return false;
}

const char *reason_code(enum reason reason)
{
	return reasons[reason].code;
}

const char *reason_sentence(enum reason reason)
{
	return reasons[reason].sentence;
}

bool reason_parse(struct str code, enum reason *reason_r)
{
	for (int i = 0; i < REASON_COUNT; i++) {
		if (str_eq(code, str_from(reasons[i].code))) {
			*reason_r = (enum reason)i;
			return true;
		}
	}
	return false;
}
