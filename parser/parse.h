// SPDX-License-Identifier: Apache-2.0
/*
 * One input's bytes -> frames. The dirty wing's heart: runs only in a confined
 * worker (and in tests). It opens nothing, connects to nothing, and keeps no
 * state between calls. Memory is bounded by the limits; running out ends the
 * process, which costs this one mail.
 *
 * What is looked for, and in which order: see parser/README or
 * doc/architecture.md. Content decides, never a declared type or file name.
 */
#pragma once

#include "model/limits.h"
#include "model/wire.h"

/* Loads what libraries would otherwise load from disk on first use: GMime's
 * and glibc's charset converters, OpenSSL, libxml2's tables. Once, before
 * confinement. */
void parse_init(void);

/* Parses a small mail of its own and forgets it. After parse_init, before
 * confinement and fork: what is prepared then is prepared for all children. */
void parse_warm_up(const struct limits *limits);

struct report_check;

struct parse_input {
	int fd;         /* readable and seekable from 0 */
	uint64_t bytes; /* its size */
	int64_t now_epoch_secs;
	const struct limits *limits;
	const struct report_check *check; /* parser/payload.h; NULL: nothing is looked for */
};

/* Parses a mail (RFC 5322, an mbox "From " line before it is skipped) or a bare
 * XML, JSON, zip or gzip file and writes the whole stream of model/wire.h from
 * MAIL_HEAD to MAIL_END (the caller wrote HELLO). Never fails: whatever is
 * wrong with the input is said in MAIL_END. When the verdict is not
 * VERDICT_REPORTS, frames of reports written before are void. */
void parse_mail(const struct parse_input *input, struct wire_writer *writer);

/* Writes the unpacked bytes of report number report_no as BYTES frames and
 * BYTES_END (no bytes when there is no such report). */
void parse_extract(const struct parse_input *input, uint32_t report_no, struct wire_writer *writer);
