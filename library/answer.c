// SPDX-License-Identifier: Apache-2.0
#include "library/library.h"

#include "dns/rdata.h"
#include "dns/replay.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_RECORDS 8

struct dmarcverify_answer {
	struct arena *arena;
	struct str *rdatas;
	size_t count, room;
	struct str alias, note;
	bool secure;
};

struct user_dns {
	struct dns dns; /* first: the verifier knows no more */
	const struct dmarcverify_dns *user;
};

struct dmarcverify_replay {
	struct arena *arena;
	struct dns *dns;
};

void dmarcverify_answer_add(struct dmarcverify_answer *answer, const void *rdata, size_t len)
{
	if (answer->count > DNS_RECORDS_MAX)
		return; /* one more than the limit is enough to be above it */
	if (answer->count == answer->room) {
		size_t room = answer->room ? answer->room * 2 : FIRST_RECORDS;
		struct str *more = ARENA_ARRAY(answer->arena, room, struct str);
		for (size_t i = 0; i < answer->count; i++)
			more[i] = answer->rdatas[i];
		answer->rdatas = more;
		answer->room = room;
	}
	answer->rdatas[answer->count++] = arena_str(answer->arena, (struct str){rdata ? rdata : "", len});
}

void dmarcverify_answer_alias(struct dmarcverify_answer *answer, const char *name)
{
	answer->alias = arena_str(answer->arena, str_from(name));
}

void dmarcverify_answer_secure(struct dmarcverify_answer *answer)
{
	answer->secure = true;
}

void dmarcverify_answer_note(struct dmarcverify_answer *answer, const char *note)
{
	answer->note = verify_text(answer->arena, str_from(note));
}

static enum dns_status status_from(enum dmarcverify_dns_status status)
{
	switch (status) {
	case DMARCVERIFY_DNS_OK:
		return DNS_OK;
	case DMARCVERIFY_DNS_NODATA:
		return DNS_NODATA;
	case DMARCVERIFY_DNS_NXDOMAIN:
		return DNS_NXDOMAIN;
	case DMARCVERIFY_DNS_SERVFAIL:
		return DNS_SERVFAIL;
	case DMARCVERIFY_DNS_TIMEOUT:
		return DNS_TIMEOUT;
	case DMARCVERIFY_DNS_BOGUS:
		return DNS_BOGUS;
	}
	return DNS_SERVFAIL;
}

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	const struct dmarcverify_dns *user = ((struct user_dns *)dns)->user;
	struct dmarcverify_answer made = {.arena = arena};
	const char *asked = arena_cstr(arena, name);
	enum dns_status status = status_from(user->query(user->context, asked, (unsigned)type, &made));
	if (status == DNS_OK)
		dns_answer_fill(arena, type, made.rdatas, made.count, answer_r);
	else
		dns_answer_fail(answer_r, status, made.note);
	answer_r->secure = made.secure;
	if (made.alias.len > 0)
		answer_r->alias = made.alias;
}

struct dns *library_dns(struct arena *arena, const struct dmarcverify_dns *user)
{
	struct user_dns *dns = ARENA_NEW(arena, struct user_dns);
	dns->dns.query = query;
	dns->user = user;
	return &dns->dns;
}

struct dmarcverify_replay *dmarcverify_replay_open(const char *text, size_t len, char *problem, size_t problem_bytes)
{
	struct arena *arena = arena_open(LIBRARY_ARENA_BYTES);
	struct dmarcverify_replay *replay = ARENA_NEW(arena, struct dmarcverify_replay);
	struct error error = {0};
	replay->arena = arena;
	if (dns_replay_open(arena, STR("line"), arena_str(arena, (struct str){text ? text : "", len}), &replay->dns,
		&error) == ERR_OK)
		return replay;
	if (problem && problem_bytes > 0)
		(void)snprintf(problem, problem_bytes, "%s", error.text);
	arena_close(&arena);
	return NULL;
}

void dmarcverify_replay_close(struct dmarcverify_replay *replay)
{
	struct arena *arena = replay ? replay->arena : NULL;
	arena_close(&arena);
}

static enum dmarcverify_dns_status status_to(enum dns_status status)
{
	switch (status) {
	case DNS_OK:
		return DMARCVERIFY_DNS_OK;
	case DNS_NODATA:
		return DMARCVERIFY_DNS_NODATA;
	case DNS_NXDOMAIN:
		return DMARCVERIFY_DNS_NXDOMAIN;
	case DNS_SERVFAIL:
		return DMARCVERIFY_DNS_SERVFAIL;
	case DNS_TIMEOUT:
		return DMARCVERIFY_DNS_TIMEOUT;
	case DNS_BOGUS:
		return DMARCVERIFY_DNS_BOGUS;
	}
	return DMARCVERIFY_DNS_SERVFAIL;
}

enum dmarcverify_dns_status dmarcverify_replay_query(void *context, const char *name, unsigned type,
	struct dmarcverify_answer *answer)
{
	const struct dmarcverify_replay *replay = context;
	const struct dns_answer *found = dns_query(replay->dns, answer->arena, str_from(name), (enum dns_type)type);
	struct buf rdata;
	buf_init(&rdata, DNS_RDATA_BYTES_MAX);
	for (size_t i = 0; i < found->count; i++) {
		buf_reset(&rdata);
		dns_record_to_wire(&rdata, found->type, &found->records[i]);
		dmarcverify_answer_add(answer, rdata.ptr, rdata.len);
	}
	buf_fini(&rdata);
	answer->alias = found->alias;
	answer->note = found->note;
	answer->secure = found->secure;
	return status_to(found->status);
}
