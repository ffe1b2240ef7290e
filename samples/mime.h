// SPDX-License-Identifier: Apache-2.0
/*
 * Mails (RFC 5322, 2045) around reports. Line ends are LF, as in a Maildir.
 */
#pragma once

#include "samples/kit.h"

struct mime_head {
	const char *from;
	const char *to;
	const char *subject;
	const char *message_id; /* without angle brackets */
	int64_t date;
	int zone_minutes;
	const char *extra; /* more header lines, each with its LF; NULL: none */
};

struct mime_part {
	const char *type;
	const char *name; /* file name; NULL: inline text */
	const char *extra;
	struct str bytes;
	bool base64;
};

/* The header block up to and with MIME-Version, without the empty line. */
void mime_add_head(struct buf *out, const struct mime_head *head);
/* A boundary made from this text, at least 34 bytes long. */
#define MIME_BOUNDARY_BYTES 40
const char *mime_boundary(const char *text, char boundary_r[MIME_BOUNDARY_BYTES]);
/* A part's headers, an empty line and its content. */
void mime_add_part(struct buf *out, const struct mime_part *part);
/* The same with its delimiter line before it. */
void mime_add_multipart(struct buf *out, const char *boundary, const struct mime_part *part);
/* The final delimiter line. */
void mime_end_multipart(struct buf *out, const char *boundary);
/* Base64 in lines of 76. */
void mime_add_base64(struct buf *out, struct str bytes);
/* "Tue, 24 Nov 2026 01:02:03 +0900" */
#define MIME_DATE_BYTES 48
const char *mime_date(int64_t epoch_secs, int zone_minutes, char text[MIME_DATE_BYTES]);

/* The whole mail of an aggregate report, in its reporter's manner. serial is
 * part of the Message-ID: a report sent again has another. */
void mime_report_mail(struct buf *out, const struct sample_report *report, unsigned serial);
/* Two reports in one mail, the first one's reporter sending it. */
void mime_report_pair(struct buf *out, const struct sample_report *const reports[2]);
/* The report mail of *report as an attachment of a mail that forwards it. */
void mime_report_forwarded(struct buf *out, const struct sample_report *report);
/* A mail in the reporter's manner with these bytes as its attachment. */
void mime_attachment_mail(struct buf *out, const struct sample_report *report, const char *type,
	const char *name, struct str bytes);
