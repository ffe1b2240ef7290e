// SPDX-License-Identifier: Apache-2.0
/*
 * DNS over a socket pair, for a process that may open none: relay asks,
 * dns_relay_serve answers from another back end. The asking side is the
 * confined worker, so the serving side reads hostile bytes: it proves lengths
 * and names, and answers one question after the other. The asking side reads
 * what a resolver made of strangers' answers and proves that as well.
 */
#pragma once

#include "base/error.h"
#include "dns/dns.h"

/* Asks over socket (SOCK_SEQPACKET, blocking), waiting at most timeout_msecs for each answer; after a
 * broken or late answer all further ones are DNS_TIMEOUT. Lives in arena; the socket stays the caller's.
 * Uses send, read and poll alone, which a confined worker may. */
struct dns *dns_relay_open(struct arena *arena, int socket, int timeout_msecs);

struct dns_question {
	uint32_t number; /* comes back with the answer */
	enum dns_type type;
	struct str name; /* valid and plain, as dns_query() gives it to a back end */
};

/* The serving side: waits for a question; its name is in text. False: the other side is gone, or sent what
 * is no question. */
NODISCARD bool dns_relay_read(int socket, struct dns_question *question_r, char text[DNS_NAME_BYTES_MAX + 1]);
/* Answers the question of this number. What is too large for a packet is DNS_SERVFAIL. False: the other
 * side is gone, or does not read its answers. */
NODISCARD bool dns_relay_answer(int socket, uint32_t number, const struct dns_answer *answer);
/* Both, for one question, from behind, with scratch reset for it. */
NODISCARD bool dns_relay_serve(int socket, struct dns *behind, struct arena *scratch);
