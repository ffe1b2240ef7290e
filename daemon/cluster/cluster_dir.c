// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/cluster_dir.h"

#include "base/write.h"
#include "daemon/spawn.h"
#include "model/digest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define POSTGRES_ROOT "/usr/lib/postgresql"
#define SOCKET_PATH_MAX ((size_t)107)
#define MIB ((uint64_t)1024 * 1024)
#define ROOM_TO_CREATE (1024 * MIB)
#define ROOM_TO_START (64 * MIB)

static void use_account(struct cluster_site *site, const struct passwd *account)
{
	site->uid = account->pw_uid;
	site->gid = account->pw_gid;
	site->user = arena_cstr(site->arena, str_from(account->pw_name));
}

/* PostgreSQL refuses root, so root lends it to the first of these. */
static int choose_user_as_root(struct cluster_site *site, struct error *error)
{
	static const char *const names[] = {"dmarcd", "postgres"};
	uint64_t uid = 0;
	site->as_user = true;
	for (size_t i = 0; i < 2; i++) {
		const struct passwd *account = getpwnam(names[i]);
		if (!account || account->pw_uid == 0)
			continue;
		use_account(site, account);
		return EX_OK;
	}
	const struct passwd *sudo = NULL;
	if (str_to_u64(str_from(getenv("SUDO_UID")), UINT32_MAX - 1, &uid) && uid != 0)
		sudo = getpwuid((uid_t)uid);
	if (sudo) {
		use_account(site, sudo);
		return EX_OK;
	}
	(void)error_set(error, ERR_DENIED,
		"PostgreSQL refuses to run as root and there is no user dmarcd or postgres");
	error_hint(error, "adduser --system --group dmarcd");
	return EX_NOPERM;
}

/* An existing cluster belongs to whoever made it. */
static int use_owner(struct cluster_site *site, const struct stat *data, struct error *error)
{
	const struct passwd *account = getpwuid(data->st_uid);
	uid_t self = geteuid();
	site->as_user = self == 0;
	if (account)
		use_account(site, account);
	site->uid = data->st_uid;
	if (data->st_uid != 0 && (self == 0 || self == data->st_uid)) {
		if (!account) {
			site->gid = data->st_gid;
			site->user = arena_printf(site->arena, "uid %lu", (unsigned long)data->st_uid);
		}
		return EX_OK;
	}
	(void)error_set(error, ERR_DENIED, "the database in \"%s\" belongs to %s (uid %lu), not to you",
		site->data_dir, account ? account->pw_name : "nobody known", (unsigned long)data->st_uid);
	error_hint(error, data->st_uid == 0 ? "PostgreSQL refuses root: chown -R postgres %s" :
		"run dmarcd as that user or as root, or give another state_dir than the one of %s",
		site->data_dir);
	return EX_NOPERM;
}

static int choose_user(struct cluster_site *site, struct error *error)
{
	if (geteuid() == 0)
		return choose_user_as_root(site, error);
	const struct passwd *account = getpwuid(geteuid());
	if (account) {
		use_account(site, account);
		return EX_OK;
	}
	(void)error_set(error, ERR_DENIED, "uid %lu has no entry in the user database, and "
		"PostgreSQL does not start without one", (unsigned long)geteuid());
	error_hint(error, "run as a user that exists (docker run --user postgres …), or preload "
		"libnss_wrapper.so with an entry for it");
	return EX_NOPERM;
}

static bool has_server(const char *directory, struct arena *arena)
{
	return access(arena_printf(arena, "%s/postgres", directory), X_OK) == 0 &&
	       access(arena_printf(arena, "%s/initdb", directory), X_OK) == 0;
}

/* The newest version of Debian's tree, or exactly this one; 0: none. */
static uint64_t newest_in_tree(struct arena *arena, uint64_t wanted)
{
	uint64_t newest = 0, number;
	DIR *dir = opendir(POSTGRES_ROOT);
	if (!dir)
		return 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (!str_to_u64(str_from(entry->d_name), 999, &number) || number <= newest ||
			(wanted && number != wanted))
			continue;
		if (has_server(arena_printf(arena, POSTGRES_ROOT "/%s/bin", entry->d_name), arena))
			newest = number;
	}
	(void)closedir(dir);
	return newest;
}

