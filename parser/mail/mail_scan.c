// SPDX-License-Identifier: Apache-2.0
#include "parser/mail/mail_scan.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16 * 1024)
#define TABLE_SLOTS_MIN ((size_t)64)

/* Boundaries seen, by hash; one that was seen stays valid: nothing is undercounted. */
struct boundary {
	uint64_t hash; /* 0: free */
	uint32_t depth; /* of the parts it separates */
};

struct scan {
	const struct limits *limits;
	struct mail_scan_facts *facts;
	struct reject *reject;
	struct boundary *table;
	size_t slots;
	size_t boundaries;
	struct buf line;  /* the kept beginning of the current line */
	uint64_t line_bytes;
	struct buf field; /* the current header field, folded lines joined */
	bool in_headers;
	bool is_message;  /* of the part whose headers are read */
	bool has_type, has_typo;
	struct buf boundary;
	uint32_t depth;
	uint64_t parts;
	uint64_t field_bytes, part_bytes, mail_bytes, fields;
};

static bool refuse(struct scan *scan, enum reason reason, const char *what, uint64_t max)
{
	reject_set(scan->reject, reason, "%s above %llu", what, (unsigned long long)max);
	return false;
}

/* FNV-1a; never 0. */
static uint64_t hash_of(struct str s)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.ptr[i]) * 0x100000001b3u;
	return hash != 0 ? hash : 1;
}

static struct boundary *slot_of(struct boundary *table, size_t slots, uint64_t hash)
{
	size_t at = (size_t)hash & (slots - 1);
	while (table[at].hash != 0 && table[at].hash != hash)
		at = (at + 1) & (slots - 1);
	return &table[at];
}

static void table_grow(struct scan *scan)
{
	size_t slots = scan->slots != 0 ? scan->slots * 2 : TABLE_SLOTS_MIN;
	struct boundary *table = calloc(slots, sizeof(*table));
	if (table == NULL)
		die_out_of_memory();
	for (size_t i = 0; i < scan->slots; i++)
		if (scan->table[i].hash != 0)
			*slot_of(table, slots, scan->table[i].hash) = scan->table[i];
	free(scan->table);
	scan->table = table;
	scan->slots = slots;
}

static void boundary_add(struct scan *scan, struct str text, uint32_t depth)
{
	if (scan->boundaries * 2 >= scan->slots)
		table_grow(scan);
	struct boundary *slot = slot_of(scan->table, scan->slots, hash_of(text));
	if (slot->hash == 0)
		scan->boundaries++;
	*slot = (struct boundary){hash_of(text), depth};
}

static const struct boundary *boundary_find(const struct scan *scan, struct str text)
{
	if (scan->slots == 0)
		return NULL;
	const struct boundary *slot = slot_of(scan->table, scan->slots, hash_of(text));
	return slot->hash != 0 ? slot : NULL;
}

static struct str field_name(struct str field)
{
	size_t colon = str_find_char(field, ':');
	return colon == SIZE_MAX ? STR_NONE : str_trim(str_sub(field, 0, colon));
}

static uint64_t count_char(struct str s, char c)
{
	uint64_t count = 0;
	for (size_t i = 0; i < s.len; i++)
		count += s.ptr[i] == c;
	return count;
}

/* RFC 2046 section 5.1.1; quoted or not. */
static void take_boundary(struct scan *scan, struct str value)
{
	for (;;) {
		size_t at = str_find_nocase(value, STR("boundary"));
		if (at == SIZE_MAX)
			return;
		value = str_trim(str_from_offset(value, at + 8));
		if (value.len == 0 || value.ptr[0] != '=')
			continue;
		value = str_trim(str_from_offset(value, 1));
		bool quoted = value.len > 0 && value.ptr[0] == '"';
		if (quoted)
			value = str_from_offset(value, 1);
		size_t len = 0;
		while (len < value.len && (quoted ? value.ptr[len] != '"'
				: value.ptr[len] != ';' && !ascii_is_space(value.ptr[len])))
			len++;
		buf_reset(&scan->boundary);
		buf_add_str(&scan->boundary, str_sub(value, 0, len));
		return;
	}
}

