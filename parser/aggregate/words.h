// SPDX-License-Identifier: Apache-2.0
/*
 * The words of aggregate reports -> enums. Reading is tolerant in letter case
 * and white space; a word nobody specified is UNKNOWN, which never counts as
 * pass. Each function says in *exact_r whether the word was spelled as the
 * specifications (RFC 7489 appendix C, RFC 9990 appendix A) have it.
 */
#pragma once

#include "model/report.h"

enum disposition words_disposition(struct str word, bool *exact_r);
enum aligned words_aligned(struct str word, bool *exact_r);
/* A comment behind the word, "pass (2048-bit key)", is cut; "hardfail" is fail. */
enum auth_result words_dkim_result(struct str word, bool *exact_r);
enum auth_result words_spf_result(struct str word, bool *exact_r);
enum spf_scope words_spf_scope(struct str word, bool *exact_r);
enum override_type words_override_type(struct str word, bool *exact_r);

/* Values of policy_published. */
bool words_is_policy(struct str word);    /* none quarantine reject */
bool words_is_alignment(struct str word); /* r s */
bool words_is_percent(struct str word);   /* 0…100 */
bool words_is_fo(struct str word);        /* 0 1 d s, joined by ":" */
bool words_is_testing(struct str word);   /* n y */
bool words_is_discovery(struct str word); /* psl treewalk */
