// SPDX-License-Identifier: Apache-2.0
/*
 * The DNS of one job: asks its back end, answers a question that was asked
 * before from memory, refuses more than its budget (DNS_TIMEOUT with a note:
 * too many questions, or answers too long to be kept), and keeps every answer
 * in the order of the questions: what a verdict rests on.
 */
#pragma once

#include "dns/dns.h"

#define DNS_QUERIES_MAX 60 /* of one mail (a default) */
#define DNS_KEPT_BYTES_MAX ((size_t)8 * 1024 * 1024) /* of its answers, written as a replay file at its longest */

struct dns_session;

/* Answers live in arena, as the session itself. behind outlives it. */
struct dns_session *dns_session_open(struct arena *arena, struct dns *behind, unsigned queries_max);
/* To be given to whoever asks. Its answers live as long as the session's arena, whatever arena was given. */
struct dns *dns_session_dns(struct dns_session *session);
/* Questions that went to the back end. */
unsigned dns_session_queries(const struct dns_session *session);
size_t dns_session_count(const struct dns_session *session);
const struct dns_answer *dns_session_at(const struct dns_session *session, size_t i);
