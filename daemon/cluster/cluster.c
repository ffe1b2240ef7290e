// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/cluster.h"

#include "base/buf.h"
#include "base/clock.h"
#include "daemon/cluster/cluster_dir.h"
#include "daemon/cluster/cluster_keep.h"
#include "daemon/cluster/cluster_make.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)
#define LOG_BYTES_MAX ((off_t)8 * 1024 * 1024)
#define READY_MSECS 60000 /* a keeper that another user started */
#define GONE_MSECS 30000  /* a server whose keeper has gone stops by itself */
#define EMPTY_MSECS 1000 /* that a server may take to write its pid */
#define LOOK_MSECS 20

struct cluster {
	struct cluster_site site;
	const char *lock_path, *users_path, *log_path;
	int users_fd;  /* our writing end; the keeper counts them by the kernel's hand */
	int shared_fd; /* flock, shared by all users: the last one can know that it is the last */
	bool created;
	const char *conninfo[CLUSTER_ROLES];
	const char *secrets[CLUSTER_ROLES];
};

static int io_error(struct error *error, const char *doing, const char *path)
{
	int failed = errno;
	bool denied = failed == EACCES || failed == EPERM;
	(void)error_errno(error, denied ? ERR_DENIED : ERR_PERM, failed, "could not %s \"%s\"", doing, path);
	if (denied)
		error_hint(error, "run dmarcd as the user that state_dir belongs to, or as root");
	return denied ? EX_NOPERM : EX_IOERR;
}

static void nap(void)
{
	const struct timespec pause = {.tv_nsec = LOOK_MSECS * 1000000L};
	(void)nanosleep(&pause, NULL);
}

/* -1: error is set. */
static int lock(const char *path, int how, struct error *error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (fd >= 0 && flock(fd, how) != 0) {
		if (errno == EINTR)
			continue;
		(void)close(fd);
		fd = -1;
	}
	if (fd < 0)
		(void)io_error(error, "lock", path);
	return fd;
}

