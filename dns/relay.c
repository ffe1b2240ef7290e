// SPDX-License-Identifier: Apache-2.0
#include "dns/relay.h"

#include "base/buf.h"
#include "base/clock.h"
#include "dns/packet.h"
#include "dns/rdata.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct relay {
	struct dns dns;
	int socket;
	int timeout_msecs;
	uint32_t number;
	struct str broken; /* why nothing is asked any more */
	char *packet;
};

/* False: nothing came until then. */
static bool wait_readable(int socket, int64_t deadline_msecs)
{
	struct pollfd wanted = {.fd = socket, .events = POLLIN};
	for (;;) {
		int64_t left = deadline_msecs - clock_monotonic_msecs();
		int count = poll(&wanted, 1, left > 0 ? (int)left : 0);
		if (count > 0)
			return true;
		if (count == 0 || errno != EINTR)
			return false;
	}
}

static ssize_t read_packet(int socket, char *packet, size_t room)
{
	ssize_t got;
	do
		got = read(socket, packet, room);
	while (got < 0 && errno == EINTR);
	return got;
}

static bool send_question(struct relay *relay, const struct dns_question *question)
{
	struct buf out;
	ssize_t sent;
	buf_init(&out, DNS_QUESTION_BYTES_MAX);
	dns_question_write(&out, question);
	do
		sent = send(relay->socket, out.ptr, out.len, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	bool whole = sent == (ssize_t)out.len;
	buf_fini(&out);
	return whole;
}

/* What broke, or absent. */
static struct str ask(struct relay *relay, struct arena *arena, const struct dns_question *question,
	struct dns_answer *answer_r)
{
	int64_t deadline_msecs = clock_monotonic_msecs() + relay->timeout_msecs;
	if (!send_question(relay, question))
		return STR("the resolver is gone");
	if (!wait_readable(relay->socket, deadline_msecs))
		return STR("the resolver did not answer in time");
	ssize_t got = read_packet(relay->socket, relay->packet, DNS_ANSWER_BYTES_MAX + 1);
	if (got <= 0)
		return STR("the resolver is gone");
	struct str packet = {relay->packet, (size_t)got};
	if (packet.len > DNS_ANSWER_BYTES_MAX || !dns_answer_read(packet, question, arena, answer_r))
		return STR("the resolver's answer cannot be read");
	return STR_NONE;
}

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	struct relay *relay = (struct relay *)dns;
	struct dns_question question = {.number = ++relay->number, .type = type, .name = name};
	if (!relay->broken.ptr)
		relay->broken = ask(relay, arena, &question, answer_r);
	if (relay->broken.ptr)
		dns_answer_fail(answer_r, DNS_TIMEOUT, relay->broken);
}

struct dns *dns_relay_open(struct arena *arena, int socket, int timeout_msecs)
{
	struct relay *relay = ARENA_NEW(arena, struct relay);
	relay->dns.query = query;
	relay->socket = socket;
	relay->timeout_msecs = timeout_msecs;
	relay->packet = arena_alloc(arena, DNS_ANSWER_BYTES_MAX + 1);
	return &relay->dns;
}

/* An answer the kernel finds too large for a packet is told apart from a peer that is gone. */
static bool send_answer(int socket, uint32_t number, const struct dns_answer *answer, bool *too_large_r)
{
	struct buf out;
	ssize_t sent = -1;
	buf_init(&out, DNS_ANSWER_BYTES_MAX);
	dns_answer_write(&out, number, answer);
	if (!out.overflow)
		do
			sent = send(socket, out.ptr, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		while (sent < 0 && errno == EINTR);
	*too_large_r = out.overflow || (sent < 0 && errno == EMSGSIZE);
	buf_fini(&out);
	return sent > 0;
}

bool dns_relay_read(int socket, struct dns_question *question_r, char text[DNS_NAME_BYTES_MAX + 1])
{
	char packet[DNS_QUESTION_BYTES_MAX + 1];
	ssize_t got = read_packet(socket, packet, sizeof(packet));
	if (got <= 0 || !dns_question_read((struct str){packet, (size_t)got}, question_r))
		return false;
	(void)memcpy(text, question_r->name.ptr, question_r->name.len);
	question_r->name.ptr = text;
	return true;
}

bool dns_relay_answer(int socket, uint32_t number, const struct dns_answer *answer)
{
	bool too_large;
	if (send_answer(socket, number, answer, &too_large))
		return true;
	struct dns_answer failed = *answer;
	dns_answer_fail(&failed, DNS_SERVFAIL, STR("an answer too large to hand on"));
	return too_large && send_answer(socket, number, &failed, &too_large);
}

bool dns_relay_serve(int socket, struct dns *behind, struct arena *scratch)
{
	char text[DNS_NAME_BYTES_MAX + 1];
	struct dns_question question;
	if (!dns_relay_read(socket, &question, text))
		return false;
	arena_reset(scratch);
	return dns_relay_answer(socket, question.number, dns_query(behind, scratch, question.name, question.type));
}
