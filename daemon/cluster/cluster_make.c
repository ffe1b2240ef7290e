// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/cluster_make.h"

#include "base/write.h"
#include "daemon/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define SECRET_BYTES 24

static const char *const role_names[CLUSTER_ROLES] = {
	[CLUSTER_OWNER] = "dmarcd_owner",
	[CLUSTER_INGEST] = "dmarcd_ingest",
	[CLUSTER_WEB] = "dmarcd_web",
	[CLUSTER_READ] = "dmarcd_read",
};

/* No TCP, no peer, no trust: a role's secret is the only way in. */
static const char hba[] = "# written by dmarcd: unix socket only, every role by its secret\n"
			  "local all all scram-sha-256\n";

/* Small, since it serves one program; a larger server is what `dsn:` is for.
 * What must hold at all times is on the command line (cluster_keep.c). */
static const char settings[] =
	"\n# written by dmarcd; change what you like, but for listen_addresses and the socket\n"
	"max_connections = 40\n"
	"shared_buffers = 64MB\n"
	"dynamic_shared_memory_type = mmap\n"
	"max_parallel_workers_per_gather = 0\n"
	"jit = off\n"
	"max_wal_size = 512MB\n"
	"min_wal_size = 80MB\n"
	"wal_level = minimal\n"
	"max_wal_senders = 0\n"
	"timezone = 'UTC'\n"
	"log_timezone = 'UTC'\n"
	"log_min_messages = warning\n"
	"log_checkpoints = off\n";

const char *cluster_make_role_name(enum cluster_role role)
{
	return role_names[role];
}

static int io_error(struct error *error, const char *doing, const char *path)
{
	int failed = errno;
	(void)error_errno(error, failed == EACCES || failed == EPERM ? ERR_DENIED : ERR_PERM, failed,
		"could not %s \"%s\"", doing, path);
	return failed == EACCES || failed == EPERM ? EX_NOPERM : EX_IOERR;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

static int remove_tree(const char *path, struct error *error)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
		return io_error(error, "remove", path);
	return EX_OK;
}

static int write_file(const char *path, int flags, struct str text, struct error *error)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (fd < 0)
		return io_error(error, "write", path);
	bool written = write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0;
	int failed = errno;
	(void)close(fd);
	errno = failed;
	return written ? EX_OK : io_error(error, "write", path);
}

/* Things made by root in a state_dir of somebody else are his as well. */
static void give_to_owner(const struct cluster_site *site, const char *path)
{
	struct stat st;
	if (geteuid() == 0 && stat(site->state_dir, &st) == 0 && st.st_uid != 0 &&
		lchown(path, st.st_uid, st.st_gid) != 0)
		return; /* then only root may use it: nothing is lost */
}

static int make_secret(const struct cluster_site *site, enum cluster_role role, char *hex, struct error *error)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[SECRET_BYTES];
	const char *path = arena_printf(site->arena, "%s/secrets/%s", site->state_dir, role_names[role]);
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		die("no random bytes");
	for (size_t i = 0; i < sizeof(bytes); i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 15];
	}
	hex[2 * SECRET_BYTES] = '\0';
	(void)unlink(path);
	int status = write_file(path, O_CREAT | O_EXCL, (struct str){hex, 2 * SECRET_BYTES}, error);
	give_to_owner(site, path);
	return status;
}

int cluster_make_read_secret(const struct cluster_site *site, enum cluster_role role,
	const char **secret_r, struct error *error)
{
	char text[2 * SECRET_BYTES + 1];
	const char *path = arena_printf(site->arena, "%s/secrets/%s", site->state_dir, role_names[role]);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return io_error(error, "open", path);
	ssize_t got = read(fd, text, sizeof(text));
	(void)close(fd);
	if (got != 2 * SECRET_BYTES) {
		(void)error_set(error, ERR_PERM, "\"%s\" does not hold a secret of dmarcd", path);
		return EX_CONFIG;
	}
	*secret_r = arena_cstr(site->arena, (struct str){text, (size_t)got});
	return EX_OK;
}

/* SQL for the single-user server: one statement a line. The server stores
 * SCRAM verifiers, never the secrets. */
static int role_sql(const struct cluster_site *site, struct buf *sql, struct error *error)
{
	char secret[2 * SECRET_BYTES + 1];
	const char *directory = arena_printf(site->arena, "%s/secrets", site->state_dir);
	if (mkdir(directory, 0700) != 0 && errno != EEXIST)
		return io_error(error, "make the folder", directory);
	give_to_owner(site, directory);
	for (int role = 0; role < CLUSTER_ROLES; role++) {
		int status = make_secret(site, (enum cluster_role)role, secret, error);
		if (status != EX_OK)
			return status;
		buf_printf(sql, "%s ROLE %s LOGIN PASSWORD '%s'\n",
			role == CLUSTER_OWNER ? "ALTER" : "CREATE", role_names[role], secret);
	}
	/* Who may only read could fill the disk with large objects. Said here, the new database has it too. */
	buf_printf(sql, "REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) "
			"FROM PUBLIC\n");
	buf_printf(sql, "CREATE DATABASE " CLUSTER_DATABASE " OWNER %s TEMPLATE postgres\n",
		role_names[CLUSTER_OWNER]);
	buf_printf(sql, "REVOKE ALL ON DATABASE " CLUSTER_DATABASE ", postgres, template1 FROM PUBLIC\n");
	buf_printf(sql, "GRANT CONNECT ON DATABASE " CLUSTER_DATABASE " TO %s, %s, %s\n",
		role_names[CLUSTER_INGEST], role_names[CLUSTER_WEB], role_names[CLUSTER_READ]);
	return EX_OK;
}