static bool take_type(struct scan *scan, struct str value)
{
	value = str_trim(value);
	scan->is_message = str_starts_nocase(value, STR("message/rfc822")) ||
		str_starts_nocase(value, STR("message/rfc2822")) ||
		str_starts_nocase(value, STR("message/global")) ||
		str_starts_nocase(value, STR("message/news"));
	if (str_starts_nocase(value, STR("multipart/")))
		take_boundary(scan, value);
	if (scan->boundary.len > scan->limits->boundary_bytes)
		return refuse(scan, REASON_MAIL_PARTS, "a boundary in bytes",
			scan->limits->boundary_bytes);
	return true;
}

static bool is_address_field(struct str name)
{
	static const struct str names[] = {
		{"From", 4}, {"To", 2}, {"Cc", 2}, {"Bcc", 3}, {"Sender", 6}, {"Reply-To", 8},
	};
	if (str_starts_nocase(name, STR("Resent-")))
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq_nocase(name, names[i]))
			return true;
	return false;
}

/* A whole header field, when the next one or the blank line begins. */
static bool field_end(struct scan *scan)
{
	struct str field = buf_str(&scan->field);
	if (field.len == 0)
		return true;
	const struct limits *limits = scan->limits;
	if (++scan->fields > limits->header_fields)
		return refuse(scan, REASON_MAIL_HEADERS, "header fields", limits->header_fields);
	struct str name = field_name(field);
	struct str value = name.ptr != NULL ? str_from_offset(field, str_find_char(field, ':') + 1)
					    : STR_NONE;
	bool type = str_eq_nocase(name, STR("Content-Type"));
	bool typo = str_eq_nocase(name, STR("ContentType"));
	if (type || typo || str_eq_nocase(name, STR("Content-Disposition"))) {
		if (count_char(value, ';') > limits->header_parameters)
			return refuse(scan, REASON_MAIL_HEADERS, "parameters of a header field",
				limits->header_parameters);
	}
	if (is_address_field(name) && count_char(value, ',') >= limits->header_addresses)
		return refuse(scan, REASON_MAIL_HEADERS, "addresses of a header field",
			limits->header_addresses);
	scan->facts->type_repeated |= type && scan->has_type;
	scan->has_type |= type;
	scan->has_typo |= typo;
	bool good = (!type && !typo) || take_type(scan, value);
	buf_reset(&scan->field);
	scan->field_bytes = 0;
	return good;
}

static bool headers_begin(struct scan *scan, uint32_t depth)
{
	scan->in_headers = true;
	scan->is_message = false;
	scan->has_type = false;
	scan->has_typo = false;
	buf_reset(&scan->boundary);
	buf_reset(&scan->field);
	scan->field_bytes = 0;
	scan->part_bytes = 0;
	scan->depth = depth;
	if (depth > scan->limits->mime_depth)
		return refuse(scan, REASON_MAIL_PARTS, "levels", scan->limits->mime_depth);
	if (++scan->parts > scan->limits->mime_parts)
		return refuse(scan, REASON_MAIL_PARTS, "parts", scan->limits->mime_parts);
	return true;
}

static bool headers_end(struct scan *scan)
{
	if (!field_end(scan))
		return false;
	scan->in_headers = false;
	if (scan->has_typo && !scan->has_type)
		scan->facts->type_typo = true;
	if (scan->boundary.len > 0)
		boundary_add(scan, buf_str(&scan->boundary), scan->depth + 1);
	if (scan->is_message)
		return headers_begin(scan, scan->depth + 1);
	return true;
}

/* 1: the line separates parts (and was taken); 0: it does not; -1: refused. */
static int take_separator(struct scan *scan, struct str line)
{
	if (!str_starts(line, STR("--")))
		return 0;
	struct str text = str_from_offset(line, 2);
	while (text.len > 0 && ascii_is_space(text.ptr[text.len - 1]))
		text.len--;
	const struct boundary *found = boundary_find(scan, text);
	bool last = false;
	if (found == NULL && str_ends(text, STR("--"))) {
		found = boundary_find(scan, str_sub(text, 0, text.len - 2));
		last = true;
	}
	if (found == NULL)
		return 0;
	uint32_t depth = found->depth;
	if (scan->in_headers && !headers_end(scan))
		return -1;
	scan->in_headers = false;
	if (last)
		return 1;
	return headers_begin(scan, depth) ? 1 : -1;
}

