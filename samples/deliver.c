// SPDX-License-Identifier: Apache-2.0
#include "samples/deliver.h"

#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

_Noreturn static void fail(int status, const char *doing, const char *path)
{
	fprintf(stderr, "dmarcd-samples: could not %s %s: %s\n", doing, path, strerror(errno));
	exit(status);
}

static void join(char path_r[PATH_MAX], const char *dir, const char *name)
{
	int len = snprintf(path_r, PATH_MAX, "%s/%s", dir, name);
	if (len < 0 || len >= PATH_MAX) {
		errno = ENAMETOOLONG;
		fail(EX_CANTCREAT, "use", dir);
	}
}

static void make_dir(const char *path)
{
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		fail(EX_CANTCREAT, "make", path);
}

void deliver_open(const char *dir)
{
	static const char *const folders[] = {"new", "cur", "tmp"};
	char path[PATH_MAX];
	make_dir(dir);
	join(path, dir, "manifest.json");
	if (access(path, F_OK) == 0) {
		fprintf(stderr, "dmarcd-samples: %s holds samples already; name another folder\n", dir);
		exit(EX_CANTCREAT);
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		join(path, dir, folders[i]);
		make_dir(path);
	}
}

static void write_file(const char *path, struct str bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		fail(EX_CANTCREAT, "make", path);
	if (!write_all(fd, bytes.ptr, bytes.len) || close(fd) != 0)
		fail(EX_IOERR, "write", path);
}

void deliver_mail(const char *dir, const struct sample_mail *mail, unsigned serial,
	char file_r[DELIVER_NAME_BYTES])
{
	char name[DELIVER_NAME_BYTES], tmp[PATH_MAX], final[PATH_MAX];
	const struct timespec times[2] = {{.tv_sec = mail->date}, {.tv_sec = mail->date}};
	snprintf(name, sizeof(name), "tmp/%lld.M%06uP1_%u.%s", (long long)mail->date,
		serial % 1000000, serial, mail->host);
	join(tmp, dir, name);
	snprintf(file_r, DELIVER_NAME_BYTES, "new/%s", name + strlen("tmp/"));
	join(final, dir, file_r);
	write_file(tmp, mail->bytes);
	if (utimensat(AT_FDCWD, tmp, times, 0) != 0)
		fail(EX_IOERR, "date", tmp);
	if (rename(tmp, final) != 0)
		fail(EX_IOERR, "deliver", final);
}

void deliver_manifest(const char *dir, struct str text)
{
	char tmp[PATH_MAX], final[PATH_MAX];
	join(tmp, dir, "tmp/manifest.json");
	join(final, dir, "manifest.json");
	write_file(tmp, text);
	if (rename(tmp, final) != 0)
		fail(EX_IOERR, "make", final);
}