/* True: a keeper lives, and we are one of its users now. */
static bool join(struct cluster *cluster)
{
	cluster->users_fd = open(cluster->users_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	return cluster->users_fd >= 0;
}

static int wait_until_ready(const struct cluster *cluster, struct error *error)
{
	int64_t deadline = clock_monotonic_msecs() + READY_MSECS;
	while (clock_monotonic_msecs() < deadline) {
		struct cluster_server server = cluster_keep_look(&cluster->site);
		if (server.ready && server.alive)
			return EX_OK;
		nap();
	}
	(void)error_set(error, ERR_TEMP, "PostgreSQL in \"%s\" is not ready after %d s",
		cluster->site.data_dir, READY_MSECS / 1000);
	error_hint(error, "its messages are in %s", cluster->log_path);
	return EX_UNAVAILABLE;
}

static bool is_nobodys(const struct cluster_server *server)
{
	return server->written.tv_sec > 0 && server->pid == 0;
}

/* No keeper. A server that is still there is about to stop (its keeper was
 * killed), or is somebody else's. A pid file without a server is stale; so is
 * one that stays empty: its server was killed before it wrote its pid. */
static int wait_until_gone(const struct cluster *cluster, struct error *error)
{
	const char *path = arena_printf(cluster->site.arena, "%s/postmaster.pid", cluster->site.data_dir);
	int64_t began = clock_monotonic_msecs(), now = began;
	struct cluster_server server = cluster_keep_look(&cluster->site);
	while ((server.alive && now < began + GONE_MSECS) || (is_nobodys(&server) && now < began + EMPTY_MSECS)) {
		nap();
		server = cluster_keep_look(&cluster->site);
		now = clock_monotonic_msecs();
	}
	if (server.alive) {
		(void)error_set(error, ERR_TEMP, "a PostgreSQL that dmarcd did not start (pid %lld) works in \"%s\"",
			(long long)server.pid, cluster->site.data_dir);
		error_hint(error, "stop it: kill -INT %lld", (long long)server.pid);
		return EX_UNAVAILABLE;
	}
	/* PostgreSQL copes with a pid that nobody has; one that another program
	 * has got since would stop it. */
	if (is_nobodys(&server) || (server.pid > 0 && (kill((pid_t)server.pid, 0) == 0 || errno == EPERM)))
		(void)unlink(path);
	return EX_OK;
}

static int open_log(const struct cluster *cluster)
{
	struct stat st;
	int fd = open(cluster->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > LOG_BYTES_MAX && ftruncate(fd, 0) != 0)
		return fd; /* a log that only grows is no reason not to start */
	return fd;
}

/* The last FATAL or PANIC that PostgreSQL wrote since from. */
static void add_log_line(const struct cluster *cluster, off_t from, struct buf *out)
{
	char bytes[16384];
	int fd = open(cluster->log_path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : pread(fd, bytes, sizeof(bytes), from);
	if (fd >= 0)
		(void)close(fd);
	struct str rest = {bytes, got > 0 ? (size_t)got : 0}, line, found = STR_NONE;
	while (str_line(&rest, &line)) {
		size_t at = str_find(line, STR("FATAL:"));
		if (at == SIZE_MAX)
			at = str_find(line, STR("PANIC:"));
		if (at != SIZE_MAX)
			found = str_trim(str_from_offset(line, at + 6));
	}
	if (found.len > 0)
		buf_printf(out, ": %.*s", STR_FMT(found));
}

/* What the keeper tells: "ready", or nothing good. */
static bool hear(int fd)
{
	char text[16];
	ssize_t got;
	do
		got = read(fd, text, sizeof(text));
	while (got < 0 && errno == EINTR);
	return got > 0 && str_starts((struct str){text, (size_t)got}, STR("ready"));
}

static int start_keeper(struct cluster *cluster, int log_fd, struct error *error)
{
	int told[2] = {-1, -1}, read_end = -1;
	/* Both ends at once, so that neither open waits for the other. */
	int both = open(cluster->users_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (both >= 0)
		read_end = open(cluster->users_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (read_end < 0 || !join(cluster) || pipe2(told, O_CLOEXEC) != 0)
		return io_error(error, "use the fifo", cluster->users_path);
	(void)close(both);
	off_t from = lseek(log_fd, 0, SEEK_END);
	const struct cluster_keep keep = {
		.site = &cluster->site,
		.lock_path = cluster->lock_path,
		.users_fd = read_end,
		.log_fd = log_fd,
		.told_fd = told[1],
	};
	pid_t pid = fork();
	if (pid == 0)
		cluster_keep(&keep);
	(void)close(read_end);
	(void)close(told[1]);
	bool ready = pid > 0 && hear(told[0]);
	(void)close(told[0]);
	if (ready)
		return EX_OK;
	struct buf why;
	buf_init(&why, 300);
	add_log_line(cluster, from, &why);
	(void)error_set(error, ERR_TEMP, "PostgreSQL did not start%s", buf_cstr(&why));
	error_hint(error, "its messages are in %s", cluster->log_path);
	buf_fini(&why);
	return EX_UNAVAILABLE;
}

static int start_server(struct cluster *cluster, struct error *error)
{
	int status = wait_until_gone(cluster, error);
	if (status == EX_OK)
		status = cluster_dir_room(&cluster->site, error);
	if (status == EX_OK)
		status = cluster_make_modes_right(&cluster->site, error);
	if (status == EX_OK)
		status = cluster_dir_socket(&cluster->site, error);
	if (status != EX_OK)
		return status;
	/* No server lives, so its pid in there is nobody's, or by now another program's. */
	(void)unlink(arena_printf(cluster->site.arena, "%s" CLUSTER_SOCKET_NAME ".lock", cluster->site.socket_dir));
	if (mkfifo(cluster->users_path, 0600) != 0 && errno != EEXIST)
		return io_error(error, "make the fifo", cluster->users_path);
	int log_fd = open_log(cluster);
	if (log_fd < 0)
		return io_error(error, "write", cluster->log_path);
	status = start_keeper(cluster, log_fd, error);
	(void)close(log_fd);
	return status;
}

/* Under the lock. */
static int join_or_start(struct cluster *cluster, bool create, struct error *error)
{
	int status = EX_OK;
	struct stat st;
	bool there = lstat(cluster->site.data_dir, &st) == 0;
	if (!there && create) {
		cluster->site.exists = false;
		status = cluster_dir_room(&cluster->site, error);
		if (status == EX_OK)
			status = cluster_make(&cluster->site, error);
		cluster->created = status == EX_OK;
	}
	cluster->site.exists = true;
	if (status != EX_OK)
		return status;
	if (!join(cluster))
		return start_server(cluster, error);
	status = cluster_dir_socket(&cluster->site, error);
	return status == EX_OK ? wait_until_ready(cluster, error) : status;
}

static int read_secrets(struct cluster *cluster, struct error *error)
{
	for (int i = 0; i < CLUSTER_ROLES; i++) {
		enum cluster_role role = (enum cluster_role)i;
		int status = cluster_make_read_secret(&cluster->site, role, &cluster->secrets[i], error);
		if (status != EX_OK)
			return status;
		cluster->conninfo[i] = arena_printf(cluster->site.arena,
			"host=%s port=5432 dbname=" CLUSTER_DATABASE " user=%s", cluster->site.socket_dir,
			cluster_make_role_name(role));
	}
	return EX_OK;
}

static int survey(struct cluster *cluster, const struct cluster_options *options, struct error *error)
{
	int status = cluster_dir_survey(&cluster->site, options->state_dir, error);
	if (status != EX_OK || cluster->site.exists || options->create)
		return status;
	(void)error_set(error, ERR_TEMP, "there is no database in \"%s\" yet", options->state_dir);
	error_hint(error, "dmarcd init makes one, dmarcd ingest makes and fills one");
	return EX_UNAVAILABLE;
}

static int open_all(struct cluster *cluster, const struct cluster_options *options, struct error *error)
{
	struct arena *arena = cluster->site.arena;
	int status = survey(cluster, options, error);
	if (status == EX_OK && options->create)
		status = cluster_dir_make_state(&cluster->site, error);
	if (status == EX_OK)
		status = cluster_dir_reachable(&cluster->site, error);
	if (status != EX_OK)
		return status;
	cluster->lock_path = arena_printf(arena, "%s/cluster.lock", cluster->site.state_dir);
	cluster->users_path = arena_printf(arena, "%s/cluster.users", cluster->site.state_dir);
	cluster->log_path = arena_printf(arena, "%s/postgresql.log", cluster->site.state_dir);
	int lock_fd = lock(cluster->lock_path, LOCK_EX, error);
	if (lock_fd >= 0)
		cluster->shared_fd = lock(arena_printf(arena, "%s/cluster.shared", cluster->site.state_dir),
			LOCK_SH, error);
	if (cluster->shared_fd < 0)
		status = error->code == ERR_DENIED ? EX_NOPERM : EX_IOERR;
	else
		status = join_or_start(cluster, options->create, error);
	if (lock_fd >= 0)
		(void)close(lock_fd);
	return status == EX_OK ? read_secrets(cluster, error) : status;
}

int cluster_open(const struct cluster_options *options, struct cluster **cluster_r, struct error *error)
{
	struct error scratch;
	struct arena *arena = arena_open(ARENA_BYTES);
	struct cluster *cluster = ARENA_NEW(arena, struct cluster);
	cluster->site.arena = arena;
	cluster->users_fd = -1;
	cluster->shared_fd = -1;
	*cluster_r = cluster;
	int status = open_all(cluster, options, error ? error : &scratch);
	if (status != EX_OK)
		cluster_close(cluster_r);
	return status;
}

int cluster_lost_fd(const struct cluster *cluster)
{
	return cluster->users_fd;
}

int cluster_revive(struct cluster *cluster, struct error *error)
{
	if (cluster->users_fd >= 0)
		(void)close(cluster->users_fd);
	cluster->users_fd = -1;
	int lock_fd = lock(cluster->lock_path, LOCK_EX, error);
	if (lock_fd < 0)
		return error->code == ERR_DENIED ? EX_NOPERM : EX_IOERR;
	int status = join_or_start(cluster, false, error);
	(void)close(lock_fd);
	return status;
}

/* True when nobody else uses the cluster; our own share is given up. */
static bool nobody_else(const struct cluster *cluster)
{
	bool alone = flock(cluster->shared_fd, LOCK_EX | LOCK_NB) == 0;
	(void)flock(cluster->shared_fd, LOCK_UN);
	return alone;
}

/* The keeper sees the fifo closed and stops PostgreSQL; the last user waits for
 * that, so that nothing runs on when the command has ended. */
static void leave(struct cluster *cluster)
{
	(void)close(cluster->users_fd);
	cluster->users_fd = -1;
	while (nobody_else(cluster) && cluster_keep_look(&cluster->site).alive)
		nap();
}

void cluster_close(struct cluster **cluster)
{
	if (!*cluster)
		return;
	struct arena *arena = (*cluster)->site.arena;
	if ((*cluster)->users_fd >= 0)
		leave(*cluster);
	if ((*cluster)->shared_fd >= 0)
		(void)close((*cluster)->shared_fd);
	for (int i = 0; i < CLUSTER_ROLES; i++)
		if ((*cluster)->secrets[i])
			explicit_bzero((char *)(*cluster)->secrets[i], strlen((*cluster)->secrets[i]));
	*cluster = NULL;
	arena_close(&arena);
}

const char *cluster_conninfo(const struct cluster *cluster, enum cluster_role role)
{
	return cluster->conninfo[role];
}

const char *cluster_password(const struct cluster *cluster, enum cluster_role role)
{
	return cluster->secrets[role];
}

bool cluster_was_created(const struct cluster *cluster)
{
	return cluster->created;
}

const char *cluster_version(const struct cluster *cluster)
{
	return cluster->site.version;
}

const char *cluster_binaries(const struct cluster *cluster)
{
	return cluster->site.bin_dir;
}

const char *cluster_user(const struct cluster *cluster)
{
	return cluster->site.user;
}

int cluster_check(const struct cluster_options *options, struct error *error)
{
	struct cluster_site site = {.arena = arena_open(ARENA_BYTES)};
	int status = cluster_dir_survey(&site, options->state_dir, error);
	if (status == EX_OK)
		status = cluster_dir_room(&site, error);
	arena_close(&site.arena);
	return status;
}
