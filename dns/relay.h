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

/* Waits for one question from socket and answers it from behind, with scratch reset for it. An answer too
 * large for a packet is DNS_SERVFAIL. False: the other side is gone, sent what is no question, or does
 * not read its answers. */
NODISCARD bool dns_relay_serve(int socket, struct dns *behind, struct arena *scratch);
