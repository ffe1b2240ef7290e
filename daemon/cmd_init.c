// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "base/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define TEXT_BYTES ((size_t)256 * 1024)

struct init {
	const char *state_dir, *dsn, *listen;
	char **maildirs;
	int maildirs_count;
};

static void write_config(const struct init *init, struct buf *out)
{
	buf_add_str(out, STR("# written by `dmarcd init`; every key: man dmarcd.conf, an example: dmarcd "
		"config example\n"));
	buf_add_str(out, STR("state_dir: "));
	cmd_quoted(out, init->state_dir);
	if (init->dsn) {
		buf_add_str(out, STR("\ndatabase: {dsn: "));
		cmd_quoted(out, init->dsn);
		buf_add_str(out, STR("}"));
	}
	buf_add_str(out, STR("\nhttp: {listen: "));
	cmd_quoted(out, init->listen);
	buf_add_str(out, STR("}\n"));
	if (init->maildirs_count > 0)
		buf_add_str(out, STR("maildirs:\n"));
	for (int i = 0; i < init->maildirs_count; i++) {
		char *real = realpath(init->maildirs[i], NULL);
		buf_add_str(out, STR("  - {path: "));
		cmd_quoted(out, real ? real : init->maildirs[i]);
		buf_add_str(out, STR("}\n"));
		free(real);
	}
}

static int check_maildirs(const struct init *init)
{
	for (int i = 0; i < init->maildirs_count; i++) {
		struct error error = {0};
		struct maildir *maildir = NULL;
		if (maildir_open(init->maildirs[i], DONE_KEEP, true, &maildir, &error) != ERR_OK)
			return cli_fail(cli_status(&error), &error);
		maildir_close(&maildir);
	}
	return EX_OK;
}

/* /etc/dmarcd, where nobody has installed it. */
static void make_folder(const char *path)
{
	struct buf folder;
	size_t slash = str_rfind_char(str_from(path), '/');
	buf_init(&folder, TEXT_BYTES);
	buf_add_str(&folder, str_sub(str_from(path), 0, slash == SIZE_MAX ? 0 : slash));
	if (folder.len > 0 && mkdir(buf_cstr(&folder), 0755) == 0)
		(void)chmod(buf_cstr(&folder), 0755);
	buf_fini(&folder);
}

/* The daemon may be another user than we are: it reads what is no secret, as a dsn may be, and
 * that as a member of the group dmarcd. */
static bool open_to_daemon(int fd, bool secret)
{
	const struct group *group = secret && geteuid() == 0 ? getgrnam("dmarcd") : NULL;
	if (group && fchown(fd, (uid_t)-1, group->gr_gid) != 0)
		return false;
	return fchmod(fd, !secret ? 0644 : group ? 0640 : 0600) == 0;
}

/* Whole or not at all, and never over a file that is there. */
static int write_file(const char *path, struct str text, bool secret)
{
	make_folder(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EEXIST)
		return cli_failf(EX_CANTCREAT, "%s is there already; remove it or choose another with -c", path);
	if (fd < 0)
		return cli_failf(errno == EACCES || errno == EROFS ? EX_NOPERM : EX_CANTCREAT, "cannot write %s: %s",
			path, strerror(errno));
	bool good = open_to_daemon(fd, secret) && write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	if (good)
		return EX_OK;
	(void)unlink(path);
	return cli_failf(EX_IOERR, "cannot write %s", path);
}

/* The configuration just written is what makes cluster and schema. */
static int make_services(struct cli *cli, const char *path)
{
	struct error error = {0};
	struct services *services = NULL;
	int status = config_load(path, &cli->config, &error) == ERR_OK ?
		cmd_services(cli, CMD_MAKES, &services) : cli_fail(EX_CONFIG, &error);
	services_close(&services);
	if (status != EX_OK)
		(void)unlink(path);
	return status;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	struct init init = {.state_dir = CONFIG_STATE_DIR, .listen = CONFIG_LISTEN};
	struct buf text;
	const char *path = cli->config_path ? cli->config_path : CONFIG_PATH;
	const struct cli_option options[] = {{"state-dir", NULL, &init.state_dir}, {"dsn", NULL, &init.dsn},
		{"listen", NULL, &init.listen}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status != EX_OK)
		return status;
	init.maildirs = argv + first;
	init.maildirs_count = argc - first;
	status = check_maildirs(&init);
	if (status != EX_OK)
		return status;
	buf_init(&text, TEXT_BYTES);
	write_config(&init, &text);
	status = write_file(path, buf_str(&text), init.dsn != NULL);
	buf_fini(&text);
	if (status == EX_OK)
		status = make_services(cli, path);
	if (status == EX_OK)
		cli_say(cli, "%s written, database ready; next: dmarcd -c %s run", path, path);
	return status;
}

const struct command cmd_init = {
	.name = "init",
	.arguments = "[--state-dir DIR] [--dsn DSN] [--listen ADDR:PORT] [MAILDIR...]",
	.summary = "write a configuration and make the database, after checking everything",
	.help = "Writes the file named by -c (default " CONFIG_PATH "), which must not be there yet,\n"
		"and makes state_dir, private cluster and schema (or the schema behind --dsn).\n"
		"  --state-dir DIR       default " CONFIG_STATE_DIR "\n"
		"  --dsn DSN             a PostgreSQL of your own instead of the private cluster\n"
		"  --listen ADDR:PORT    of the dashboard, default " CONFIG_LISTEN "\n"
		"\nexample: dmarcd init /var/mail/dmarc\n",
	.run = run,
};