/* A server in PATH: its major version is known only by asking it. */
static uint64_t version_of(const char *directory, struct arena *arena)
{
	const char *argv[] = {arena_printf(arena, "%s/postgres", directory), "--version", NULL};
	struct buf output;
	int status;
	uint64_t number = 0;
	buf_init(&output, 4096);
	if (spawn_run(&(struct spawn){.argv = argv, .output = &output}, &status, NULL) == ERR_OK) {
		size_t at = str_find(buf_str(&output), STR(") "));
		struct str rest = str_from_offset(buf_str(&output), at == SIZE_MAX ? output.len : at + 2);
		size_t digits = 0;
		while (digits < rest.len && ascii_is_digit(rest.ptr[digits]))
			digits++;
		if (!str_to_u64(str_sub(rest, 0, digits), 999, &number))
			number = 0;
	}
	buf_fini(&output);
	return number;
}

static const char *find_in_path(struct arena *arena, uint64_t wanted, uint64_t *version_r)
{
	struct str rest = str_from(getenv("PATH")), piece;
	while (str_split(&rest, ':', &piece)) {
		if (piece.len == 0 || piece.ptr[0] != '/')
			continue;
		const char *directory = arena_cstr(arena, piece);
		if (!has_server(directory, arena))
			continue;
		*version_r = version_of(directory, arena);
		if (*version_r > 0 && (wanted == 0 || *version_r == wanted))
			return directory;
	}
	return NULL;
}

static int find_binaries(struct cluster_site *site, uint64_t wanted, struct error *error)
{
	uint64_t version = newest_in_tree(site->arena, wanted);
	if (version > 0)
		site->bin_dir =
			arena_printf(site->arena, POSTGRES_ROOT "/%u/bin", (unsigned)version);
	else
		site->bin_dir = find_in_path(site->arena, wanted, &version);
	if (site->bin_dir) {
		site->version = arena_printf(site->arena, "%u", (unsigned)version);
		return EX_OK;
	}
	uint64_t other = wanted ? newest_in_tree(site->arena, 0) : 0;
	if (other > 0) {
		(void)error_set(error, ERR_PERM, "the data in \"%s\" is PostgreSQL %u, found PostgreSQL %u",
			site->data_dir, (unsigned)wanted, (unsigned)other);
		error_hint(error, "apt-get install postgresql-%u, then pg_dump with it and restore "
			"into a new state_dir; nothing was changed", (unsigned)wanted);
		return EX_CONFIG;
	}
	(void)error_set(error, ERR_TEMP, "PostgreSQL is not installed (looked in " POSTGRES_ROOT
		"/*/bin and PATH)");
	if (wanted)
		error_hint(error, "apt-get install postgresql-%u", (unsigned)wanted);
	else
		error_hint(error, "apt-get install postgresql");
	return EX_UNAVAILABLE;
}

/* PG_VERSION of the cluster: "15\n". */
static int read_version(struct cluster_site *site, uint64_t *version_r, struct error *error)
{
	char text[16];
	const char *path = arena_printf(site->arena, "%s/PG_VERSION", site->data_dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));
	int failed = errno;
	if (fd >= 0)
		(void)close(fd);
	if (got > 0 && str_to_u64(str_trim((struct str){text, (size_t)got}), 999, version_r))
		return EX_OK;
	if (fd < 0 && failed == EACCES) {
		(void)error_errno(error, ERR_DENIED, failed, "could not read \"%s\"", path);
		return EX_NOPERM;
	}
	(void)error_set(error, ERR_PERM, "\"%s\" is no PostgreSQL data folder (no PG_VERSION in it)",
		site->data_dir);
	error_hint(error, "move it away, or give another state_dir");
	return EX_CONFIG;
}

