// SPDX-License-Identifier: Apache-2.0
#include "dns/packet.h"

#include "dns/rdata.h"

#define NOTE_BYTES_MAX 1024

enum flag {
	FLAG_SECURE = 1,
	FLAG_ALIAS = 2,
	FLAG_NOTE = 4,
	FLAGS_ALL = 7,
};

static void add_number(struct buf *out, uint32_t value, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_char(out, (char)(value >> (8 * bytes) & 0xff));
}

static void add_piece(struct buf *out, struct str piece)
{
	add_number(out, (uint32_t)piece.len, 2);
	buf_add_str(out, piece);
}

static bool take_number(struct str *rest, unsigned bytes, uint32_t *value_r)
{
	if (rest->len < bytes)
		return false;
	*value_r = 0;
	for (unsigned i = 0; i < bytes; i++)
		*value_r = *value_r << 8 | (uint8_t)rest->ptr[i];
	*rest = str_from_offset(*rest, bytes);
	return true;
}

static bool take_piece(struct str *rest, struct str *piece_r)
{
	uint32_t len;
	if (!take_number(rest, 2, &len) || len > rest->len)
		return false;
	*piece_r = str_sub(*rest, 0, len);
	*rest = str_from_offset(*rest, len);
	return true;
}

void dns_question_write(struct buf *out, const struct dns_question *question)
{
	add_number(out, question->number, 4);
	add_number(out, question->type, 2);
	buf_add_str(out, question->name);
}

static bool is_plain(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] != ascii_lower(name.ptr[i]))
			return false;
	return true;
}

bool dns_question_read(struct str packet, struct dns_question *question_r)
{
	uint32_t type;
	if (!take_number(&packet, 4, &question_r->number) || !take_number(&packet, 2, &type))
		return false;
	question_r->type = (enum dns_type)type;
	question_r->name = packet;
	return dns_name_valid(packet) && is_plain(packet);
}

void dns_answer_write(struct buf *out, uint32_t number, const struct dns_answer *answer)
{
	struct buf rdata;
	add_number(out, number, 4);
	add_number(out, answer->status, 1);
	add_number(out, (answer->secure ? FLAG_SECURE : 0) | (answer->alias.ptr ? FLAG_ALIAS : 0) |
		(answer->note.ptr ? FLAG_NOTE : 0), 1);
	add_number(out, answer->ttl_secs, 4);
	if (answer->alias.ptr)
		add_piece(out, answer->alias);
	if (answer->note.ptr)
		add_piece(out, str_sub(answer->note, 0, NOTE_BYTES_MAX));
	add_number(out, (uint32_t)answer->count, 2);
	buf_init(&rdata, DNS_RDATA_BYTES_MAX);
	for (size_t i = 0; i < answer->count; i++) {
		buf_reset(&rdata);
		dns_record_to_wire(&rdata, answer->type, &answer->records[i]);
		add_piece(out, buf_str(&rdata));
	}
	buf_fini(&rdata);
}

/* What stands before the records. */
static bool read_head(struct str *rest, const struct dns_question *question, struct arena *arena,
	struct dns_answer *answer, uint32_t *count_r)
{
	uint32_t number, status, flags;
	if (!take_number(rest, 4, &number) || number != question->number || !take_number(rest, 1, &status) ||
		!take_number(rest, 1, &flags) || !take_number(rest, 4, &answer->ttl_secs))
		return false;
	if (status < DNS_OK || status > DNS_BOGUS || (flags & ~(uint32_t)FLAGS_ALL))
		return false;
	answer->status = (enum dns_status)status;
	answer->secure = flags & FLAG_SECURE;
	if ((flags & FLAG_ALIAS) && (!take_piece(rest, &answer->alias) || !is_plain(answer->alias) ||
		(answer->alias.len > 0 && !dns_name_valid(answer->alias))))
		return false;
	if ((flags & FLAG_NOTE) && (!take_piece(rest, &answer->note) || answer->note.len > NOTE_BYTES_MAX))
		return false;
	answer->alias = arena_str(arena, answer->alias);
	answer->note = arena_str(arena, answer->note);
	return take_number(rest, 2, count_r) && (*count_r > 0) == (answer->status == DNS_OK);
}

bool dns_answer_read(struct str packet, const struct dns_question *question, struct arena *arena,
	struct dns_answer *answer_r)
{
	struct dns_answer head = {.name = question->name, .type = question->type}, records = {0};
	uint32_t count;
	if (!read_head(&packet, question, arena, &head, &count))
		return false;
	if (count > DNS_RECORDS_MAX)
		return false;
	struct str *rdatas = ARENA_ARRAY(arena, count, struct str);
	for (uint32_t i = 0; i < count; i++)
		if (!take_piece(&packet, &rdatas[i]))
			return false;
	if (packet.len > 0)
		return false;
	dns_answer_fill(arena, question->type, rdatas, count, &records);
	if (count > 0 && records.status != DNS_OK)
		return false;
	head.records = records.records;
	head.count = records.count;
	*answer_r = head;
	return true;
}
