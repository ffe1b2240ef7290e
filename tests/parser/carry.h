// SPDX-License-Identifier: Apache-2.0
/*
 * For tests of the mail side of the parser: builds mails and archives, runs
 * parse_mail() over them from a memory file, and keeps what came out of the
 * frames as plain data. Everything lives in one arena; carry_open() first,
 * carry_close() last.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "model/limits.h"
#include "model/wire.h"
#include "parser/parse.h"

#define CARRIED_REPORTS_MAX 64
#define CARRIED_POLICIES_MAX 32
#define CARRY_NOW ((int64_t)1790000000)

struct carried_report {
	enum report_kind kind;
	struct str member;
	uint64_t issues[ISSUE_CODE_COUNT]; /* how often each */
	struct report_totals totals;
	struct aggregate_head aggregate;
	uint64_t records; /* RECORD frames */
	uint64_t contradictory; /* of them: all, where p is reject */
	struct ip first_source;
	struct failure_report failure;
	struct tls_head tls;
	struct tls_policy policies[CARRIED_POLICIES_MAX];
	size_t policies_count;
	struct tls_detail first_detail;
	uint64_t details;
};

struct carried {
	struct mail_end end;
	bool has_head;
	struct mail_head head;
	struct carried_report reports[CARRIED_REPORTS_MAX];
	size_t reports_count; /* REPORT_ENDs */
};

void carry_open(void);
void carry_close(void);
struct arena *carry_arena(void);

/* parse_mail() over the bytes, or over a file. limits NULL: the defaults. */
struct carried *carry_bytes(struct str bytes, const struct limits *limits);
struct carried *carry_file(const char *path, const struct limits *limits);
/* parse_extract(). */
struct str carry_extract(struct str bytes, uint32_t report_no);

/* A file of the corpus, "failure/x.eml"; absent when there is no corpus. */
struct str carry_corpus_file(const char *name);
/* The corpus folder, or NULL: then the test is to be skipped (and fails when CI is set). */
const char *carry_corpus(void);

/* The code of the one thing that went wrong, "" for VERDICT_REPORTS. */
const char *carry_code(const struct carried *carried);
/* "code code" of report i's issues, in the order of the list. */
const char *carry_issues(const struct carried *carried, size_t i);

/* ---- building ---- */

struct str carry_read(const char *path);
struct str carry_cat(const char *fmt, ...) PRINTF_LIKE(1, 2);
struct str carry_join(struct str a, struct str b);
struct str carry_repeat(struct str s, size_t times);
struct str carry_base64(struct str bytes);      /* in lines of 76 */
struct str carry_base64_long(struct str bytes); /* in one line */
struct str carry_gzip(struct str bytes);
struct str carry_zlib(struct str bytes);
struct str carry_deflate(struct str bytes); /* without a frame */
struct str carry_uuencode(struct str bytes);
struct str carry_utf16(struct str ascii, bool little); /* with its mark */
struct str carry_replace(struct str s, struct str from, struct str to); /* every occurrence */

struct carry_member {
	const char *name;
	struct str bytes;
	bool stored;
	uint16_t method; /* 0: stored or deflate, as it is */
	bool encrypted, descriptor, zip64, directory, symlink;
	int64_t lie_size; /* added to the uncompressed size that is told */
	bool bad_crc;
};

struct str carry_zip(const struct carry_member *members, size_t count);
struct str carry_zip1(const char *name, struct str bytes);

/* A small whole report, as XML and JSON. */
struct str carry_xml(const char *report_id);
struct str carry_json(const char *report_id);

/* From, To, Subject, Date, Message-ID. */
struct str carry_header(void);
/* A part: its header and its content in base64. type may go on with parameters. */
struct str carry_part(const char *type, struct str bytes);
/* A mail whose body is that part. */
struct str carry_single(const char *type, struct str bytes);
/* header, then a multipart of that type ("mixed") with these parts. */
struct str carry_multipart(struct str header, const char *type, const struct str *parts, size_t count);