static bool header_line(struct scan *scan, struct str line, uint64_t bytes)
{
	const struct limits *limits = scan->limits;
	if (line.len == 0)
		return headers_end(scan);
	bool folded = line.ptr[0] == ' ' || line.ptr[0] == '\t';
	if (!folded && !field_end(scan))
		return false;
	scan->field_bytes += bytes;
	scan->part_bytes += bytes;
	scan->mail_bytes += bytes;
	if (scan->field_bytes > limits->header_field_bytes)
		return refuse(scan, REASON_MAIL_HEADERS, "bytes in one header field",
			limits->header_field_bytes);
	if (scan->part_bytes > limits->header_part_bytes)
		return refuse(scan, REASON_MAIL_HEADERS, "header bytes of one part",
			limits->header_part_bytes);
	if (scan->mail_bytes > limits->header_mail_bytes)
		return refuse(scan, REASON_MAIL_HEADERS, "header bytes of the mail",
			limits->header_mail_bytes);
	buf_add_str(&scan->field, line);
	return true;
}

/* One line, or its kept beginning, without LF. */
static bool take_line(struct scan *scan)
{
	struct str line = buf_str(&scan->line);
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	int separator = take_separator(scan, line);
	bool good = separator >= 0;
	if (separator == 0 && scan->in_headers)
		good = header_line(scan, line, scan->line_bytes);
	buf_reset(&scan->line);
	scan->line_bytes = 0;
	return good;
}

/* Of a body line only what could be a boundary is kept. */
static void keep(struct scan *scan, struct str piece)
{
	scan->line_bytes += piece.len;
	size_t max = (size_t)scan->limits->boundary_bytes + 8;
	if (scan->in_headers)
		max = (size_t)scan->limits->header_field_bytes + 2;
	else if (scan->line.len == 0 && piece.len > 0 && piece.ptr[0] != '-')
		max = 1;
	if (scan->line.len < max)
		buf_add_str(&scan->line, str_sub(piece, 0, max - scan->line.len));
}

static bool take_block(struct scan *scan, struct str block)
{
	while (block.len > 0) {
		const char *end = memchr(block.ptr, '\n', block.len);
		size_t len = end != NULL ? (size_t)(end - block.ptr) : block.len;
		keep(scan, str_sub(block, 0, len));
		if (scan->in_headers && scan->line_bytes > scan->limits->header_field_bytes)
			return header_line(scan, buf_str(&scan->line), scan->line_bytes);
		if (end == NULL)
			return true;
		block = str_from_offset(block, len + 1);
		if (!take_line(scan))
			return false;
	}
	return true;
}

static bool scan_all(struct scan *scan, struct payload *raw)
{
	char *block = malloc(BLOCK_BYTES);
	if (block == NULL)
		die_out_of_memory();
	bool good = headers_begin(scan, 1);
	while (good) {
		ssize_t got = raw->read(raw->context, block, BLOCK_BYTES, scan->reject);
		if (got < 0)
			good = false;
		if (got <= 0)
			break;
		good = take_block(scan, (struct str){block, (size_t)got});
	}
	free(block);
	if (good && scan->line.len > 0)
		good = take_line(scan);
	return good && (!scan->in_headers || headers_end(scan));
}

bool mail_scan(struct payload *raw, const struct limits *limits,
	struct mail_scan_facts *facts_r, struct reject *reject)
{
	*facts_r = (struct mail_scan_facts){0};
	struct scan scan = {.limits = limits, .facts = facts_r, .reject = reject};
	size_t line_max = (size_t)(limits->header_field_bytes + limits->boundary_bytes + 16);
	buf_init(&scan.line, line_max);
	buf_init(&scan.field, line_max * 2);
	buf_init(&scan.boundary, line_max);
	bool good = scan_all(&scan, raw);
	buf_fini(&scan.line);
	buf_fini(&scan.field);
	buf_fini(&scan.boundary);
	free(scan.table);
	return good;
}
