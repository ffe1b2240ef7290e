// SPDX-License-Identifier: Apache-2.0
#include "base/write.h"
#include "daemon/database/db.h"
#include "store/migrate.h"
#include "store/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define LIST_BYTES ((size_t)64 * 1024)

void db_dump_program(const char *path, const struct pgclient_login *login, const char *to_file,
	struct db_program *program_r)
{
	*program_r = (struct db_program){
		.path = path,
		.argv = {"pg_dump", "-Fc", "--no-owner", "--lock-wait-timeout=60s", "-n", "dmarcd", "-n", "dmarcd_api",
			"-d", login->conninfo, to_file ? "-f" : NULL, to_file},
		.login = login,
		.out_fd = -1,
	};
}

void db_say_quarantined(const struct cli *cli, struct store *store)
{
	struct error error = {0};
	uint64_t count = 0;
	if (transfer_quarantined(store, &count, &error) == ERR_OK && count > 0)
		cli_say(cli, "%llu mail%s quarantined: the bytes are files in %s/quarantine, "
			"which are to be copied too",
			(unsigned long long)count, count == 1 ? " is" : "s are", cli->config->state_dir);
}

/* ---- backup ---- */

/* Whole or not at all: what was there stays until all of the new one is on disk. */
static int dump_to(const struct cli *cli, const struct db_program *dump, const char *part,
	const char *path)
{
	struct stat st = {0};
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return cli_failf(errno == EACCES || errno == EROFS ? EX_NOPERM : EX_CANTCREAT, "cannot write %s: %s",
			part, strerror(errno));
	int status = db_programs_run(dump, 1);
	if (status == EX_IOERR)
		(void)cli_failf(status, "pg_dump failed, there is no new backup");
	if (status == EX_OK && (fsync(fd) != 0 || fstat(fd, &st) != 0 || rename(part, path) != 0))
		status = cli_failf(EX_IOERR, "cannot write %s: %s", path, strerror(errno));
	(void)close(fd);
	if (status != EX_OK) {
		(void)unlink(part);
		return status;
	}
	if (!write_sync_parent(path))
		status = cli_failf(EX_IOERR, "cannot sync the folder of %s: %s", path, strerror(errno));
	cli_say(cli, "%s: %lld bytes", path, (long long)st.st_size);
	return status;
}

/* Whoever reads it learns by our exit status whether that was all. */
static int dump_to_stdout(const struct db_program *dump)
{
	int status = db_programs_run(dump, 1);
	if (status == EX_IOERR)
		(void)cli_failf(status, "pg_dump failed, what was written is no whole backup");
	return status;
}

int db_backup(const struct cli *cli, const char *path)
{
	struct error error = {0};
	struct services *services = NULL;
	struct store *store = NULL;
	struct pgclient_login login = {.passfile_fd = -1};
	struct db_program dump;
	struct arena *arena = arena_open((size_t)1024 * 1024);
	const char *pg_dump = NULL, *part = arena_printf(arena, "%s.part.%lld", path, (long long)getpid());
	bool to_stdout = strcmp(path, "-") == 0;
	int status = to_stdout && isatty(STDOUT_FILENO) ?
		cli_failf(EX_USAGE, "db backup: a backup is not for a terminal") : EX_OK;
	if (status == EX_OK)
		status = cmd_services(cli, CMD_READS, &services);
	if (status == EX_OK)
		status = pgclient_find(arena, services_cluster(services), "pg_dump", &pg_dump);
	if (status == EX_OK) {
		status = services_store_open(services, SERVICE_OWNER, &store, &error);
		status = status == EX_OK ? EX_OK : cli_fail(status, &error);
	}
	if (status == EX_OK)
		status = pgclient_login(arena, services_store_options(services, SERVICE_OWNER), &login);
	if (status == EX_OK) {
		db_dump_program(pg_dump, &login, to_stdout ? NULL : part, &dump);
		status = to_stdout ? dump_to_stdout(&dump) : dump_to(cli, &dump, part, path);
	}
	if (status == EX_OK)
		db_say_quarantined(cli, store);
	pgclient_forget(&login);
	store_close(&store);
	services_close(&services);
	arena_close(&arena);
	return status;
}

/* ---- restore ---- */

