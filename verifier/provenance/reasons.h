// SPDX-License-Identifier: Apache-2.0
/* What the mail's own authentication gives as reasons: codes, by blanks. */
#pragma once

#include "base/buf.h"
#include "model/verdict.h"

/* Once each. */
void reasons_add(struct buf *reasons, const char *code);

/* dmarc.* always; of the mechanisms what brought the pass, or all that stood in its way. */
void reasons_of_mail(struct buf *reasons, const struct verdict *verdict, bool failed);

/* Of the author's organisation, over the whole body, and it passes. */
bool reasons_signature_counts(const struct verdict *verdict, const struct verdict_dkim *dkim);

/* False when DMARC passes only by signatures that leave a part of the body to anybody (l=). */
bool reasons_mail_is_whole(const struct verdict *verdict);