int cluster_dir_survey(struct cluster_site *site, const char *state_dir, struct error *error)
{
	struct stat data;
	uint64_t version = 0;
	size_t len = strlen(state_dir);
	while (len > 1 && state_dir[len - 1] == '/')
		len--;
	site->state_dir = arena_cstr(site->arena, (struct str){state_dir, len});
	site->data_dir = arena_printf(site->arena, "%s/pg", site->state_dir);
	site->exists = lstat(site->data_dir, &data) == 0;
	if (!site->exists && errno != ENOENT) {
		(void)error_errno(error, ERR_DENIED, errno, "could not look into \"%s\"", site->state_dir);
		if (errno == EACCES)
			error_hint(error, "run dmarcd as the user it belongs to, or as root");
		return errno == EACCES ? EX_NOPERM : EX_IOERR;
	}
	int status = site->exists ? use_owner(site, &data, error) : choose_user(site, error);
	if (status == EX_OK && site->exists)
		status = read_version(site, &version, error);
	return status == EX_OK ? find_binaries(site, version, error) : status;
}

static int make_error(struct error *error, const char *path)
{
	int failed = errno;
	bool denied = failed == EACCES || failed == EPERM;
	(void)error_errno(error, denied ? ERR_DENIED : ERR_PERM, failed, "could not make the folder \"%s\"", path);
	if (denied)
		error_hint(error, "set state_dir to a folder of yours, or run dmarcd as root once: dmarcd init");
	return denied ? EX_NOPERM : failed == EROFS || failed == ENOSPC ? EX_IOERR : EX_CANTCREAT;
}

int cluster_dir_make_state(struct cluster_site *site, struct error *error)
{
	struct stat st;
	/* PostgreSQL's user passes through state_dir on the way to pg/. */
	mode_t mode = site->as_user ? 0711 : 0700;
	char *path = arena_cstr(site->arena, str_from(site->state_dir));
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) == 0) {
			(void)chmod(path, 0755);
			(void)write_sync_parent(path);
		} else if (errno != EEXIST)
			return make_error(error, path);
		*slash = '/';
	}
	if (mkdir(path, mode) == 0)
		return chmod(path, mode) == 0 && write_sync_parent(path) ? EX_OK : make_error(error, path);
	if (errno != EEXIST)
		return make_error(error, path);
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
		(void)error_set(error, ERR_PERM, "state_dir \"%s\" is not a folder", path);
		return EX_CANTCREAT;
	}
	/* Made by an earlier start as the owner alone: the way in is opened, nothing else. */
	if (site->as_user && st.st_uid == 0 && (st.st_mode & 0011) != 0011)
		(void)chmod(path, (st.st_mode & 07777) | 0011);
	return EX_OK;
}

/* In a child that has become the user: the number of leading bytes of path
 * that it can pass, told by its exit status (0: all of them). */
