// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "base/notice.h"
#include "ingest/pipeline.h"
#include "ingest/watch.h"

#include <sys/statvfs.h>
#include <unistd.h>

#define PAUSE_MSECS_MIN 1000

void pipeline_pause_open(struct pipeline *pipeline)
{
	struct arena *arena = arena_open(4096);
	pipeline->pause.notice = notice_open(arena_printf(arena, "%s/%s", pipeline->options->state_dir, INGEST_NOTICE));
	arena_close(&arena);
}

void pipeline_pause_close(struct pipeline *pipeline)
{
	if (pipeline->pause.notice < 0)
		return;
	notice_say(pipeline->pause.notice, NULL);
	(void)close(pipeline->pause.notice);
}

void pipeline_check_disk(struct pipeline *pipeline)
{
	struct statvfs fs;
	struct error error = {0};
	uint64_t percent = pipeline->options->limits->disk_free_percent;
	if (statvfs(pipeline->options->state_dir, &fs) != 0 || fs.f_blocks == 0 ||
		(wide)fs.f_bavail * 100 >= (wide)fs.f_blocks * percent)
		return;
	(void)error_set(&error, ERR_LIMIT, "less than %llu %% of the disk of %s is free",
		(unsigned long long)percent, pipeline->options->state_dir);
	error_hint(&error, "make room there; limits.disk_free_percent is where intake stops");
	pipeline_block(pipeline, &error);
}

int pipeline_pause(struct pipeline *pipeline)
{
	struct pipeline_pause *pause = &pipeline->pause;
	struct error why = {0};
	if (pipeline->blocked)
		why = pipeline->trouble;
	else
		(void)source_away(pipeline->source, &why); /* one Maildir's absence is no pause for the others */
	if (pause->notice >= 0)
		notice_say(pause->notice, why.code ? why.text : NULL);
	if (pipeline->blocked != pause->told) {
		struct log_line line;
		log_begin(&line, pipeline->blocked ? LOG_ERROR_LEVEL : LOG_INFO_LEVEL,
			pipeline->blocked ? "intake pauses" : "intake goes on");
		if (pipeline->blocked)
			log_error(&line, &why);
		log_end(&line);
	}
	pause->told = pipeline->blocked;
	pause->msecs = !why.code ? 0 : pause->msecs == 0 ? PAUSE_MSECS_MIN : pause->msecs * 2;
	if (pause->msecs > WATCH_RESCAN_MSECS)
		pause->msecs = WATCH_RESCAN_MSECS;
	return why.code ? pause->msecs : WATCH_RESCAN_MSECS;
}
