// SPDX-License-Identifier: Apache-2.0
#include "ingest/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_MSECS 200
#define BAR_MAX 40u
#define COLUMNS_MAX 120u
#define TEXT_AROUND 56u /* of the line, beside the bar */

void progress_begin(struct progress *progress, bool wanted, uint64_t total_mails, uint64_t total_bytes)
{
	*progress = (struct progress){
		.on = wanted && isatty(STDERR_FILENO),
		.total_mails = total_mails,
		.total_bytes = total_bytes,
		.began_msecs = clock_monotonic_msecs(),
	};
}

/* An mbox is one file and many mails, so the share done is one of bytes. */
static unsigned permille_done(const struct progress *progress)
{
	if (progress->total_bytes == 0)
		return progress->mails >= progress->total_mails ? 1000 : 0;
	if (progress->bytes >= progress->total_bytes)
		return 1000;
	return (unsigned)((double)progress->bytes * 1000 / (double)progress->total_bytes);
}

static void time_left(unsigned permille, int64_t spent_msecs, char text[32])
{
	text[0] = '\0';
	if (permille < 5 || spent_msecs < 1000)
		return;
	int64_t left = spent_msecs * (1000 - (int64_t)permille) / permille / 1000;
	if (left >= 3600)
		(void)snprintf(text, 32, "%" PRId64 " h %02" PRId64 " min left", left / 3600, left / 60 % 60);
	else if (left >= 60)
		(void)snprintf(text, 32, "%" PRId64 " min %02" PRId64 " s left", left / 60, left % 60);
	else
		(void)snprintf(text, 32, "%" PRId64 " s left", left);
}

void progress_text(const struct progress *progress, int64_t now_msecs, unsigned columns,
	char text[PROGRESS_TEXT_BYTES])
{
	char bar[BAR_MAX + 1], left[32];
	unsigned permille = permille_done(progress);
	int64_t spent = now_msecs - progress->began_msecs;
	unsigned width = columns > TEXT_AROUND + 10 ? columns - TEXT_AROUND : 0;
	if (width > BAR_MAX)
		width = BAR_MAX;
	for (unsigned i = 0; i < width; i++)
		bar[i] = i * 1000 < permille * width ? '#' : '.';
	bar[width] = '\0';
	time_left(permille, spent, left);
	uint64_t rate = spent > 0 ? progress->mails * 1000 / (uint64_t)spent : 0;
	(void)snprintf(text, PROGRESS_TEXT_BYTES, "%s%s%s%3u %%  %" PRIu64 " mails  %" PRIu64 "/s  %s",
		width ? "[" : "", bar, width ? "] " : "", permille / 10, progress->mails, rate, left);
}

static unsigned terminal_columns(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return 80;
	return size.ws_col > COLUMNS_MAX ? COLUMNS_MAX : size.ws_col;
}

void progress_add(struct progress *progress, uint64_t mails, uint64_t bytes)
{
	char text[PROGRESS_TEXT_BYTES];
	progress->mails += mails;
	progress->bytes += bytes;
	int64_t now = clock_monotonic_msecs();
	if (!progress->on || now - progress->drawn_msecs < REDRAW_MSECS)
		return;
	progress->drawn_msecs = now;
	progress_text(progress, now, terminal_columns(), text);
	/* Back at its beginning, so that a line of the log takes its place. */
	(void)fprintf(stderr, "\r%s\033[K\r", text);
	(void)fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->on && progress->drawn_msecs != 0)
		(void)fputs("\r\033[K", stderr);
	progress->on = false;
}