/* The line of a program's output that says what went wrong. */
static struct str telling_line(struct str output)
{
	struct str line, found = STR_NONE;
	while (str_line(&output, &line)) {
		if (str_find(line, STR("FATAL:")) != SIZE_MAX || str_find(line, STR("ERROR:")) != SIZE_MAX ||
			str_find(line, STR("error:")) != SIZE_MAX)
			return line;
		if (str_trim(line).len > 0)
			found = line;
	}
	return found;
}

static int run_program(const struct cluster_site *site, const char *const *argv, struct str input,
	struct error *error)
{
	struct buf output;
	int ended = 0, status = EX_OK;
	buf_init(&output, 256 * 1024);
	const struct spawn spawn = {
		.argv = argv,
		.input = input,
		.output = &output,
		.as_user = site->as_user,
		.uid = site->uid,
		.gid = site->gid,
	};
	if (spawn_run(&spawn, &ended, error) != ERR_OK) {
		status = EX_OSERR;
	} else if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0 ||
		str_find(buf_str(&output), STR("ERROR:")) != SIZE_MAX) {
		struct str line = telling_line(buf_str(&output));
		(void)error_set(error, ERR_PERM, "%s failed: %.*s", argv[0], STR_FMT(line));
		status = str_find(line, STR("No space left")) != SIZE_MAX ? EX_IOERR : EX_UNAVAILABLE;
	}
	buf_fini(&output);
	return status;
}

static int run_initdb(const struct cluster_site *site, const char *data_dir, struct error *error)
{
	const char *argv[] = {arena_printf(site->arena, "%s/initdb", site->bin_dir), "-D", data_dir, "-U",
		role_names[CLUSTER_OWNER], "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums",
		"--auth=reject", "--no-instructions", NULL};
	return run_program(site, argv, STR_NONE, error);
}

static int run_single(const struct cluster_site *site, const char *data_dir, struct str sql,
	struct error *error)
{
	const char *argv[] = {arena_printf(site->arena, "%s/postgres", site->bin_dir), "--single", "-D",
		data_dir, "-c", "exit_on_error=on", "-c", "log_statement=none", "-c",
		"log_min_error_statement=panic", "postgres", NULL};
	return run_program(site, argv, sql, error);
}

static int fill(const struct cluster_site *site, const char *data_dir, struct error *error)
{
	struct buf sql;
	int status = run_initdb(site, data_dir, error);
	if (status == EX_OK)
		status = write_file(arena_printf(site->arena, "%s/pg_hba.conf", data_dir), O_TRUNC,
			str_from(hba), error);
	if (status == EX_OK)
		status = write_file(arena_printf(site->arena, "%s/postgresql.conf", data_dir), O_APPEND,
			str_from(settings), error);
	if (status != EX_OK)
		return status;
	buf_init(&sql, 8192);
	status = role_sql(site, &sql, error);
	if (status == EX_OK)
		status = run_single(site, data_dir, buf_str(&sql), error);
	if (sql.ptr)
		explicit_bzero(sql.ptr, sql.cap);
	buf_fini(&sql);
	return status;
}

int cluster_make(const struct cluster_site *site, struct error *error)
{
	const char *half = arena_printf(site->arena, "%s/pg.tmp", site->state_dir);
	int status = remove_tree(half, error);
	if (status != EX_OK)
		return status;
	if (mkdir(half, 0700) != 0)
		return io_error(error, "make the folder", half);
	if (site->as_user && lchown(half, site->uid, site->gid) != 0)
		return io_error(error, "give away the folder", half);
	status = fill(site, half, error);
	/* A cluster is there when its secrets are, whenever the power goes. */
	if (status == EX_OK && (!write_sync_folder(arena_printf(site->arena, "%s/secrets", site->state_dir)) ||
		!write_sync_folder(site->state_dir)))
		status = io_error(error, "sync", site->state_dir);
	if (status == EX_OK && rename(half, site->data_dir) != 0)
		status = io_error(error, "rename", half);
	if (status != EX_OK)
		(void)remove_tree(half, NULL);
	(void)write_sync_folder(site->state_dir);
	return status;
}

int cluster_make_modes_right(const struct cluster_site *site, struct error *error)
{
	struct stat st;
	if (lstat(site->data_dir, &st) != 0 || !S_ISDIR(st.st_mode))
		return io_error(error, "use the folder", site->data_dir);
	mode_t mode = st.st_mode & 07777;
	if (mode == 0700 || mode == 0750)
		return EX_OK;
	return chmod(site->data_dir, 0700) == 0 ? EX_OK : io_error(error, "set the mode of", site->data_dir);
}
