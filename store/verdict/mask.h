// SPDX-License-Identifier: Apache-2.0
/* A verdict without what it repeats of its message. Its answers go too: they have names made of local parts, and
 * nothing is left to hold them against. */
#pragma once

/* The condition goes behind it, of v. */
#define VERDICT_MASK \
	"UPDATE dmarcd.verdict v SET verdict = dmarcd.mask_verdict(v.verdict), mail_from = dmarcd.mask(v.mail_from), " \
	"answers = '' WHERE v.answers <> '' AND "
