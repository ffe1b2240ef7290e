// SPDX-License-Identifier: Apache-2.0
#include "daemon/services.h"

#include "base/buf.h"
#include "base/write.h"
#include "store/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define ROLES 5
#define WORDS_BYTES ((size_t)64 * 1024)
#define PASSWORD_BYTES ((size_t)4096)

struct services {
	struct arena *arena;
	struct cluster *cluster;
	const struct limits *limits;
	struct store_options options[ROLES];
};

static const char *const applications[ROLES] = {
	[SERVICE_OWNER] = "dmarcd migrate",
	[SERVICE_INGEST] = "dmarcd ingest",
	[SERVICE_WEB] = "dmarcd web",
	[SERVICE_READ] = "dmarcd",
	[SERVICE_NOTE] = "dmarcd web",
};

/* A migration takes what it takes. */
static unsigned statement_secs(const struct limits *limits, enum service_role role)
{
	if (role == SERVICE_OWNER)
		return 0;
	return (unsigned)(role == SERVICE_WEB || role == SERVICE_NOTE ? limits->web_query_secs : limits->query_secs);
}

static void set_role(struct services *services, enum service_role role, const char *conninfo,
	const char *password)
{
	services->options[role] = (struct store_options){
		.conninfo = conninfo,
		.password = password,
		.application = applications[role],
		.statement_secs = statement_secs(services->limits, role),
		.lock_secs = role == SERVICE_OWNER ? 0 : (unsigned)services->limits->lock_secs,
		.idle_secs = (unsigned)services->limits->transaction_idle_secs,
	};
}

static int read_all(int fd, const char *what, struct buf *out, struct error *error)
{
	ssize_t got;
	do {
		char *room = buf_room(out, 4096);
		if (!room) {
			(void)error_set(error, ERR_INVALID, "%s is too long", what);
			return EX_CONFIG;
		}
		got = read(fd, room, 4096);
		buf_took(out, got > 0 ? (size_t)got : 0);
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got == 0)
		return EX_OK;
	(void)error_errno(error, ERR_PERM, errno, "could not read %s", what);
	return EX_IOERR;
}

/* The first line of the file; the configuration has checked who may read it. */
static int read_password(struct services *services, const char *path, const char **password_r,
	struct error *error)
{
	struct buf text;
	struct str rest, line = STR_NONE;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		(void)error_errno(error, ERR_DENIED, errno, "could not open password_file \"%s\"", path);
		return errno == EACCES ? EX_NOPERM : EX_CONFIG;
	}
	buf_init(&text, PASSWORD_BYTES * 2);
	int status = read_all(fd, "password_file", &text, error);
	(void)close(fd);
	rest = buf_str(&text);
	if (status == EX_OK && str_line(&rest, &line))
		*password_r = arena_cstr(services->arena, line);
	if (text.ptr)
		explicit_bzero(text.ptr, text.cap);
	buf_fini(&text);
	return status;
}

/* mkdir -p: quarantine and spool live there whichever database is used. */
static int make_state_dir(struct arena *arena, const char *state_dir, struct error *error)
{
	char *path = arena_cstr(arena, str_from(state_dir));
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0755) == 0)
			(void)write_sync_parent(path);
		*at = '/';
	}
	if (mkdir(path, 0700) == 0 ? write_sync_parent(path) : errno == EEXIST)
		return EX_OK;
	int status = errno == EACCES || errno == EROFS ? EX_NOPERM : EX_CANTCREAT;
	(void)error_errno(error, ERR_DENIED, errno, "cannot make state_dir %s", state_dir);
	return status;
}

static int use_dsn(struct services *services, const struct config_database *database, struct error *error)
{
	const char *password = NULL;
	int status = database->password_file ?
		read_password(services, database->password_file, &password, error) : EX_OK;
	const char *reading = database->read_dsn ? database->read_dsn : database->dsn;
	set_role(services, SERVICE_OWNER, database->dsn, password);
	set_role(services, SERVICE_INGEST, database->dsn, password);
	set_role(services, SERVICE_WEB, reading, password);
	set_role(services, SERVICE_READ, reading, password);
	set_role(services, SERVICE_NOTE, database->dsn, password);
	return status;
}

static int use_cluster(struct services *services, const struct services_options *options,
	struct error *error)
{
	static const enum cluster_role roles[ROLES] = {
		[SERVICE_OWNER] = CLUSTER_OWNER,
		[SERVICE_INGEST] = CLUSTER_INGEST,
		[SERVICE_WEB] = CLUSTER_WEB,
		[SERVICE_READ] = CLUSTER_READ,
		[SERVICE_NOTE] = CLUSTER_WEB,
	};
	const struct cluster_options cluster = {
		.state_dir = options->config->state_dir,
		.create = options->create,
	};
	int status = cluster_open(&cluster, &services->cluster, error);
	for (int i = 0; status == EX_OK && i < ROLES; i++)
		set_role(services, (enum service_role)i, cluster_conninfo(services->cluster, roles[i]),
			cluster_password(services->cluster, roles[i]));
	return status;
}

