// SPDX-License-Identifier: Apache-2.0
#include "base/pace.h"

#define MINUTE_MSECS 60000

enum pace_word pace_ask(struct pace *pace, int64_t now_msecs, uint64_t *held_back_r)
{
	*held_back_r = 0;
	if (pace->lines == 0 || now_msecs - pace->since_msecs >= MINUTE_MSECS) {
		pace->since_msecs = now_msecs;
		pace->lines = 0;
	}
	if (pace->lines == PACE_LINES_MAX) {
		pace->held_back++;
		return PACE_HOLD;
	}
	*held_back_r = pace->held_back;
	pace->held_back = 0;
	return ++pace->lines == PACE_LINES_MAX ? PACE_LAST : PACE_WRITE;
}
