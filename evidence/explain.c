// SPDX-License-Identifier: Apache-2.0
#include "evidence/explain.h"

#include <string.h>

#define TEXT_BYTES_MAX ((size_t)1024 * 1024)

struct answer {
	struct str name, type, data; /* data: of all its lines, one a line */
};

struct answers {
	struct answer *at;
	size_t count;
};

struct list {
	struct arena *arena;
	struct difference *at;
	size_t count;
};

static void add(struct list *list, const struct difference *difference)
{
	list->at = verdict_grow(list->arena, list->at, list->count, sizeof(*list->at));
	list->at[list->count++] = *difference;
}

static void compare(struct list *list, struct str what, struct str before, struct str after)
{
	const struct difference difference = {what, STR_NONE, STR_NONE, before.len == 0 ? STR("new") :
		after.len == 0 ? STR("gone") : STR("changed"), before, after};
	if (!str_eq(before, after))
		add(list, &difference);
}

static void compare_findings(struct list *list, const struct repeated *before, const struct repeated *after)
{
	for (size_t i = 0; i < before->findings_count && i < after->findings_count; i++) {
		const struct report_finding *old = &before->findings[i], *new = &after->findings[i];
		compare(list, STR("provenance"), old->state, new->state);
		compare(list, STR("reasons"), old->reasons, new->reasons);
		for (size_t n = 0; n < old->recheck_count && n < new->recheck_count; n++)
			compare(list, str_from(arena_printf(list->arena, "recheck %.*s",
				STR_FMT(old->recheck[n].method))), old->recheck[n].difference,
				new->recheck[n].difference);
	}
}

/* What a replay file has behind an answer for itself alone: " #: secure ttl=300". */
static struct str without_notes(struct str data)
{
	bool quoted = false;
	for (size_t i = 0; i + 2 < data.len; i++) {
		if (data.ptr[i] == '\\')
			i++;
		else if (data.ptr[i] == '"')
			quoted = !quoted;
		else if (!quoted && data.ptr[i] == ' ' && data.ptr[i + 1] == '#' && data.ptr[i + 2] == ':')
			return str_trim(str_sub(data, 0, i));
	}
	return str_trim(data);
}

static struct answer *find(const struct answers *answers, struct str name, struct str type)
{
	for (size_t i = 0; i < answers->count; i++)
		if (str_eq_nocase(answers->at[i].name, name) && str_eq(answers->at[i].type, type))
			return &answers->at[i];
	return NULL;
}

/* Lines of one answer come in any order from a server; the least of them first makes that one order. */
static void put_in_order(struct arena *arena, struct answer *answer, struct str line)
{
	struct buf text;
	struct str rest = answer->data, old;
	bool there = false;
	buf_init(&text, TEXT_BYTES_MAX);
	while (str_split(&rest, '\n', &old)) {
		if (!there && str_cmp(line, old) < 0) {
			buf_add_str(&text, line);
			buf_add_char(&text, '\n');
			there = true;
		}
		buf_add_str(&text, old);
		buf_add_char(&text, '\n');
	}
	if (!there)
		buf_add_str(&text, line);
	answer->data = arena_str(arena, str_trim(buf_str(&text)));
	buf_fini(&text);
}

static struct answers read_answers(struct arena *arena, struct str text)
{
	struct answers answers = {0};
	struct str line;
	while (str_line(&text, &line)) {
		struct str name, type;
		if (line.len == 0 || line.ptr[0] == '#' || !str_split(&line, ' ', &name) ||
			!str_split(&line, ' ', &type) || !line.ptr)
			continue;
		struct answer *known = find(&answers, name, type);
		if (known) {
			put_in_order(arena, known, without_notes(line));
			continue;
		}
		answers.at = verdict_grow(arena, answers.at, answers.count, sizeof(*answers.at));
		answers.at[answers.count++] = (struct answer){name, type, without_notes(line)};
	}
	return answers;
}

static struct str purpose(const struct answer *answer, struct str data)
{
	if (str_find_nocase(answer->name, STR("._domainkey.")) != SIZE_MAX)
		return STR("DKIM key");
	if (str_find_nocase(answer->name, STR("._report._dmarc.")) != SIZE_MAX)
		return STR("authorisation of reports");
	if (str_starts_nocase(answer->name, STR("_dmarc.")))
		return STR("DMARC record");
	if (str_find_nocase(answer->name, STR("._bimi.")) != SIZE_MAX)
		return STR("BIMI record");
	return str_find_nocase(data, STR("v=spf1")) != SIZE_MAX ? STR("SPF record") : STR("answer");
}

static bool is_failure(struct str data)
{
	return str_eq(data, STR("!TIMEOUT")) || str_eq(data, STR("!SERVFAIL")) || str_eq(data, STR("!BOGUS"));
}

static bool is_status(struct str data)
{
	return data.len > 0 && data.ptr[0] == '!';
}

static void compare_answer(struct list *list, const struct answer *answer, struct str before, struct str after)
{
	struct str change = is_failure(after) ? STR("failed") : is_status(after) && !is_status(before) ? STR("gone") :
		is_status(before) && !is_status(after) ? STR("new") : STR("changed");
	const struct difference difference = {purpose(answer, is_status(before) ? after : before), answer->name,
		answer->type, change, before, after};
	if (!str_eq(before, after))
		add(list, &difference);
}

/* A name that only one of them asked for follows from an answer that differs. */
static void compare_answers(struct list *list, struct str before, struct str after)
{
	const struct answers old = read_answers(list->arena, before), new = read_answers(list->arena, after);
	for (size_t i = 0; i < old.count; i++) {
		const struct answer *now = find(&new, old.at[i].name, old.at[i].type);
		if (now)
			compare_answer(list, &old.at[i], old.at[i].data, now->data);
	}
}

void explain_differences(struct arena *arena, const struct repeated *before, const struct repeated *after,
	struct difference **differences_r, size_t *count_r)
{
	struct list list = {.arena = arena};
	compare(&list, STR("spf"), before->row.spf, after->row.spf);
	compare(&list, STR("dkim"), before->row.dkim, after->row.dkim);
	compare(&list, STR("dmarc"), before->row.dmarc, after->row.dmarc);
	compare(&list, STR("arc"), before->row.arc, after->row.arc);
	compare_findings(&list, before, after);
	compare_answers(&list, before->row.answers, after->row.answers);
	*differences_r = list.at;
	*count_r = list.count;
}
