// SPDX-License-Identifier: Apache-2.0
/*
 * The DNS of one job: asks its back end, answers a question that was asked
 * before from memory, refuses more than its budget (DNS_TIMEOUT with a note),
 * and keeps every answer in the order of the questions: what a verdict rests on.
 */
#pragma once

#include "dns/dns.h"

#define DNS_QUERIES_MAX 60 /* of one mail (a default) */

struct dns_session;

/* Answers live in arena, as the session itself. behind outlives it. */
struct dns_session *dns_session_open(struct arena *arena, struct dns *behind, unsigned queries_max);
/* To be given to whoever asks. Its answers live as long as the session's arena, whatever arena was given. */
struct dns *dns_session_dns(struct dns_session *session);
/* Questions that went to the back end. */
unsigned dns_session_queries(const struct dns_session *session);
size_t dns_session_count(const struct dns_session *session);
const struct dns_answer *dns_session_at(const struct dns_session *session, size_t i);
