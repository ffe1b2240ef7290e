// SPDX-License-Identifier: Apache-2.0
/* JOB_PARSE: what the parser reads, held against itself by the verifier. */
#pragma once

#include "parser/parse.h"

/* parse_mail(), with a check of its own in input's place. bare: of records only what their sums need is written. */
void parse_job(const struct parse_input *input, bool bare, struct wire_writer *writer);
