// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "base/maildir.h"
#include "daemon/spawn.h"
#include "daemon/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define TEXT_BYTES ((size_t)64 * 1024)
#define LISTEN "127.0.0.1:8480"

struct demo {
	struct cli *cli;
	struct arena *arena;
	const char *state_dir;
	const char *url_path;    /* where a running demo says its URL */
	const char *config_path;
	const char *listen;
	char **maildirs;
	int maildirs_count;
	bool made; /* the samples: whose authors no DNS knows */
	int lock_fd;
};

static const char *default_state_dir(struct arena *arena)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (geteuid() == 0)
		return "/var/lib/dmarcd-demo";
	if (state && state[0] == '/')
		return arena_printf(arena, "%s/dmarcd-demo", state);
	if (home && home[0] == '/')
		return arena_printf(arena, "%s/.local/state/dmarcd-demo", home);
	return arena_printf(arena, "/tmp/dmarcd-demo-%u", (unsigned)geteuid());
}

/* mkdir -p, whatever the umask: the database's own user passes through all of them, and what is
 * secret within has its own mode. */
static int make_folders(struct demo *demo)
{
	char *path = arena_cstr(demo->arena, str_from(demo->state_dir));
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0755) == 0)
			(void)chmod(path, 0755);
		*at = '/';
	}
	if (mkdir(path, 0755) != 0 && errno != EEXIST) {
		int status = errno == EACCES ? EX_NOPERM : errno == EROFS || errno == ENOSPC ? EX_IOERR : EX_CANTCREAT;
		(void)cli_failf(status, "cannot make %s: %s", path, strerror(errno));
		cli_hint("another place: --state-dir DIR");
		return status;
	}
	return chmod(path, 0755) == 0 ? EX_OK : cli_failf(EX_NOPERM, "cannot use %s: %s", path, strerror(errno));
}

static void read_url(const struct demo *demo, struct buf *out)
{
	char text[256];
	int fd = open(demo->url_path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, text, sizeof(text)) : 0;
	if (fd >= 0)
		(void)close(fd);
	if (got > 0)
		buf_add_str(out, str_trim((struct str){text, (size_t)got}));
}

