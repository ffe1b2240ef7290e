// SPDX-License-Identifier: Apache-2.0
#include "evidence/breaker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/notice.h"

#include <unistd.h>

#define PAUSE_MSECS_MIN 1000
#define PAUSE_MSECS_MAX 60000
#define ANSWERED_MSECS 1000 /* it is not asked again for so long */
#define FRESH_MSECS 20000   /* failures are remembered for some seconds (dns/unbound.c) */

void breaker_init(struct breaker *breaker, const struct evidence_dns *dns, const char *notice_path)
{
	*breaker = (struct breaker){.dns = dns, .notice = notice_open(notice_path), .answered_msecs = INT64_MIN / 2,
		.back_msecs = INT64_MIN / 2};
}

void breaker_fini(struct breaker *breaker)
{
	if (breaker->notice < 0)
		return;
	notice_say(breaker->notice, NULL);
	(void)close(breaker->notice);
	breaker->notice = -1;
}

void breaker_trip(struct breaker *breaker, const struct error *why)
{
	struct log_line line;
	if (!breaker->open) {
		breaker->why = *why;
		breaker->why.code = ERR_TEMP;
		breaker->pause_msecs = 0;
		log_begin(&line, LOG_WARN_LEVEL, "judging pauses");
		log_error(&line, why);
		log_end(&line);
		if (breaker->notice >= 0)
			notice_say(breaker->notice, why->text);
	}
	breaker->open = true;
	breaker->pause_msecs = breaker->pause_msecs == 0 ? PAUSE_MSECS_MIN : breaker->pause_msecs * 2;
	if (breaker->pause_msecs > PAUSE_MSECS_MAX)
		breaker->pause_msecs = PAUSE_MSECS_MAX;
	breaker->until_msecs = clock_monotonic_msecs() + breaker->pause_msecs;
}

bool breaker_answers(struct breaker *breaker)
{
	struct error why = {0};
	if (breaker->open)
		return false;
	if (clock_monotonic_msecs() - breaker->answered_msecs < ANSWERED_MSECS)
		return true;
	if (breaker->dns->answers(breaker->dns->context)) {
		breaker->answered_msecs = clock_monotonic_msecs();
		return true;
	}
	(void)error_set(&why, ERR_TEMP, "the resolver does not answer");
	breaker_trip(breaker, &why);
	return false;
}

int breaker_pause_msecs(const struct breaker *breaker)
{
	int64_t left = breaker->open ? breaker->until_msecs - clock_monotonic_msecs() : 0;
	return left > 0 ? (int)left : 0;
}

bool breaker_is_fresh(const struct breaker *breaker)
{
	return clock_monotonic_msecs() - breaker->back_msecs < FRESH_MSECS;
}

bool breaker_try(struct breaker *breaker)
{
	if (!breaker->open)
		return true;
	if (!breaker->dns->answers(breaker->dns->context)) {
		breaker_trip(breaker, &breaker->why);
		return false;
	}
	breaker->open = false;
	breaker->answered_msecs = breaker->back_msecs = clock_monotonic_msecs();
	if (breaker->notice >= 0)
		notice_say(breaker->notice, NULL);
	log_event(LOG_INFO_LEVEL, "judging goes on");
	return true;
}
