// SPDX-License-Identifier: Apache-2.0
#include "base/turn.h"

#include <fcntl.h>
#include <sys/file.h>

int turn_open(const char *path)
{
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void turn_hold(int turn, bool *held)
{
	if (turn >= 0 && !*held)
		*held = flock(turn, LOCK_SH | LOCK_NB) == 0;
}

void turn_release(int turn, bool *held)
{
	if (*held)
		(void)flock(turn, LOCK_UN);
	*held = false;
}

bool turn_is_free(int turn)
{
	if (turn < 0)
		return true;
	bool is_free = flock(turn, LOCK_EX | LOCK_NB) == 0;
	if (is_free)
		(void)flock(turn, LOCK_UN);
	return is_free;
}
