// SPDX-License-Identifier: Apache-2.0
#include "dns/session.h"

#include <string.h>

#define FIRST_ANSWERS 16

struct dns_session {
	struct dns dns;
	struct dns *behind;
	struct arena *arena;
	struct dns_answer *answers;
	size_t count, room;
	unsigned queries, queries_max;
	size_t bytes_left;
};

static struct dns_answer *remembered(struct dns_session *session, struct str name, enum dns_type type)
{
	for (size_t i = 0; i < session->count; i++)
		if (session->answers[i].type == type && str_eq(session->answers[i].name, name))
			return &session->answers[i];
	return NULL;
}

static struct dns_answer *next_place(struct dns_session *session)
{
	if (session->count == session->room) {
		size_t room = session->room ? session->room * 2 : FIRST_ANSWERS;
		struct dns_answer *more = ARENA_ARRAY(session->arena, room, struct dns_answer);
		if (session->count > 0)
			memcpy(more, session->answers, session->count * sizeof(*more));
		session->answers = more;
		session->room = room;
	}
	return &session->answers[session->count++];
}

/* In a replay file, were each byte \DDD; a length byte stands for the quotes and the blank of its string. */
static size_t longest_written(const struct dns_answer *answer)
{
	const size_t line = 64 + 4 * answer->name.len;
	size_t bytes = line + 4 * (answer->alias.len + answer->note.len);
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *record = &answer->records[i];
		bytes += line + 4 * (record->strings.len > 0 ? record->strings.len : record->text.len);
	}
	return bytes;
}

static void ask(struct dns_session *session, struct dns_answer *answer)
{
	session->queries++;
	session->behind->query(session->behind, session->arena, answer->name, answer->type, answer);
	size_t bytes = longest_written(answer);
	if (bytes > session->bytes_left) {
		/* It takes what it will take when it is read again: what is refused then is what is refused now. */
		*answer = (struct dns_answer){.name = answer->name, .type = answer->type, .status = DNS_TIMEOUT,
			.note = STR("the budget of bytes of DNS answers is used up")};
		bytes = longest_written(answer);
	}
	session->bytes_left -= bytes < session->bytes_left ? bytes : session->bytes_left;
}

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	struct dns_session *session = (struct dns_session *)dns;
	struct dns_answer *answer = remembered(session, name, type);
	(void)arena;
	if (!answer) {
		answer = next_place(session);
		answer->name = arena_str(session->arena, name);
		answer->type = type;
		if (session->queries == session->queries_max) {
			answer->status = DNS_TIMEOUT;
			answer->note = STR("the budget of DNS questions is used up");
		} else {
			ask(session, answer);
		}
	}
	*answer_r = *answer;
}

struct dns_session *dns_session_open(struct arena *arena, struct dns *behind, unsigned queries_max)
{
	struct dns_session *session = ARENA_NEW(arena, struct dns_session);
	session->dns.query = query;
	session->behind = behind;
	session->arena = arena;
	session->queries_max = queries_max;
	session->bytes_left = DNS_KEPT_BYTES_MAX;
	return session;
}

struct dns *dns_session_dns(struct dns_session *session)
{
	return &session->dns;
}

unsigned dns_session_queries(const struct dns_session *session)
{
	return session->queries;
}

size_t dns_session_count(const struct dns_session *session)
{
	return session->count;
}

const struct dns_answer *dns_session_at(const struct dns_session *session, size_t i)
{
	return &session->answers[i];
}
