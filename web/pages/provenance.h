// SPDX-License-Identifier: Apache-2.0
/*
 * The words for whether a report is genuine: its states and their reasons (doc/sql.md has the codes),
 * and how they are shown: by sign and word, never by colour alone.
 */
#pragma once

#include "web/page.h"

/* Whether there is such a state. */
bool provenance_find(struct str state);
/* Whether a list with commas has it. An absent list has nothing. */
bool provenance_has(struct str list, struct str state);
/* "": no such state. */
const char *provenance_meaning(struct str state);
/* Sets filter.listed and filter.counted by what was asked for and the configuration. */
void provenance_fill(struct request *request);

void provenance_write_badge(struct html *html, struct str state);
/* The filter's boxes; list: those asked for. */
void provenance_write_boxes(struct html *html, struct str list);
/* share: the per cent of messages that trusted reports tell of; the rest is flagged as configured. */
void provenance_write_trusted(struct html *html, const struct web_options *web, struct str share);
/* An array of reasons as PostgreSQL writes it: a sentence each. */
void provenance_write_reasons(struct html *html, struct str array);
/* Of view recheck; the code itself when it is not known. */
const char *provenance_difference(struct str code);
