// SPDX-License-Identifier: Apache-2.0
/*
 * A stored mail, or the sample in one of its failure reports, as a request to
 * the verifier: made alike when it is judged and when its verdict is repeated.
 */
#pragma once

#include "store/verdict/judgement.h"

/* What is known beside the bytes goes into the row, whose words and texts stay empty. part: 0 the mail, else
 * its report number part - 1. */
void request_hints(const struct judged_mail *mail, uint64_t part, const struct verify_list *trusted_hops,
	const struct verify_list *authserv_ids, struct verdict_row *row_r);

/* The request for a row with its hints. Views into both and into message. */
struct verify_request request_of(const struct judged_mail *mail, const struct verdict_row *row, struct str message);

/* Its bytes as the content of a memory file, to be closed; -1: none can be had. */
int request_fd(const struct verify_request *request, uint64_t *bytes_r);
