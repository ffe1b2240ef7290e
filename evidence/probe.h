// SPDX-License-Identifier: Apache-2.0
/*
 * A probe: a message made to be sent through one of our mail servers, known
 * again by its id when it comes back to a sample Maildir. The id is 128 random
 * bits, which only who saw the message can know; it stands in a field of its
 * own and in the Message-ID, since a server on the way may take away either.
 */
#pragma once

#include "base/buf.h"

#define PROBE_ID_BYTES 33 /* 32 hex digits and a NUL */

struct probe {
	char id[PROBE_ID_BYTES];
	struct str mta, domain; /* through which, as which */
	struct str from, to;    /* dot-atom addresses (RFC 5322 section 3.4.1) */
	int64_t made_epoch_secs;
};

/* Fills probe->id from the kernel's random bytes. */
void probe_make_id(struct probe *probe);

/* The message (RFC 5322) with LF line ends, as sendmail(8) takes it. Whatever the MTA's name holds, it stays
 * in its line. */
void probe_write(struct buf *out, const struct probe *probe);

/* The id in X-Dmarcd-Probe, else in the Message-ID; absent: there is none. A view. */
struct str probe_id_of(struct str field, struct str message_id);