static size_t blocked_at(const struct cluster_site *site, const char *path)
{
	int told[2];
	uint32_t place = 0;
	if (pipe2(told, O_CLOEXEC) != 0)
		return 0;
	pid_t pid = fork();
	if (pid == 0) {
		char *piece = arena_cstr(site->arena, str_from(path));
		spawn_become(site->uid, site->gid);
		for (char *slash = strchr(piece + 1, '/'); place == 0; slash = strchr(slash + 1, '/')) {
			if (slash)
				*slash = '\0';
			if (access(piece, X_OK) != 0)
				place = (uint32_t)strlen(piece);
			if (!slash)
				break;
			*slash = '/';
		}
		_exit(write(told[1], &place, sizeof(place)) == sizeof(place) ? 0 : 1);
	}
	(void)close(told[1]);
	if (pid > 0) {
		if (read(told[0], &place, sizeof(place)) != sizeof(place))
			place = 0;
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	(void)close(told[0]);
	return place;
}

int cluster_dir_reachable(const struct cluster_site *site, struct error *error)
{
	size_t place = site->as_user ? blocked_at(site, site->state_dir) : 0;
	if (place == 0)
		return EX_OK;
	(void)error_set(error, ERR_DENIED, "user \"%s\", as whom PostgreSQL runs, cannot enter \"%.*s\"",
		site->user, (int)place, site->state_dir);
	error_hint(error, "set state_dir to a folder it can reach (default /var/lib/dmarcd), or chmod o+x %.*s",
		(int)place, site->state_dir);
	return EX_NOPERM;
}

/* A private folder for the socket: made by us, or made by us before. */
static bool own_folder(const struct cluster_site *site, const char *path)
{
	struct stat st;
	if (mkdir(path, 0700) == 0)
		return !site->as_user || lchown(path, site->uid, site->gid) == 0;
	if (errno != EEXIST || lstat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return false;
	return st.st_uid == site->uid && (st.st_mode & 0077) == 0;
}

static bool try_socket_dir(struct cluster_site *site, const char *parent, const char *name)
{
	const char *path = arena_printf(site->arena, "%s/%s", parent, name);
	if (strlen(path) + strlen(CLUSTER_SOCKET_NAME) > SOCKET_PATH_MAX || !own_folder(site, path))
		return false;
	site->socket_dir = path;
	return true;
}

static bool try_runtime_dir(struct cluster_site *site, const char *parent, const char *name)
{
	struct stat st;
	uid_t self = geteuid();
	if (mkdir(parent, 0755) != 0 && errno != EEXIST)
		return false;
	if (lstat(parent, &st) != 0 || !S_ISDIR(st.st_mode))
		return false;
	if (st.st_uid != self && self != 0)
		return false;
	if (self == 0 && st.st_uid == 0)
		(void)chmod(parent, 0755); /* umask 0077 was at work */
	return try_socket_dir(site, parent, name);
}

int cluster_dir_socket(struct cluster_site *site, struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	char *real = realpath(site->state_dir, NULL);
	const char *unique = real ? real : site->state_dir;
	struct sha256 sum = sha256_of(unique, strlen(unique));
	free(real);
	(void)sha256_hex(&sum, hex);
	hex[12] = '\0';
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	if (try_runtime_dir(site, "/run/dmarcd", hex))
		return EX_OK;
	if (geteuid() != 0 && runtime && runtime[0] == '/' &&
		try_runtime_dir(site, arena_printf(site->arena, "%s/dmarcd", runtime), hex))
		return EX_OK;
	const char *name = arena_printf(site->arena, "dmarcd-%lu-%s", (unsigned long)site->uid, hex);
	if (try_socket_dir(site, "/tmp", name))
		return EX_OK;
	(void)error_set(error, ERR_DENIED, "no folder for the database's socket: \"/tmp/%s\" is not a "
		"folder of %s alone", name, site->user);
	error_hint(error, "remove it, or make /run/dmarcd");
	return EX_NOPERM;
}

int cluster_dir_room(const struct cluster_site *site, struct error *error)
{
	struct statvfs fs;
	uint64_t wanted = site->exists ? ROOM_TO_START : ROOM_TO_CREATE;
	struct str place = str_from(site->state_dir);
	while (statvfs(arena_cstr(site->arena, place), &fs) != 0 && place.len > 1) {
		size_t slash = str_rfind_char(place, '/');
		place.len = slash == SIZE_MAX || slash == 0 ? 1 : slash;
	}
	uint64_t room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (fs.f_flag & ST_RDONLY) {
		(void)error_set(error, ERR_PERM, "the file system of \"%s\" is read-only", site->state_dir);
		return EX_IOERR;
	}
	if (room >= wanted)
		return EX_OK;
	(void)error_set(error, ERR_LIMIT, "only %llu MiB free for \"%s\", %llu MiB are needed",
		(unsigned long long)(room / MIB), site->state_dir, (unsigned long long)(wanted / MIB));
	error_hint(error, "make room, or set state_dir to a larger disk");
	return EX_IOERR;
}