/* Conninfo and password, a line each; for web two more, of where it writes. */
static int use_handed(struct services *services, int fd, struct error *error)
{
	struct buf words;
	struct str rest, conninfo = STR_NONE, password = STR_NONE;
	buf_init(&words, WORDS_BYTES);
	int status = read_all(fd, "the supervisor's words", &words, error);
	(void)close(fd);
	rest = buf_str(&words);
	if (status == EX_OK && !(str_line(&rest, &conninfo) && conninfo.len > 0)) {
		(void)error_set(error, ERR_TEMP, "the supervisor ended before it had said where the database is");
		status = EX_TEMPFAIL;
	}
	(void)str_line(&rest, &password);
	for (int i = 0; status == EX_OK && i < ROLES; i++) {
		if (i == SERVICE_NOTE && str_line(&rest, &conninfo))
			(void)str_line(&rest, &password);
		set_role(services, (enum service_role)i, arena_cstr(services->arena, conninfo),
			password.len > 0 ? arena_cstr(services->arena, password) : NULL);
	}
	if (words.ptr)
		explicit_bzero(words.ptr, words.cap);
	buf_fini(&words);
	return status;
}

int services_hand_over(struct services *services, enum service_role role, int fd, struct error *error)
{
	const enum service_role roles[] = {role, SERVICE_NOTE};
	struct buf words;
	buf_init(&words, WORDS_BYTES);
	for (size_t i = 0; i < (role == SERVICE_WEB ? 2 : 1); i++) {
		const struct store_options *options = &services->options[roles[i]];
		buf_printf(&words, "%s\n%s\n", options->conninfo, options->password ? options->password : "");
	}
	bool written = write(fd, words.ptr, words.len) == (ssize_t)words.len;
	int failed = errno;
	explicit_bzero(words.ptr, words.cap);
	buf_fini(&words);
	if (written)
		return EX_OK;
	(void)error_errno(error, ERR_PERM, failed, "could not hand the database over");
	return EX_OSERR;
}

static int open_database(struct services *services, const struct services_options *options,
	struct error *error)
{
	if (options->handed_fd >= 0)
		return use_handed(services, options->handed_fd, error);
	if (options->config->database.dsn) {
		int status = options->create ?
			make_state_dir(services->arena, options->config->state_dir, error) : EX_OK;
		return status == EX_OK ? use_dsn(services, &options->config->database, error) : status;
	}
	return use_cluster(services, options, error);
}

/* Commands that make things bring the schema with them: always in the private
 * cluster, on a server of one's own only when there is none at all. */
static int make_schema(struct services *services, bool may_be_away, struct error *error)
{
	struct store *store = NULL;
	unsigned changed;
	enum err err = store_open(&services->options[SERVICE_INGEST], &store, error);
	if (!err)
		err = store_check_schema(store, error);
	store_close(&store);
	if (!err || (err == ERR_TEMP && may_be_away && !services->cluster))
		return EX_OK;
	if (err == ERR_NOTFOUND || services->cluster)
		return services_migrate(services, &changed, error);
	return err == ERR_DENIED ? EX_NOPERM : EX_UNAVAILABLE;
}

int services_open(const struct services_options *options, struct services **services_r,
	struct error *error)
{
	struct arena *arena = arena_open(WORDS_BYTES * 16);
	struct services *services = ARENA_NEW(arena, struct services);
	services->arena = arena;
	services->limits = &options->config->limits;
	int status = open_database(services, options, error);
	if (options->config->database.dsn) {
		/* One user for all; in the private cluster each role has its own. */
		services->options[SERVICE_WEB].role = "dmarcd_web";
		services->options[SERVICE_READ].role = "dmarcd_read";
		services->options[SERVICE_NOTE].role = "dmarcd_web";
	}
	if (status == EX_OK && options->create && !options->schema_later &&
		options->handed_fd < 0)
		status = make_schema(services, options->may_be_away, error);
	if (status != EX_OK)
		services_close(&services);
	*services_r = services;
	return status;
}

void services_close(struct services **services)
{
	if (!*services)
		return;
	struct arena *arena = (*services)->arena;
	cluster_close(&(*services)->cluster);
	*services = NULL;
	arena_close(&arena);
}

const struct store_options *services_store_options(struct services *services, enum service_role role)
{
	return &services->options[role];
}

int services_store_open(struct services *services, enum service_role role, struct store **store_r,
	struct error *error)
{
	enum err err = store_open(&services->options[role], store_r, error);
	if (err)
		return err == ERR_DENIED ? EX_NOPERM : EX_UNAVAILABLE;
	err = store_check_schema(*store_r, error);
	if (!err)
		return EX_OK;
	store_close(store_r);
	if (error && !error->hint[0])
		error_hint(error, "dmarcd migrate");
	return EX_UNAVAILABLE;
}

int services_migrate(struct services *services, unsigned *changed_r, struct error *error)
{
	struct store *store = NULL;
	enum err err = store_open(&services->options[SERVICE_OWNER], &store, error);
	if (!err)
		err = migrate_run(store, changed_r, error);
	store_close(&store);
	return err == ERR_OK ? EX_OK : err == ERR_DENIED ? EX_NOPERM :
		err == ERR_TEMP || err == ERR_UNCERTAIN ? EX_UNAVAILABLE : EX_CONFIG;
}

int services_lost_fd(const struct services *services)
{
	return services->cluster ? cluster_lost_fd(services->cluster) : -1;
}

int services_revive(struct services *services, struct error *error)
{
	return cluster_revive(services->cluster, error);
}

const struct cluster *services_cluster(const struct services *services)
{
	return services->cluster;
}
