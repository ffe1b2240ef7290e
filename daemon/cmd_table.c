// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "daemon/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

static const struct command *const commands[] = {
	&cmd_run, &cmd_ingest, &cmd_web, &cmd_parse, &cmd_status, &cmd_mails, &cmd_check, &cmd_spf,
	&cmd_domain, &cmd_verify, &cmd_recheck, &cmd_probe, &cmd_evidence, &cmd_psql, &cmd_quarantine,
	&cmd_reparse, &cmd_migrate, &cmd_init, &cmd_demo, &cmd_config, &cmd_db, &cmd_retention, NULL,
};

const struct command *const *cli_commands(void)
{
	return commands;
}

int cmd_services(const struct cli *cli, enum cmd_use use, struct services **services_r)
{
	struct error error = {0};
	if (use != CMD_READS && cli->service_fd < 0 && clock_epoch_secs() < DMARCD_BUILT_EPOCH_SECS)
		log_event(LOG_WARN_LEVEL, "the clock is wrong: it shows a time before this program was built; "
			"report periods and DKIM expiry will be judged wrongly");
	const struct services_options options = {
		.config = cli->config,
		.create = use != CMD_READS,
		.may_be_away = use == CMD_SERVES,
		.handed_fd = cli->service_fd,
	};
	int status = services_open(&options, services_r, &error);
	return status == EX_OK ? EX_OK : cli_fail(status, &error);
}

int cmd_reader_open(const struct cli *cli, struct cmd_reader *reader_r)
{
	struct error error = {0};
	*reader_r = (struct cmd_reader){0};
	int status = cmd_services(cli, CMD_READS, &reader_r->services);
	if (status != EX_OK)
		return status;
	status = services_store_open(reader_r->services, SERVICE_READ, &reader_r->store, &error);
	if (status == EX_OK)
		return EX_OK;
	services_close(&reader_r->services);
	return cli_fail(status, &error);
}

void cmd_reader_close(struct cmd_reader *reader)
{
	store_close(&reader->store);
	services_close(&reader->services);
}

/* On the folder itself: no file for another user to trip over. */
int cmd_lock(const struct cli *cli, int *fd_r)
{
	const char *path = cli->config->state_dir;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return cli_failf(errno == EACCES ? EX_NOPERM : EX_IOERR, "cannot open %s: %s", path, strerror(errno));
	*fd_r = fd;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return EX_OK;
	(void)cli_failf(EX_TEMPFAIL, "another dmarcd run or dmarcd db works in %s", path);
	cli_hint("stop it, or give this one a state_dir of its own");
	return EX_TEMPFAIL;
}

bool cmd_hash(const char *text, char hex[SHA256_HEX_BYTES])
{
	struct str whole = str_from(text);
	if (whole.len < 6 || whole.len >= SHA256_HEX_BYTES)
		return false;
	for (size_t i = 0; i < whole.len; i++) {
		if (!ascii_is_hex(text[i]))
			return false;
		hex[i] = ascii_lower(text[i]);
	}
	hex[whole.len] = '\0';
	return true;
}

void cmd_quoted(struct buf *out, const char *text)
{
	buf_add_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *text);
	}
	buf_add_char(out, '"');
}
