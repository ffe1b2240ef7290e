// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "ingest/pipeline.h"

#include <inttypes.h>
#include <unistd.h>

#define SAY_MSECS 1000
#define PASS_MSECS 10000  /* a million names are not looked at before the first of them is taken in */
#define MEASURE_SHARE 100 /* of the time, what looking into folders may take: a hundredth */

void pipeline_figures_open(struct pipeline *pipeline)
{
	struct arena *arena = arena_open(4096);
	pipeline->figures.fd = figures_open(arena_printf(arena, "%s/%s", pipeline->options->state_dir, INGEST_FIGURES));
	arena_close(&arena);
}

void pipeline_figures_close(struct pipeline *pipeline)
{
	if (pipeline->figures.fd >= 0)
		(void)close(pipeline->figures.fd);
}

static void measure(struct pipeline *pipeline, int64_t now_msecs)
{
	struct pipeline_figures *figures = &pipeline->figures;
	if (now_msecs < figures->measure_msecs)
		return;
	figures->queue = source_measure(pipeline->source);
	const int64_t took_msecs = clock_monotonic_msecs() - now_msecs;
	figures->measure_msecs = now_msecs + took_msecs * MEASURE_SHARE;
}

static void say(const struct pipeline_figures *figures)
{
	static const char queue[] = "dmarcd_ingest_queue_messages", oldest[] = "dmarcd_ingest_oldest_seconds";
	struct buf text;
	const int64_t secs = figures->queue.files > 0 ? clock_epoch_secs() - figures->queue.oldest_epoch_secs : 0;
	buf_init(&text, FIGURES_BYTES);
	figures_head(&text, queue, "gauge", "Mails in new/ of the Maildirs, those in hand too.");
	buf_printf(&text, "%s %" PRIu64 "\n", queue, figures->queue.files);
	figures_head(&text, oldest, "gauge", "For how long the oldest of them has been there; 0 without any.");
	buf_printf(&text, "%s %" PRId64 "\n", oldest, secs > 0 ? secs : 0);
	histogram_write(&figures->durations, &text, "dmarcd_ingest_duration_seconds",
		"From reading a mail until it has left new/.");
	figures_say(figures->fd, buf_str(&text));
	buf_fini(&text);
}

void pipeline_figures_say(struct pipeline *pipeline, bool now)
{
	struct pipeline_figures *figures = &pipeline->figures;
	const int64_t now_msecs = clock_monotonic_msecs();
	if (figures->fd < 0 || (!now && now_msecs < figures->say_msecs))
		return;
	if (now || now_msecs - figures->pass_msecs > PASS_MSECS)
		measure(pipeline, now_msecs);
	say(figures);
	figures->say_msecs = clock_monotonic_msecs() + SAY_MSECS;
}
