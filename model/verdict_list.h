// SPDX-License-Identifier: Apache-2.0
/*
 * What the verifier says, field by field: each list makes a struct of
 * model/verdict.h, its spelling in frames and its keys in JSON, so that a
 * field is added in one place. Kinds of field:
 *
 *	RESULT(name)  enum auth_result, a word of RFC 8601
 *	TEXT(name)    struct str; absent where it has no sense
 *	NUMBER(name)  uint64_t
 *	FLAG(name)    bool
 *	MAYBE(name)   enum maybe: yes, no, or not known
 *
 * reason is a short constant word for programs, detail a sentence for people.
 */
#pragma once

/* Who the message says it is, and where that was found: given, Return-Path, Received,
 * Received-SPF, Authentication-Results, From. kind: header_from mail_from helo ip, one of each but the first;
 * then for who knows his own hosts and mails: rdns (of the client, by our border), received (names that hosts
 * before it go by, as they say), message_id, probe (X-Dmarcd-Probe) */
#define VERDICT_IDENTITY_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	TEXT(kind) TEXT(value) TEXT(source)

/* RFC 7208. identity: mailfrom or helo; term: the one that decided; problem: for permerror and temperror. */
#define VERDICT_SPF_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	RESULT(result) TEXT(domain) TEXT(identity) TEXT(sender) TEXT(helo) TEXT(ip) TEXT(explanation) \
	TEXT(problem) TEXT(term) TEXT(record) NUMBER(lookups) NUMBER(void_lookups)

/* RFC 6376: one signature. auid: i=; body_hash_matches and signature_matches are judged apart; key_fits: the key
 * that is published made it, whatever was changed since; cause: what usually lies behind such a failure, as
 * far as trying showed it. body_signed: canonical octets under l=. */
#define VERDICT_DKIM_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	RESULT(result) TEXT(domain) TEXT(selector) TEXT(auid) TEXT(algorithm) TEXT(canonicalization) TEXT(reason) \
	TEXT(detail) TEXT(cause) MAYBE(body_hash_matches) MAYBE(signature_matches) MAYBE(key_fits) TEXT(body_hash) \
	TEXT(header_hash) TEXT(signature) TEXT(signed_fields) TEXT(key_record) NUMBER(key_bits) FLAG(key_testing) \
	FLAG(author_domain) FLAG(partial_body) NUMBER(body_signed) NUMBER(body_bytes) TEXT(created) TEXT(expires)

/* RFC 8617, one set. */
#define VERDICT_ARC_SET_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	NUMBER(instance) TEXT(domain) TEXT(selector) TEXT(message_domain) TEXT(message_selector) TEXT(cv) \
	MAYBE(message_signature) MAYBE(seal) TEXT(authentication_results) TEXT(detail)

/* The chain. sets: the highest instance; failed_at: the instance that broke it; trusted_sealer: the
 * domain on the list whose pass would override DMARC, a local policy fact. */
#define VERDICT_ARC_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	RESULT(result) NUMBER(sets) TEXT(reason) TEXT(detail) NUMBER(failed_at) NUMBER(oldest_pass) \
	TEXT(trusted_sealer) FLAG(would_override)

/* RFC 9989, or RFC 7489 by method "psl". policy: the p, sp or np that applies, before t=y;
 * policy_tag: which of them; disposition: after t=y or pct and before local policy, "pass" for a pass;
 * override_reason: policy_test_mode or sampled_out where that is weaker than policy. org_domain: by method;
 * org_domain_psl, org_domain_walk: by each of both, where it is known. */
#define VERDICT_DMARC_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	RESULT(result) TEXT(policy) TEXT(policy_tag) TEXT(disposition) TEXT(policy_domain) TEXT(author_domain) \
	TEXT(org_domain) TEXT(org_domain_psl) TEXT(org_domain_walk) TEXT(method) TEXT(override_reason) \
	FLAG(spf_aligned) FLAG(dkim_aligned) TEXT(adkim) \
	TEXT(aspf) FLAG(testing) MAYBE(author_exists) TEXT(record) TEXT(reason) TEXT(detail)

/* draft-brand-indicators-for-message-identification. location and evidence: l= and a=; preference: avp=; authority:
 * pass, fail or none; indicator_hash: SHA-256 of the SVG, in hex; from mark_type on as the certificate says, mark_kind
 * being VMC or CMC. */
#define VERDICT_BIMI_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	RESULT(result) TEXT(domain) TEXT(selector) TEXT(location) TEXT(authority) TEXT(record) TEXT(indicator_hash) \
	TEXT(evidence) TEXT(preference) TEXT(mark_type) TEXT(mark_kind) TEXT(mark_owner) TEXT(trademark) TEXT(issuer) \
	TEXT(not_before) TEXT(not_after) TEXT(reason) TEXT(detail)

/* What others said in Authentication-Results, ARC-Authentication-Results or Received-SPF, one method each.
 * field: the header field's name; reason: reason= or, where there is none, the comment; agrees: with what we found. */
#define VERDICT_CLAIM_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	TEXT(field) TEXT(authserv_id) TEXT(method) TEXT(result) TEXT(reason) TEXT(properties) MAYBE(agrees) \
	FLAG(trusted)

/* Of a report mail: whether each of its reports is what it says (DESIGN: provenance). state: verified plausible
 * unverified contradicted, or pending where the DNS could not say; domain: the organisational domain that
 * authenticates the mail; submitter: the one that Subject or file name gives; reasons: codes, by blanks;
 * destination: the domain of the address that it came to, where that is another's than the policy's. */
#define VERDICT_PROVENANCE_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	NUMBER(report_no) TEXT(state) TEXT(domain) TEXT(submitter) TEXT(reasons) TEXT(destination) \
	MAYBE(destination_authorised) TEXT(detail)

/* Of a failure report's sample: what the reporter said of a method beside what we find. difference: same, or a
 * code for why the two differ, or why nothing can be found. */
#define VERDICT_RECHECK_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	TEXT(method) TEXT(reporter) TEXT(ours) TEXT(difference) TEXT(detail)

/* Whether an identifier is aligned (relaxed) with an author domain, by each method. */
#define VERDICT_ALIGNMENT_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	TEXT(identifier) TEXT(author) MAYBE(treewalk) MAYBE(psl)

/* A record that would mend what was found. */
#define VERDICT_ADVICE_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	TEXT(severity) TEXT(code) TEXT(name) TEXT(type) TEXT(record) TEXT(text)

/* One thing that was done. part: spf dkim arc dmarc bimi message; kind: dns term macro hash key try walk …;
 * name = value -> result (note), each where it has sense. */
#define VERDICT_STEP_FIELDS(RESULT, TEXT, NUMBER, FLAG, MAYBE) \
	TEXT(part) NUMBER(depth) TEXT(kind) TEXT(name) TEXT(value) TEXT(result) TEXT(note)
