// SPDX-License-Identifier: Apache-2.0
#include "daemon/intake/delivery.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

bool delivery_is(int argc, char *const *argv)
{
	bool ingest = false;
	for (int i = 1; i < argc; i++) {
		if (ingest && strcmp(argv[i], "-") == 0)
			return true;
		ingest |= strcmp(argv[i], "ingest") == 0;
	}
	return false;
}

int delivery_run(int (*work)(int argc, char **argv), int argc, char **argv)
{
	int status = 0;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
			return EX_TEMPFAIL;
		return work(argc, argv);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == EX_OK ? EX_OK : EX_TEMPFAIL;
}
