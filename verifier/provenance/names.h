// SPDX-License-Identifier: Apache-2.0
/* What Subject and file name of a report mail say: hostile texts in many spellings, of which nothing is believed. */
#pragma once

#include "verifier/message.h"

/* What could be read of a Subject; absent: not said. */
struct report_subject {
	struct str domain;    /* "Report Domain", an A-label */
	struct str submitter; /* an A-label */
	struct str report_id; /* without angle brackets, as sent */
};

/* `Report Domain: d Submitter: s Report-ID: <id>`: any case, folded, encoded words, separators, parts that are
 * missing, words of another language in the same order. */
void report_subject_parse(struct arena *arena, struct str subject, struct report_subject *subject_r);

/* receiver "!" policy-domain "!" begin "!" end [ "!" unique-id ] "." extension. Domains are A-labels. */
struct report_file {
	struct str receiver;
	struct str policy_domain;
	int64_t begin_epoch_secs, end_epoch_secs; /* 0: not readable */
};

/* False when the name is of another form. */
bool report_file_parse(struct arena *arena, struct str name, struct report_file *file_r);

/* A text that is one domain name with a dot in it, such as "google.com" or "Mail.Ru", and no name of a company. */
bool report_name_is_domain(struct arena *arena, struct str name, struct str *domain_r);
