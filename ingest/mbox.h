// SPDX-License-Identifier: Apache-2.0
/*
 * An mbox file (RFC 4155) -> its mails, streaming. A mail's bytes are those
 * between its "From " line and the blank line before the next one, so that
 * the same mail has the same hash in an mbox and in a Maildir.
 */
#pragma once

#include "base/buf.h"
#include "base/error.h"

struct mbox;

/* True when the file begins with a "From " line that has a time of day. */
bool mbox_is(int fd);

/* Reads fd from its start; takes it over. */
struct mbox *mbox_open(int fd);
void mbox_close(struct mbox **mbox);

/* The mails one after the other: true when there is a further one; *offset_r
 * is where its "From " line begins. */
bool mbox_next(struct mbox *mbox, uint64_t *offset_r);
/* Its bytes in pieces; false at its end. Read it to the end before the next. */
bool mbox_piece(struct mbox *mbox, struct str *piece_r);
/* A read error of the file behind it. */
bool mbox_failed(const struct mbox *mbox, struct error *error);
/* Bytes read so far, for progress. */
uint64_t mbox_position(const struct mbox *mbox);
