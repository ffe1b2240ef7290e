// SPDX-License-Identifier: Apache-2.0
#include "base/away.h"

#include "base/clock.h"
#include "base/log.h"

#include <poll.h>

#define PAUSE_MSECS_MIN 100
#define PAUSE_MSECS_MAX 4000

void away_begin(struct away *away, const struct error *error)
{
	struct log_line line;
	if (away->told)
		return;
	*away = (struct away){.told = true, .since_msecs = clock_monotonic_msecs()};
	log_begin(&line, LOG_WARN_LEVEL, "the database is away, waiting");
	log_error(&line, error);
	log_end(&line);
}

int64_t away_msecs(const struct away *away)
{
	return away->told ? clock_monotonic_msecs() - away->since_msecs : 0;
}

void away_pause(struct away *away, int stop_fd)
{
	struct pollfd wait = {.fd = stop_fd, .events = POLLIN};
	if (away->pause_msecs > 0)
		(void)poll(&wait, 1, away->pause_msecs);
	away->pause_msecs = away->pause_msecs == 0 ? PAUSE_MSECS_MIN :
		away->pause_msecs * 2 > PAUSE_MSECS_MAX ? PAUSE_MSECS_MAX : away->pause_msecs * 2;
}

void away_end(struct away *away)
{
	if (away->told)
		log_event(LOG_INFO_LEVEL, "the database is back");
	*away = (struct away){0};
}