/* Rows of COPY: the number comes first. 0: there are none. */
static unsigned last_migration(struct str text)
{
	struct str line;
	uint64_t last = 0;
	while (str_line(&text, &line)) {
		uint64_t number;
		size_t tab = str_find_char(line, '\t');
		if (tab != SIZE_MAX && str_to_u64(str_sub(line, 0, tab), 1000000, &number) && number > last)
			last = number;
	}
	return (unsigned)last;
}

/* The schema version that the file holds, by its table of migrations. */
static int read_version(const char *pg_restore, const char *path, unsigned *version_r)
{
	struct buf text;
	int fd = memfd_create("migrations", MFD_CLOEXEC);
	if (fd < 0)
		return cli_failf(EX_OSERR, "no memory file: %s", strerror(errno));
	const struct db_program list = {
		.path = pg_restore,
		.argv = {"pg_restore", "--data-only", "-n", "dmarcd", "-t", "migration", "-f", "-", path},
		.out_fd = fd,
	};
	int status = db_programs_run(&list, 1);
	buf_init(&text, LIST_BYTES);
	char *room = buf_room(&text, LIST_BYTES - 1);
	ssize_t got = pread(fd, room, LIST_BYTES - 1, 0);
	buf_took(&text, got > 0 ? (size_t)got : 0);
	*version_r = last_migration(buf_str(&text));
	buf_fini(&text);
	(void)close(fd);
	return status;
}

/* All of it is read before anything is changed: half a file is found now. */
static int check_file(const char *pg_restore, const char *path)
{
	unsigned version = 0;
	const struct db_program read_through = {
		.path = pg_restore,
		.argv = {"pg_restore", "-f", "/dev/null", path},
		.out_fd = -1,
	};
	int status = read_version(pg_restore, path, &version);
	if (status == EX_OK && version == 0)
		return cli_failf(EX_DATAERR, "%s is no backup of dmarcd", path);
	if (status == EX_OK && version > migrate_version()) {
		(void)cli_failf(EX_DATAERR, "%s has schema version %u, this program knows %u", path, version,
			migrate_version());
		cli_hint("use the newer dmarcd that made it");
		return EX_DATAERR;
	}
	if (status == EX_OK)
		status = db_programs_run(&read_through, 1);
	return status == EX_IOERR ? cli_failf(EX_DATAERR, "%s is no whole backup", path) : status;
}

static int check_readable(const char *path)
{
	struct stat st;
	if (strcmp(path, "-") == 0)
		return cli_failf(EX_USAGE,
			"db restore: it wants a file, which it reads through before anything is changed");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return cli_failf(errno == EACCES ? EX_NOPERM : EX_NOINPUT, "cannot open %s: %s", path, strerror(errno));
	bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	(void)close(fd);
	return regular ? EX_OK : cli_failf(EX_NOINPUT, "%s is no file", path);
}

static int restore_into(const struct cli *cli, struct arena *arena, struct services *services, const char *path)
{
	struct error error = {0};
	struct db_target target;
	const char *held = NULL;
	int status = db_target_open(arena, services, services_cluster(services), &target);
	if (status == EX_OK)
		status = check_file(target.pg_restore, path);
	if (status == EX_OK)
		status = db_target_fill(&target, NULL, path);
	if (status == EX_OK && transfer_totals(target.store, arena, &held, &error) != ERR_OK)
		status = cli_fail(cli_status(&error), &error);
	if (status == EX_OK) {
		cli_say(cli, "restored: %s", held);
		db_say_quarantined(cli, target.store);
	}
	db_target_close(&target);
	return status;
}

int db_restore(const struct cli *cli, const char *path)
{
	int lock_fd = -1, status = check_readable(path);
	struct error error = {0};
	struct services *services = NULL;
	struct arena *arena = arena_open((size_t)1024 * 1024);
	const struct services_options options = {.config = cli->config, .create = true, .schema_later = true,
		.handed_fd = -1};
	if (status == EX_OK) {
		status = services_open(&options, &services, &error);
		status = status == EX_OK ? cmd_lock(cli, &lock_fd) : cli_fail(status, &error);
	}
	if (status == EX_OK)
		status = restore_into(cli, arena, services, path);
	if (lock_fd >= 0)
		(void)close(lock_fd);
	services_close(&services);
	arena_close(&arena);
	return status;
}
