// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_BYTES ((size_t)16 * 1024)
#define VALUE_BYTES ((size_t)1024)
#define SHOWN_BYTES_MAX ((size_t)PIPE_BUF - 64) /* a pipe with room takes PIPE_BUF, and may wait with more */
#define PATIENCE_MSECS 1000

static const char *process_name = "dmarcd";
static enum log_level least_level = LOG_INFO_LEVEL;
static int journal_fd = -1;
static int pipe_fd = -1; /* stderr, where it is a pipe, opened anew so that no write waits */
static atomic_ullong lost_lines; /* since the last that could be written */

static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	if (!stream || fstat(STDERR_FILENO, &st) != 0)
		return false;
	char own[64];
	(void)snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	return strcmp(own, stream) == 0;
}

/* O_NONBLOCK on stderr itself would be everybody's who has it too. Not ours to open (EACCES): as stderr. */
static void open_pipe(void)
{
	struct stat st;
	if (fstat(STDERR_FILENO, &st) == 0 && S_ISFIFO(st.st_mode))
		pipe_fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

void log_init(const char *process, enum log_level least)
{
	process_name = process;
	least_level = least;
	if (pipe_fd < 0)
		open_pipe();
	if (journal_fd >= 0 || !stderr_is_journal())
		return;
	struct sockaddr_un journal = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
	journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (journal_fd >= 0 && connect(journal_fd, (struct sockaddr *)&journal, sizeof(journal)) != 0) {
		(void)close(journal_fd);
		journal_fd = -1;
	}
}

/* Journal native protocol: KEY, newline, 64-bit little-endian length, value, newline. */
static void journal_field(struct buf *journal, const char *prefix, const char *key, struct str value)
{
	buf_printf(journal, "%s", prefix);
	for (const char *c = key; *c; c++)
		buf_add_char(journal, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
	buf_add_char(journal, '\n');
	uint64_t len = value.len;
	for (int shift = 0; shift < 64; shift += 8)
		buf_add_char(journal, (char)(len >> shift & 0xff));
	buf_add_str(journal, value);
	buf_add_char(journal, '\n');
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	static const char *const priorities[] = {"7", "6", "4", "3"};
	line->level = level;
	line->wanted = level >= least_level;
	if (!line->wanted)
		return;
	buf_init(&line->text, LINE_BYTES);
	buf_init(&line->journal, LINE_BYTES);
	if (journal_fd >= 0) {
		journal_field(&line->journal, "", "priority", str_from(priorities[level]));
		journal_field(&line->journal, "", "syslog_identifier", STR("dmarcd"));
		journal_field(&line->journal, "DMARCD_", "process", str_from(process_name));
		journal_field(&line->journal, "DMARCD_", "event", str_from(event));
		buf_printf(&line->text, "event=\"%s\"", event);
		return;
	}
	char when[TIME_TEXT_BYTES];
	buf_printf(&line->text, "time=%s level=%s process=%s event=\"%s\"",
		time_format(clock_epoch_secs(), when), names[level], process_name, event);
}

void log_str(struct log_line *line, const char *key, struct str value)
{
	if (!line->wanted)
		return;
	value = str_sub(value, 0, VALUE_BYTES);
	if (journal_fd >= 0)
		journal_field(&line->journal, "DMARCD_", key, value);
	struct buf shown;
	buf_init(&shown, LINE_BYTES);
	utf8_add_visible(&shown, value, true);
	bool quote = shown.len == 0;
	for (size_t i = 0; i < shown.len && !quote; i++)
		quote = shown.ptr[i] == ' ' || shown.ptr[i] == '"' || shown.ptr[i] == '=';
	buf_printf(&line->text, quote ? " %s=\"" : " %s=", key);
	for (size_t i = 0; i < shown.len; i++) {
		if (shown.ptr[i] == '"')
			buf_add_char(&line->text, '\\');
		buf_add_char(&line->text, shown.ptr[i]);
	}
	if (quote)
		buf_add_char(&line->text, '"');
	buf_fini(&shown);
}

void log_cstr(struct log_line *line, const char *key, const char *value)
{
	log_str(line, key, str_from(value));
}

void log_u64(struct log_line *line, const char *key, uint64_t value)
{
	char digits[24];
	(void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	log_cstr(line, key, digits);
}

void log_error(struct log_line *line, const struct error *error)
{
	log_cstr(line, "error", error->text);
	if (error->hint[0])
		log_cstr(line, "hint", error->hint);
}

/* A pipe that nobody empties is waited for once, not at each line. Who shares it may fill it behind poll(). */
static bool write_text(const struct log_line *line, bool patient)
{
	struct pollfd out = {.fd = pipe_fd >= 0 ? pipe_fd : STDERR_FILENO, .events = POLLOUT};
	return poll(&out, 1, patient ? PATIENCE_MSECS : 0) == 1 &&
		write(out.fd, line->text.ptr, line->text.len) == (ssize_t)line->text.len;
}

void log_end(struct log_line *line)
{
	if (!line->wanted)
		return;
	/* A log that cannot be written must never stop the work it tells of. */
	uint64_t lost = atomic_exchange(&lost_lines, 0);
	ssize_t sent = -1;
	line->text.len = utf8_cut(buf_str(&line->text), SHOWN_BYTES_MAX);
	if (lost > 0)
		log_u64(line, "lost_lines", lost);
	if (journal_fd >= 0) {
		journal_field(&line->journal, "", "message", buf_str(&line->text));
		sent = send(journal_fd, line->journal.ptr, line->journal.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	buf_add_char(&line->text, '\n');
	if (sent < 0 && !write_text(line, lost == 0))
		(void)atomic_fetch_add(&lost_lines, lost + 1);
	buf_fini(&line->text);
	buf_fini(&line->journal);
}

void log_event(enum log_level level, const char *event)
{
	struct log_line line;
	log_begin(&line, level, event);
	log_end(&line);
}
