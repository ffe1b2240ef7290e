// SPDX-License-Identifier: Apache-2.0
#include "base/figures.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static const int64_t bounds_msecs[HISTOGRAM_BOUNDS] = {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000};

int figures_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		(void)close(fd);
		return -1;
	}
	if (fd >= 0)
		figures_say(fd, STR(""));
	return fd;
}

void figures_say(int figures, struct str text)
{
	char *block = malloc(FIGURES_BYTES);
	if (!block)
		die_out_of_memory();
	(void)memset(block, '\n', FIGURES_BYTES);
	if (text.len > 0 && text.len < FIGURES_BYTES)
		(void)memcpy(block, text.ptr, text.len);
	(void)!pwrite(figures, block, FIGURES_BYTES, 0);
	free(block);
}

static bool is_locked(int fd)
{
	return flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

void figures_read(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	char *text = is_locked(fd) ? malloc(FIGURES_BYTES) : NULL;
	ssize_t len = text ? pread(fd, text, FIGURES_BYTES, 0) : 0;
	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (len > 0) {
		buf_add(out, text, (size_t)len);
		buf_add_char(out, '\n');
	}
	free(text);
	(void)close(fd);
}

bool figures_told(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == EACCES;
	bool told = is_locked(fd);
	(void)close(fd);
	return told;
}

void figures_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void histogram_add(struct histogram *histogram, int64_t msecs)
{
	size_t at = 0;
	while (at < HISTOGRAM_BOUNDS && msecs > bounds_msecs[at])
		at++;
	histogram->counts[at]++;
	histogram->msecs += msecs > 0 ? (uint64_t)msecs : 0;
}

void histogram_write(const struct histogram *histogram, struct buf *out, const char *name, const char *help)
{
	uint64_t count = 0;
	figures_head(out, name, "histogram", help);
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		count += histogram->counts[i];
		buf_printf(out, "%s_bucket{le=\"", name);
		if (i < HISTOGRAM_BOUNDS)
			buf_printf(out, "%" PRId64 ".%03" PRId64, bounds_msecs[i] / 1000, bounds_msecs[i] % 1000);
		else
			buf_add_str(out, STR("+Inf"));
		buf_printf(out, "\"} %" PRIu64 "\n", count);
	}
	buf_printf(out, "%s_sum %" PRIu64 ".%03" PRIu64 "\n%s_count %" PRIu64 "\n", name, histogram->msecs / 1000,
		histogram->msecs % 1000, name, count);
}
