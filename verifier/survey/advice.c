// SPDX-License-Identifier: Apache-2.0
#include "verifier/survey/advice.h"

#include "base/buf.h"

void survey_advise(const struct survey *survey, const char *severity, const char *code, struct str name,
	const char *record, const char *fmt, ...)
{
	struct arena *arena = survey->verify->arena;
	struct buf text;
	va_list args;
	if (survey->verdict->advice.count >= SURVEY_ADVICE_MAX)
		return;
	va_start(args, fmt);
	buf_init(&text, SIZE_MAX / 2);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	*VERDICT_ADD(arena, &survey->verdict->advice) = (struct verdict_advice){
		.severity = str_from(severity),
		.code = str_from(code),
		.name = verify_text(arena, name),
		.type = record ? STR("TXT") : STR_NONE,
		.record = verify_text(arena, str_from(record)),
		.text = verify_text(arena, buf_str(&text)),
	};
	buf_fini(&text);
}

void survey_step(const struct survey *survey, const char *kind, struct str name, struct str value, const char *result,
	const char *note)
{
	trace_add(survey->verify, &(struct trace_step){
		.part = verdict_part_word(PART_MESSAGE), .kind = str_from(kind), .name = name, .value = value,
		.result = str_from(result), .note = str_from(note),
	});
}

struct str survey_name(const struct survey *survey, const char *prefix, struct str domain)
{
	return str_from(arena_printf(survey->verify->arena, "%s.%.*s", prefix, STR_FMT(domain)));
}
