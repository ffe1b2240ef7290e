// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/pace.h"

#define SECOND_USECS 1000000

static uint64_t hash(struct str name, uint64_t more)
{
	uint64_t hash = 14695981039346656037u ^ more; /* FNV-1a */
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)name.ptr[i]) * 1099511628211u;
	return hash ^ hash >> 32;
}

static struct pace_answer *place_of(struct pace *pace, uint64_t question)
{
	return &pace->answers[question % PACE_ANSWERS];
}

static bool is_cached(struct pace *pace, uint64_t question, int64_t now_msecs)
{
	const struct pace_answer *answer = place_of(pace, question);
	return answer->question == question && now_msecs < answer->until_msecs;
}

static int64_t *next_of(struct pace *pace, struct str name)
{
	size_t dot = str_rfind_char(name, '.');
	size_t before = dot == SIZE_MAX ? dot : str_rfind_char(str_sub(name, 0, dot), '.');
	struct str zone = before == SIZE_MAX ? name : str_from_offset(name, before + 1);
	return &pace->zone_next_usecs[hash(zone, 0) % PACE_ZONES];
}

/* The turn at this rate: *next_usecs moves on by its share of a second, and a second's worth may go ahead of it. */
static int64_t turn(int64_t *next_usecs, unsigned rate, int64_t now_usecs)
{
	if (rate == 0)
		return now_usecs;
	const int64_t share = SECOND_USECS / rate, ahead = SECOND_USECS - share;
	if (*next_usecs < now_usecs)
		*next_usecs = now_usecs;
	const int64_t at = *next_usecs - ahead;
	*next_usecs += share;
	return at > now_usecs ? at : now_usecs;
}

static int64_t take(struct pace *pace, struct str name, int64_t now_msecs)
{
	const int64_t now_usecs = now_msecs * 1000;
	const int64_t zone = turn(next_of(pace, name), pace->zone_rate, now_usecs);
	const int64_t all = turn(&pace->next_usecs, pace->rate, now_usecs);
	return ((zone > all ? zone : all) + 999) / 1000;
}

int64_t pace_take(struct pace *pace, struct str name, enum dns_type type, int64_t now_msecs)
{
	return is_cached(pace, hash(name, type), now_msecs) ? now_msecs : take(pace, name, now_msecs);
}

void pace_answered(struct pace *pace, const struct dns_answer *answer, unsigned asked, int64_t now_msecs)
{
	const uint64_t question = hash(answer->name, answer->type);
	int64_t secs = answer->ttl_secs < pace->ttl_max_secs ? answer->ttl_secs : pace->ttl_max_secs;
	if (is_cached(pace, question, now_msecs))
		return;
	for (; asked > 1; asked--)
		(void)take(pace, answer->name, now_msecs);
	if (!dns_failed(answer))
		*place_of(pace, question) = (struct pace_answer){question,
			now_msecs + 1000 * (secs > pace->ttl_min_secs ? secs : pace->ttl_min_secs)};
}
