// SPDX-License-Identifier: Apache-2.0
/*
 * A replay file by anybody: refused with its line, or every name that begins a
 * line is answered within the limits, and the answers, written and read again,
 * are the same.
 */
#include "tests/fuzz/fuzz.h"

#include "dns/packet.h"
#include "dns/present.h"
#include "dns/rdata.h"
#include "dns/replay.h"
#include "dns/session.h"

#define ARENA_BYTES ((size_t)64 << 20)
#define QUERIES_MAX 100

static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_PTR, DNS_CNAME, DNS_SOA, DNS_TLSA,
	(enum dns_type)65};

static struct dns *opened(struct arena *arena, struct str text, bool must)
{
	struct dns *dns = NULL;
	struct error error = {0};
	if (dns_replay_open(arena, STR("f"), text, &dns, &error) == ERR_OK)
		return dns;
	if (must || !str_starts(str_from(error.text), STR("f:")))
		die("refused: %s", error.text);
	return NULL;
}

static void ask_all(struct dns *dns, struct arena *arena, struct str text)
{
	struct str line, word;
	struct buf wire;
	char name[DNS_NAME_BYTES_MAX + 1];
	size_t len;
	buf_init(&wire, DNS_RDATA_BYTES_MAX);
	while (str_line(&text, &line)) {
		buf_reset(&wire);
		if (dns_present_word(&line, &word) != DNS_WORD_BARE || dns_present_name(word, &wire) ||
			dns_name_from_wire(buf_str(&wire), name, &len) == 0)
			continue;
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			(void)dns_query(dns, arena, (struct str){name, len}, types[i]);
	}
	buf_fini(&wire);
}

static void written(struct buf *out, const struct dns_answer *answer)
{
	buf_reset(out);
	dns_answer_write(out, 0, answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct buf text, a, b;
	struct dns *dns = opened(arena, (struct str){(const char *)bytes, len}, false);
	buf_init(&text, SIZE_MAX / 4);
	buf_init(&a, SIZE_MAX / 4);
	buf_init(&b, SIZE_MAX / 4);
	if (dns) {
		struct dns_session *session = dns_session_open(arena, dns, QUERIES_MAX);
		ask_all(dns_session_dns(session), arena, (struct str){(const char *)bytes, len});
		dns_replay_add_session(&text, session);
		struct dns *again = opened(arena, buf_str(&text), true);
		for (size_t i = 0; i < dns_session_count(session); i++) {
			const struct dns_answer *answer = dns_session_at(session, i);
			written(&a, answer);
			written(&b, dns_query(again, arena, answer->name, answer->type));
			if (!str_eq(buf_str(&a), buf_str(&b)))
				die("another answer");
		}
	}
	buf_fini(&text);
	buf_fini(&a);
	buf_fini(&b);
	arena_close(&arena);
	return 0;
}
