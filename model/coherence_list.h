// SPDX-License-Identifier: Apache-2.0
/* COHERENCE(NAME, "stable.code", kind, sentence). No include guard: an X-macro list. kind: RECORD or REPORT for
 * what no reading of RFC 7489, RFC 9989 or RFC 9990 allows; NOTE for what explains one that was taken back.
 * New ones go to the end; codes never change once released. doc/coherence.md explains each. */

/* policy_evaluated against auth_results */
COHERENCE(DKIM_PASS_WITHOUT_RESULT, "dkim.pass_without_result", RECORD, "DKIM is evaluated as pass, and no signature passes")
COHERENCE(DKIM_PASS_UNALIGNED, "dkim.pass_unaligned", RECORD, "DKIM is evaluated as pass, and no domain of a passing signature is aligned")
COHERENCE(DKIM_FAIL_THOUGH_ALIGNED, "dkim.fail_though_aligned", RECORD, "DKIM is evaluated as fail, though a passing signature is aligned")
COHERENCE(SPF_PASS_WITHOUT_RESULT, "spf.pass_without_result", RECORD, "SPF is evaluated as pass, and no SPF result passes")
COHERENCE(SPF_PASS_UNALIGNED, "spf.pass_unaligned", RECORD, "SPF is evaluated as pass, and no domain that passes SPF is aligned")
COHERENCE(SPF_FAIL_THOUGH_ALIGNED, "spf.fail_though_aligned", RECORD, "SPF is evaluated as fail, though MAIL FROM passes and is aligned")
COHERENCE(SPF_OTHER_MAIL_FROM, "spf.other_mail_from", RECORD, "SPF of MAIL FROM is about another domain than the envelope's")

/* disposition against the policy */
COHERENCE(DISPOSITION_THOUGH_PASS, "disposition.though_pass", RECORD, "quarantined or rejected without a reason, though DMARC passes")
COHERENCE(DISPOSITION_PASS_THOUGH_FAIL, "disposition.pass_though_fail", RECORD, "the disposition is pass without a reason, though DMARC fails")
COHERENCE(DISPOSITION_WEAKER, "disposition.weaker", RECORD, "DMARC fails and less was done than the policy asks for, without a reason")
COHERENCE(DISPOSITION_STRONGER, "disposition.stronger", RECORD, "DMARC fails and more was done than the policy asks for, without a reason")
COHERENCE(OVERRIDE_NOT_TESTING, "override.not_testing", RECORD, "the reason is policy_test_mode, and the published policy is not in test mode")
COHERENCE(OVERRIDE_NOT_SAMPLED, "override.not_sampled", RECORD, "the reason is sampled_out, and the published policy is for all mail")

/* identifiers, sums, dates */
COHERENCE(HEADER_FROM_FOREIGN, "header_from.foreign", RECORD, "the header From domain is not at or below the policy domain")
COHERENCE(COUNT_ZERO, "count.zero", RECORD, "the record is of no message at all")
COHERENCE(DATES_AHEAD, "dates.ahead", REPORT, "the period ends after the mail that brings the report was written")

/* why a contradiction was taken back */
COHERENCE(ALIGNMENT_TREEWALK, "alignment.treewalk", NOTE, "aligned by the tree walk, not by the public suffix list")
COHERENCE(ALIGNMENT_PSL, "alignment.psl", NOTE, "aligned by the public suffix list, not by the tree walk")
