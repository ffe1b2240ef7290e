// SPDX-License-Identifier: Apache-2.0
/*
 * dmarcd-worker: reads hostile mail and can do nothing else. Started by
 * dmarcd as a template that loads what its libraries need, confines itself
 * once and forks for each mail; see dmarcd-worker(8).
 */
#include "base/confine.h"
#include "base/error.h"
#include "parser/parse.h"
#include "worker/template.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static const char usage[] =
	"usage: dmarcd-worker --template | --self-test | --version | --help\n"
	"The confined parser of dmarcd, which starts it; there is nothing to do by hand\n"
	"but --self-test: confines itself, tries what must fail and says what holds.\n"
	"exit status of --self-test: 0 everything holds, 1 something is missing\n";

/* In a child, since a confined process may write to no file. */
static int self_test(void)
{
	char text[CONFINE_TEXT_BYTES];
	int status = 0;
	parse_init();
	pid_t pid = fork();
	if (pid == 0) {
		unsigned steps = confine_template();
		_exit((int)(steps | confine_self_test()));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		fputs("dmarcd-worker: the confined process died\n", stderr);
		return EX_SOFTWARE;
	}
	printf("%s\n", confine_text((unsigned)WEXITSTATUS(status), text));
	return WEXITSTATUS(status) == CONFINE_ALL ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	if (strcmp(what, "--template") == 0)
		return template_run();
	if (strcmp(what, "--self-test") == 0)
		return self_test();
	if (strcmp(what, "--version") == 0) {
		puts("dmarcd-worker " DMARCD_VERSION);
		return EX_OK;
	}
	if (strcmp(what, "--help") == 0) {
		fputs(usage, stdout);
		return EX_OK;
	}
	fputs(usage, stderr);
	return EX_USAGE;
}
