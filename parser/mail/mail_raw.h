// SPDX-License-Identifier: Apache-2.0
/*
 * A mail's raw bytes before GMime: the limits are checked (mail_scan), and two
 * kinds of damage that GMime does not cope with are repaired in a copy: line
 * ends of a bare CR, and "ContentType:" for Content-Type. Sound mails are not
 * copied.
 */
#pragma once

#include "base/buf.h"
#include "parser/mail/mail_scan.h"
#include "parser/parse.h"
#include "parser/payload.h"

/* The bytes of a file from an offset on, as a payload. */
struct mail_raw_file {
	struct payload payload;
	int fd;
	uint64_t at, end;
};

/* fd stays the caller's; its position is neither used nor moved. */
void mail_raw_file_init(struct mail_raw_file *file, int fd, uint64_t from, uint64_t to);

/* The mail behind byte `from`. *repaired holds a repaired copy when it had to be made, else it
 * stays empty. False: *reject names the limit. */
NODISCARD bool mail_raw_check_fd(const struct parse_input *input, uint64_t from,
	struct buf *repaired, struct mail_scan_facts *facts_r, struct reject *reject);

/* The same for a mail in memory, repaired in place. */
NODISCARD bool mail_raw_check_bytes(struct buf *bytes, const struct limits *limits,
	struct mail_scan_facts *facts_r, struct reject *reject);
