// SPDX-License-Identifier: Apache-2.0
/*
 * One line per event, key=value, escaped at the exit. Goes to stderr as
 * logfmt, or to the journal with DMARCD_* fields when stderr is the journal
 * ($JOURNAL_STREAM). Only ingest, web, monitor, worker's template and daemon
 * log; the rooms below return what they know. The level and the process name
 * are the only mutable globals of the house.
 *
 *	struct log_line line;
 *	log_begin(&line, LOG_INFO_LEVEL, "mail stored");
 *	log_str(&line, "mail", hash8);
 *	log_u64(&line, "reports", n);
 *	log_end(&line);
 */
#pragma once

#include "base/buf.h"

enum log_level { LOG_DEBUG_LEVEL, LOG_INFO_LEVEL, LOG_WARN_LEVEL, LOG_ERROR_LEVEL };

struct log_line {
	enum log_level level;
	bool wanted;
	struct buf text;    /* logfmt */
	struct buf journal; /* native journal protocol; unused elsewhere */
};

/* Called once at the start of a process. process: "ingest", "web", … */
void log_init(const char *process, enum log_level least);

void log_begin(struct log_line *line, enum log_level level, const char *event);
void log_str(struct log_line *line, const char *key, struct str value);
void log_cstr(struct log_line *line, const char *key, const char *value);
void log_u64(struct log_line *line, const char *key, uint64_t value);
void log_error(struct log_line *line, const struct error *error); /* error=… hint=… */
void log_end(struct log_line *line);

/* An event without fields. */
void log_event(enum log_level level, const char *event);
