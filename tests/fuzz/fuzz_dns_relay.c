// SPDX-License-Identifier: Apache-2.0
/*
 * Packets of the relay as a liar could write them, two bytes of type in front:
 * what is read as a question or an answer is within the limits of dns/dns.h,
 * and written again it is read as the same.
 */
#include "tests/fuzz/fuzz.h"

#include "dns/packet.h"

#define ARENA_BYTES ((size_t)16 << 20)

static void check_question(struct str packet)
{
	struct dns_question question;
	struct buf again;
	if (!dns_question_read(packet, &question))
		return;
	if (!dns_name_valid(question.name) || question.type > 0xffff)
		die("a question out of range");
	buf_init(&again, DNS_QUESTION_BYTES_MAX);
	dns_question_write(&again, &question);
	if (!str_eq(buf_str(&again), packet))
		die("another question");
	buf_fini(&again);
}

static void check_records(const struct dns_answer *answer)
{
	if (answer->count > DNS_RECORDS_MAX)
		die("%zu records", answer->count);
	if ((answer->count > 0) != (answer->status == DNS_OK))
		die("records and status");
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *record = &answer->records[i];
		if (answer->type == DNS_TXT ? record->text.len > DNS_TXT_BYTES_MAX :
			record->text.len > 0 && !dns_name_valid(record->text))
			die("a text out of range");
		if (record->ip.family != (answer->type == DNS_A ? 4 : answer->type == DNS_AAAA ? 6 : 0))
			die("an address of no family");
	}
}

static void check_answer(struct arena *arena, enum dns_type type, struct str packet)
{
	const struct dns_question question = {.type = type, .name = STR("a.example")};
	struct dns_answer answer = {0}, same = {0};
	struct buf again, twice;
	if (!dns_answer_read(packet, &question, arena, &answer))
		return;
	check_records(&answer);
	buf_init(&again, SIZE_MAX / 4);
	buf_init(&twice, SIZE_MAX / 4);
	dns_answer_write(&again, question.number, &answer);
	if (again.len != packet.len || !dns_answer_read(buf_str(&again), &question, arena, &same))
		die("an answer that cannot be read again");
	dns_answer_write(&twice, question.number, &same);
	if (!str_eq(buf_str(&again), buf_str(&twice)))
		die("another answer");
	buf_fini(&again);
	buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str input = {(const char *)bytes, len};
	if (len < 2 || len > DNS_ANSWER_BYTES_MAX)
		return 0;
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str packet = str_from_offset(input, 2);
	check_question(packet);
	check_answer(arena, (enum dns_type)(bytes[0] << 8 | bytes[1]), packet);
	arena_close(&arena);
	return 0;
}
