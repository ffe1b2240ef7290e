// SPDX-License-Identifier: Apache-2.0
#include "daemon/notify.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_send(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;
	if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0'; /* abstract name */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	(void)close(fd);
}

int64_t notify_watchdog_msecs(void)
{
	uint64_t usecs, pid;
	const char *for_pid = getenv("WATCHDOG_PID");
	if (!str_to_u64(str_from(getenv("WATCHDOG_USEC")), UINT64_MAX / 2, &usecs) || usecs == 0)
		return -1;
	if (for_pid && (!str_to_u64(str_from(for_pid), INT32_MAX, &pid) || (pid_t)pid != getpid()))
		return -1;
	int64_t half = (int64_t)(usecs / 2000);
	return half > 0 ? half : 1;
}
