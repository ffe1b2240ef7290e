// SPDX-License-Identifier: Apache-2.0
#include "base/stop.h"

#include "base/error.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int stop_open(void)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	sigset_t set;
	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)sigaddset(&set, numbers[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("no signalfd");
	return fd;
}

bool stop_asked(int stop_fd)
{
	struct signalfd_siginfo info;
	bool asked = false;
	while (read(stop_fd, &info, sizeof(info)) == sizeof(info))
		asked |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
	return asked;
}