static int take_lock(struct demo *demo)
{
	struct buf url;
	const char *path = arena_printf(demo->arena, "%s/demo.lock", demo->state_dir);
	demo->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (demo->lock_fd < 0)
		return cli_failf(EX_NOPERM, "cannot open %s: %s", path, strerror(errno));
	if (flock(demo->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return EX_OK;
	buf_init(&url, TEXT_BYTES);
	read_url(demo, &url);
	(void)cli_failf(EX_TEMPFAIL, "a demo is running already on %s%s%s", demo->state_dir, url.len ? ": " : "",
		buf_cstr(&url));
	cli_hint("look at it in a browser, or stop it with Ctrl-C where it was started");
	buf_fini(&url);
	return EX_TEMPFAIL;
}

/* ---- the mails ---- */

static int make_samples(struct demo *demo, const char *path)
{
	int status;
	struct buf directory, output;
	struct error error = {0};
	buf_init(&directory, TEXT_BYTES);
	buf_init(&output, TEXT_BYTES);
	spawn_own_directory(&directory);
	const char *part = arena_printf(demo->arena, "%s.part", path);
	const char *argv[] = {arena_printf(demo->arena, "%s/dmarcd-samples", buf_cstr(&directory)), part, NULL};
	const char *remove[] = {"/bin/rm", "-rf", part, NULL};
	enum err err = spawn_run(&(struct spawn){.argv = remove, .output = &output}, &status, &error);
	if (!err)
		err = spawn_run(&(struct spawn){.argv = argv, .output = &output}, &status, &error);
	if (!err && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		err = error_set(&error, ERR_PERM, "cannot write the samples: %.*s",
			STR_FMT(str_trim(buf_str(&output))));
	if (!err && rename(part, path) != 0)
		err = error_errno(&error, ERR_PERM, errno, "cannot make %s", path);
	buf_fini(&directory);
	buf_fini(&output);
	return err ? cli_fail(EX_CANTCREAT, &error) : EX_OK;
}

static int find_mails(struct demo *demo)
{
	static char *samples[1];
	struct stat st;
	if (demo->maildirs_count == 0) {
		samples[0] = arena_printf(demo->arena, "%s/samples", demo->state_dir);
		int status = stat(samples[0], &st) == 0 ? EX_OK : make_samples(demo, samples[0]);
		if (status != EX_OK)
			return status;
		demo->maildirs = samples;
		demo->maildirs_count = 1;
		demo->made = true;
		return EX_OK;
	}
	for (int i = 0; i < demo->maildirs_count; i++) {
		struct error error = {0};
		struct maildir *maildir = NULL;
		if (maildir_open(demo->maildirs[i], DONE_KEEP, true, &maildir, &error) != ERR_OK) {
			(void)cli_fail(cli_status(&error), &error);
			cli_hint("name a Maildir: a folder that has new/ and cur/");
			return cli_status(&error);
		}
		demo->maildirs[i] = arena_cstr(demo->arena, str_from(maildir_path(maildir)));
		maildir_close(&maildir);
	}
	return EX_OK;
}

/* ---- its configuration ---- */

static void quoted(struct buf *out, const char *text)
{
	buf_add_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *text);
	}
	buf_add_char(out, '"');
}

static int write_config(struct demo *demo)
{
	struct buf text;
	struct error error = {0};
	buf_init(&text, TEXT_BYTES);
	buf_add_str(&text, STR("# written anew at each start of `dmarcd demo`\nstate_dir: "));
	quoted(&text, demo->state_dir);
	buf_add_str(&text, STR("\nhttp: {listen: "));
	quoted(&text, demo->listen);
	buf_add_str(&text, STR("}\nretention: {records: 4000d, originals: 4000d}\nmaildirs:\n"));
	for (int i = 0; i < demo->maildirs_count; i++) {
		buf_add_str(&text, STR("  - {path: "));
		quoted(&text, demo->maildirs[i]);
		buf_add_str(&text, STR("}\n"));
	}
	int fd = open(demo->config_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool good = fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len;
	if (fd >= 0)
		(void)close(fd);
	buf_fini(&text);
	if (!good)
		return cli_failf(EX_CANTCREAT, "cannot write %s: %s", demo->config_path, strerror(errno));
	return config_load(demo->config_path, &demo->cli->config, &error) == ERR_OK ? EX_OK :
		cli_fail(EX_CONFIG, &error);
}

/* ---- running ---- */

static void say_url(void *context, struct str url)
{
	struct demo *demo = context;
	int fd = open(demo->url_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd >= 0) {
		(void)!write(fd, url.ptr, url.len);
		(void)close(fd);
	}
	(void)printf("[ok] dashboard   %.*s      Ctrl-C stops everything, data is kept\n", STR_FMT(url));
	(void)printf("     from another machine: ssh -L 8480:%.*s THIS-HOST\n",
		STR_FMT(str_sub(url, 7, url.len > 8 ? url.len - 8 : 0)));
	(void)fflush(stdout);
}

static int run_all(struct demo *demo)
{
	static const char *const web_arguments[] = {"--demo", "--port-tries", "10", NULL};
	static const char *const ingest_arguments[] = {"--in-place", "--all", NULL};
	const struct supervise_child children[] = {
		{.name = "web", .arguments = web_arguments, .role = SERVICE_WEB, .tells_ready = true},
		{.name = "ingest", .arguments = ingest_arguments, .role = SERVICE_INGEST},
		{.name = "verify", .role = SERVICE_INGEST},
	};
	struct services *services = NULL;
	int status = cmd_services(demo->cli, CMD_MAKES, &services);
	if (status != EX_OK)
		return status;
	const struct cluster *cluster = services_cluster(services);
	if (cluster)
		(void)printf("[ok] PostgreSQL %s, private cluster %s, socket only, no TCP port; runs as %s\n",
			cluster_version(cluster), cluster_was_created(cluster) ? "created" : "as it was left",
			cluster_user(cluster));
	(void)fflush(stdout);
	const struct supervise_options options = {
		.config_path = demo->config_path,
		.config = demo->cli->config,
		.log_level = demo->cli->log_level == LOG_INFO_LEVEL ? LOG_ERROR_LEVEL : demo->cli->log_level,
		.services = services,
		.children = children,
		.children_count = sizeof(children) / sizeof(children[0]) - demo->made,
		.on_ready = say_url,
		.context = demo,
	};
	status = supervise_run(&options);
	(void)unlink(demo->url_path);
	services_close(&services);
	if (status == EX_OK)
		(void)printf("stopped; the data is kept in %s\n", demo->state_dir);
	return status;
}

static int reset(struct demo *demo)
{
	int status;
	struct error error = {0};
	const char *argv[] = {"/bin/rm", "-rf", arena_printf(demo->arena, "%s/pg", demo->state_dir),
		arena_printf(demo->arena, "%s/secrets", demo->state_dir),
		arena_printf(demo->arena, "%s/samples", demo->state_dir),
		arena_printf(demo->arena, "%s/quarantine", demo->state_dir), NULL};
	if (spawn_run(&(struct spawn){.argv = argv}, &status, &error) != ERR_OK)
		return cli_fail(EX_OSERR, &error);
	return EX_OK;
}

/* Before anything is written. */
static int check_beforehand(const struct demo *demo)
{
	struct error error = {0};
	int status = cluster_check(&(struct cluster_options){.state_dir = demo->state_dir}, &error);
	return status == EX_OK ? EX_OK : cli_fail(status, &error);
}

static int demo_run(struct demo *demo, bool anew)
{
	int status = make_folders(demo);
	if (status == EX_OK)
		status = take_lock(demo);
	if (status == EX_OK && anew)
		status = reset(demo);
	if (status == EX_OK)
		status = check_beforehand(demo);
	if (status == EX_OK)
		status = find_mails(demo);
	if (status == EX_OK)
		status = write_config(demo);
	if (status != EX_OK)
		return status;
	(void)printf("dmarcd %s demo   state %s\n", DMARCD_VERSION, demo->state_dir);
	for (int i = 0; i < demo->maildirs_count; i++)
		(void)printf("[ok] mails in %s, read in place\n", demo->maildirs[i]);
	(void)fflush(stdout);
	supervise_block_signals();
	return run_all(demo);
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	bool anew = false;
	struct demo demo = {.cli = cli, .listen = LISTEN, .lock_fd = -1};
	const struct cli_option options[] = {{"state-dir", NULL, &demo.state_dir}, {"listen", NULL, &demo.listen},
		{"reset", &anew, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status != EX_OK)
		return status;
	demo.arena = arena_open(TEXT_BYTES * 16);
	demo.maildirs = argv + first;
	demo.maildirs_count = argc - first;
	if (!demo.state_dir) {
		demo.state_dir = default_state_dir(demo.arena);
	} else if (demo.state_dir[0] != '/') {
		char *here = getcwd(NULL, 0);
		demo.state_dir = arena_printf(demo.arena, "%s/%s", here ? here : "", demo.state_dir);
		free(here);
	}
	demo.url_path = arena_printf(demo.arena, "%s/demo.url", demo.state_dir);
	demo.config_path = arena_printf(demo.arena, "%s/demo.yaml", demo.state_dir);
	status = demo_run(&demo, anew);
	if (demo.lock_fd >= 0)
		(void)close(demo.lock_fd);
	arena_close(&demo.arena);
	return status;
}

const struct command cmd_demo = {
	.name = "demo",
	.arguments = "[--state-dir DIR] [--listen ADDR:PORT] [--reset] [MAILDIR...]",
	.summary = "a private database, sample mails or your own, and a dashboard",
	.help = "Without a MAILDIR sample mails are written to the state folder. A MAILDIR of yours\n"
		"is read in place, new/ and cur/, and nothing in it is moved or changed; its mails are\n"
		"verified with the keys in the DNS, which sample mails have none of.\n"
		"  --state-dir DIR       default: /var/lib/dmarcd-demo as root, else\n"
		"                        $XDG_STATE_HOME/dmarcd-demo\n"
		"  --listen ADDR:PORT    default " LISTEN "; when the port is in use, one of the next nine\n"
		"  --reset               forget what an earlier demo left\n"
		"\nexample: dmarcd demo ~/Maildir/.dmarc\n",
	.run = run,
};
