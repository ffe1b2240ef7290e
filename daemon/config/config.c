// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config.h"

#include "base/utf8.h"
#include "daemon/config/config_check.h"
#include "daemon/config/config_merge.h"
#include "daemon/config/config_value.h"
#include "daemon/config/config_yaml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define DROP_INS_MAX ((size_t)1000)

static enum err open_error(struct error *error, const char *path)
{
	enum err code = errno == ENOENT || errno == ENOTDIR ? ERR_NOTFOUND :
		errno == EACCES || errno == EPERM ? ERR_DENIED : ERR_PERM;
	return error_errno(error, code, errno, "could not open the configuration \"%s\"", path);
}

/* The whole file in the arena. A device, folder or endless pipe is refused. */
static enum err read_file(struct arena *arena, const char *path, struct str *text_r, struct error *error)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return open_error(error, path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return error_set(error, ERR_INVALID, "%s:1:1: not a regular file", path);
	}
	char *bytes = arena_alloc(arena, CONFIG_BYTES_MAX + 1);
	size_t len = 0;
	ssize_t got = 0;
	while (len <= CONFIG_BYTES_MAX &&
		(got = read(fd, bytes + len, CONFIG_BYTES_MAX + 1 - len)) > 0)
		len += (size_t)got;
	int failed = got < 0 ? errno : 0;
	(void)close(fd);
	if (failed)
		return error_errno(error, ERR_PERM, failed, "could not read the configuration \"%s\"", path);
	if (len > CONFIG_BYTES_MAX)
		return error_set(error, ERR_INVALID, "%s:1:1: larger than 1 MiB", path);
	*text_r = (struct str){bytes, len};
	return ERR_OK;
}

static enum err add_file(struct config *config, struct config_names *names, const char *path,
	struct error *error)
{
	struct str text;
	bool empty = false;
	struct raw_config *raw = NULL;
	enum err err = read_file(config->arena, path, &text, error);
	if (!err)
		err = config_check(path, text, names, &empty, error);
	if (!err && !empty)
		err = config_yaml_load(config->arena, path, text, &raw, error);
	if (!err && raw)
		config_merge(config, raw);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* conf.d/ beside the file, its *.yaml in the order of their names. */
static enum err add_drop_ins(struct config *config, struct config_names *names, const char *path,
	struct error *error)
{
	struct arena *arena = config->arena;
	struct str whole = str_from(path);
	size_t slash = str_rfind_char(whole, '/');
	struct str folder = slash == SIZE_MAX ? STR("./") : str_sub(whole, 0, slash + 1);
	const char *directory = arena_printf(arena, "%.*sconf.d", STR_FMT(folder));
	DIR *dir = opendir(directory);
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? ERR_OK : open_error(error, directory);
	const char **found = ARENA_ARRAY(arena, DROP_INS_MAX, const char *);
	size_t count = 0;
	for (struct dirent *entry; count < DROP_INS_MAX && (entry = readdir(dir));)
		if (entry->d_name[0] != '.' && str_ends(str_from(entry->d_name), STR(".yaml")))
			found[count++] = arena_printf(arena, "%s/%s", directory, entry->d_name);
	(void)closedir(dir);
	qsort(found, count, sizeof(found[0]), by_name);
	enum err err = ERR_OK;
	for (size_t i = 0; !err && i < count; i++)
		err = add_file(config, names, found[i], error);
	return err;
}

enum err config_load(const char *path, struct config **config_r, struct error *error)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct config *config = ARENA_NEW(arena, struct config);
	config->arena = arena;
	config_merge_defaults(config);
	enum err err = ERR_OK;
	if (path || access(CONFIG_PATH, F_OK) == 0) {
		struct config_names *names = config_names_open(arena);
		config->path = arena_cstr(arena, str_from(path ? path : CONFIG_PATH));
		err = add_file(config, names, config->path, error);
		if (!err)
			err = add_drop_ins(config, names, config->path, error);
	}
	if (err)
		arena_close(&arena);
	*config_r = err ? NULL : config;
	return err;
}

void config_free(struct config **config)
{
	struct arena *arena = *config ? (*config)->arena : NULL;
	*config = NULL;
	arena_close(&arena);
}
