// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/prescan.h"

#include "base/sixteen.h"
#include "base/utf8.h"

#include <string.h>

#define TAG_SLACK ((size_t)16)

void prescan_init(struct prescan *prescan, const struct limits *limits, struct issue_list *issues)
{
	*prescan = (struct prescan){.limits = limits, .issues = issues, .line = 1, .column = 1};
	buf_init(&prescan->tag, limits->xml_tag_bytes + TAG_SLACK);
}

void prescan_fini(struct prescan *prescan)
{
	buf_fini(&prescan->tag);
}

static bool refuse(const struct prescan *prescan, struct reject *reject, enum reason reason, const char *what)
{
	reject_set(reject, reason, "line %llu, column %llu: %s", (unsigned long long)prescan->line,
		(unsigned long long)prescan->column, what);
	return false;
}

static void emit_line_ends(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == '\n')
			buf_add_char(out, '\n');
}

/* Bytes outside the root are the report's surroundings: only space may pass. */
static void emit(const struct prescan *prescan, struct buf *out, struct str text)
{
	if (prescan->root_closed || prescan->skipping_schema) {
		emit_line_ends(out, text);
		return;
	}
	buf_add_str(out, text);
}

/* Gathered and said once: a run of text may come in any pieces. */
static void note_trailing(struct prescan *prescan, struct str text)
{
	if (!prescan->root_closed)
		return;
	for (size_t i = 0; i < text.len && prescan->trailing_len < sizeof(prescan->trailing); i++)
		if (prescan->trailing_len > 0 || !ascii_is_space(text.ptr[i]))
			prescan->trailing[prescan->trailing_len++] = text.ptr[i];
}

/* ---- entities (XML 1.0 section 4.1) ---- */

/* Letters, digits, "_", "-", ".", ":" and all of UTF-8's multi-byte sequences; asked for each byte. */
static const bool name_chars[256] = {
	['-'] = true, ['.'] = true, [':'] = true, ['_'] = true,
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, [0x80 ... 0xff] = true,
};

static bool is_name_char(char c)
{
	return name_chars[(unsigned char)c];
}

static bool reference_value(struct str digits, unsigned base, uint32_t *code_r)
{
	uint32_t code = 0;
	for (size_t i = 0; i < digits.len; i++) {
		char c = ascii_lower(digits.ptr[i]);
		if (!(base == 16 ? ascii_is_hex(c) : ascii_is_digit(c)))
			return false;
		code = code * base + (uint32_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
		if (code > 0x10ffff)
			code = 0x110000;
	}
	*code_r = code;
	return digits.len > 0;
}

static bool xml_allows(uint32_t code)
{
	return code == 9 || code == 10 || code == 13 || (code >= 0x20 && code < 0xd800) ||
		(code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff);
}

static void bare_ampersand(struct prescan *prescan, struct str whole, struct buf *out)
{
	if (prescan->root_closed)
		return;
	issue_add(prescan->issues, ISSUE_XML_AMPERSAND, whole);
	emit(prescan, out, STR("&amp;"));
	emit(prescan, out, str_from_offset(whole, 1));
}

/* "&…;" complete. */
static bool end_entity(struct prescan *prescan, struct str whole, struct buf *out, struct reject *reject)
{
	static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
	uint32_t code;
	if (prescan->root_closed)
		return true;
	for (size_t i = 0; i < 5; i++) {
		if (!str_eq(whole, str_from(known[i])))
			continue;
		emit(prescan, out, whole);
		return true;
	}
	struct str inner = str_sub(whole, 1, whole.len - 2);
	if (str_starts(inner, STR("#"))) {
		bool hex = inner.len > 1 && (inner.ptr[1] == 'x' || inner.ptr[1] == 'X');
		if (reference_value(str_from_offset(inner, hex ? 2 : 1), hex ? 16 : 10, &code)) {
			if (xml_allows(code) && !(hex && inner.ptr[1] == 'X')) {
				emit(prescan, out, whole);
			} else {
				issue_add(prescan->issues, ISSUE_XML_CONTROL, whole);
				emit(prescan, out, STR("\xef\xbf\xbd"));
			}
			return true;
		}
	} else if (inner.len > 0 && !ascii_is_digit(inner.ptr[0])) {
		reject_set(reject, REASON_XML_ENTITY, "line %llu, column %llu: %.*s",
			(unsigned long long)prescan->line, (unsigned long long)prescan->column, STR_FMT(whole));
		return false;
	}
	bare_ampersand(prescan, whole, out);
	return true;
}

/* One more byte of what began with "&". *used_r: the byte belongs to it. */
static bool entity_byte(struct prescan *prescan, char c, struct buf *out, bool *used_r, struct reject *reject)
{
	bool end = c == ';' && prescan->entity_len > 1;
	bool goes_on = is_name_char(c) || (c == '#' && prescan->entity_len == 1);
	*used_r = end || (goes_on && prescan->entity_len < sizeof(prescan->entity) - 1);
	if (*used_r)
		prescan->entity[prescan->entity_len++] = c;
	if (*used_r && !end)
		return true;
	struct str whole = {prescan->entity, prescan->entity_len};
	prescan->state = PRESCAN_TEXT;
	if (end)
		return end_entity(prescan, whole, out, reject);
	bare_ampersand(prescan, whole, out);
	return true;
}

/* The same for a whole tag, whose attribute values may hold references. */
static bool emit_tag(struct prescan *prescan, struct buf *out, struct reject *reject)
{
	struct str rest = buf_str(&prescan->tag);
	size_t at;
	while ((at = str_find_char(rest, '&')) != SIZE_MAX) {
		emit(prescan, out, str_sub(rest, 0, at));
		rest = str_from_offset(rest, at);
		size_t len = 1;
		while (len < rest.len && len < PRESCAN_ENTITY_BYTES - 1 &&
			(is_name_char(rest.ptr[len]) || (len == 1 && rest.ptr[1] == '#')))
			len++;
		if (len > 1 && len < rest.len && rest.ptr[len] == ';') {
			if (!end_entity(prescan, str_sub(rest, 0, len + 1), out, reject))
				return false;
			len++;
		} else {
			bare_ampersand(prescan, str_sub(rest, 0, len), out);
		}
		rest = str_from_offset(rest, len);
	}
	emit(prescan, out, rest);
	return true;
}

/* ---- tags ---- */

static struct str local_name(struct str tag)
{
	struct str name = str_from_offset(tag, str_starts(tag, STR("</")) ? 2 : 1);
	size_t len = 0;
	while (len < name.len && is_name_char(name.ptr[len]))
		len++;
	name = str_sub(name, 0, len);
	size_t colon = str_rfind_char(name, ':');
	return colon == SIZE_MAX ? name : str_from_offset(name, colon + 1);
}

static size_t attributes_of(struct str tag)
{
	size_t count = 0;
	char quote = 0;
	for (size_t i = 0; i < tag.len; i++) {
		char c = tag.ptr[i];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else
			count += c == '=';
	}
	return count;
}

static bool start_tag(struct prescan *prescan, struct str tag, struct buf *out, struct reject *reject)
{
	struct str name = local_name(tag);
	bool empty = str_ends(tag, STR("/>"));
	if (prescan->root_closed)
		return refuse(prescan, reject, REASON_XML_SECOND_ROOT, "an element follows the root");
	if (!prescan->root_seen && str_eq_nocase(name, STR("schema"))) {
		issue_add(prescan->issues, ISSUE_XML_STRAY_SCHEMA, STR(""));
		prescan->skipping_schema = true;
		return true;
	}
	if (prescan->skipping_schema && !str_eq_nocase(name, STR("feedback")))
		return true;
	prescan->skipping_schema = false;
	prescan->root_seen = true;
	if (++prescan->elements > prescan->limits->xml_elements)
		return refuse(prescan, reject, REASON_XML_ELEMENTS, "limits.xml_elements");
	if (prescan->depth >= prescan->limits->xml_depth)
		return refuse(prescan, reject, REASON_XML_DEPTH, "limits.xml_depth");
	if (str_find_char(tag, '=') != SIZE_MAX && attributes_of(tag) > prescan->limits->xml_attributes)
		return refuse(prescan, reject, REASON_XML_TAG_TOO_LARGE, "limits.xml_attributes");
	size_t before = out->len;
	if (!emit_tag(prescan, out, reject))
		return false;
	if (out->len - before > prescan->limits->xml_tag_bytes) /* a bare & has grown */
		return refuse(prescan, reject, REASON_XML_TAG_TOO_LARGE, "limits.xml_tag_bytes");
	prescan->depth += !empty;
	prescan->root_closed = prescan->depth == 0;
	return true;
}

static bool end_tag(struct prescan *prescan, struct str tag, struct buf *out)
{
	if (prescan->root_closed || prescan->skipping_schema || !prescan->root_seen) {
		note_trailing(prescan, tag);
		emit(prescan, out, tag);
		return true;
	}
	emit(prescan, out, tag);
	if (prescan->depth > 0)
		prescan->depth--;
	prescan->root_closed = prescan->depth == 0;
	return true;
}

static bool whole_tag(struct prescan *prescan, struct buf *out, struct reject *reject)
{
	struct str tag = buf_str(&prescan->tag);
	prescan->state = PRESCAN_TEXT;
	prescan->text_bytes = 0;
	return str_starts(tag, STR("</")) ? end_tag(prescan, tag, out) :
		start_tag(prescan, tag, out, reject);
}

/* After "<!": a comment, CDATA, or what is refused. */
static bool markup_declaration(struct prescan *prescan, struct buf *out, struct reject *reject)
{
	static const struct str comment = {"<!--", 4}, cdata = {"<![CDATA[", 9};
	struct str tag = buf_str(&prescan->tag);
	if (str_eq(tag, comment) || str_eq(tag, cdata)) {
		prescan->state = tag.len == comment.len ? PRESCAN_COMMENT : PRESCAN_CDATA;
		(void)memset(prescan->tail, 0, sizeof(prescan->tail));
		if (prescan->state == PRESCAN_CDATA)
			note_trailing(prescan, STR("CDATA"));
		if (prescan->state == PRESCAN_CDATA)
			emit(prescan, out, tag);
		return true;
	}
	if (str_starts(comment, tag) || str_starts(cdata, tag))
		return true;
	return refuse(prescan, reject, REASON_XML_DOCTYPE, "<!");
}

static bool tag_byte(struct prescan *prescan, char c, struct buf *out, struct reject *reject)
{
	buf_add_char(&prescan->tag, c);
	if (prescan->tag.len > prescan->limits->xml_tag_bytes)
		return refuse(prescan, reject, REASON_XML_TAG_TOO_LARGE, "limits.xml_tag_bytes");
	struct str tag = buf_str(&prescan->tag);
	if (tag.len == 2 && c == '?') {
		prescan->state = PRESCAN_INSTRUCTION;
		(void)memset(prescan->tail, 0, sizeof(prescan->tail));
		emit(prescan, out, tag);
		return true;
	}
	if (tag.len >= 2 && tag.ptr[1] == '!')
		return markup_declaration(prescan, out, reject);
	if (prescan->quote) {
		prescan->quote = c == prescan->quote ? 0 : prescan->quote;
		return true;
	}
	/* A quote belongs to a tag only as an attribute's value. */
	if ((c == '"' || c == '\'') && str_ends(str_trim(str_sub(tag, 0, tag.len - 1)), STR("=")))
		prescan->quote = c;
	return c != '>' || whole_tag(prescan, out, reject);
}

/* Runs of a tag that hold nothing to decide about are taken at once. */
static size_t tag_run(struct prescan *prescan, struct str text)
{
	size_t len = 0;
	if (prescan->tag.len < 2 || prescan->quote || prescan->tag.ptr[1] == '!')
		return 0;
	struct str fits = str_sub(text, 0, (size_t)prescan->limits->xml_tag_bytes - prescan->tag.len);
	while (len < fits.len && (is_name_char(fits.ptr[len]) || fits.ptr[len] == '/'))
		len++;
	buf_add(&prescan->tag, text.ptr, len);
	return len;
}

/* ---- what is passed through to its end ---- */

static bool passing_ends(struct prescan *prescan, char c)
{
	prescan->tail[0] = prescan->tail[1];
	prescan->tail[1] = prescan->tail[2];
	prescan->tail[2] = c;
	if (c != '>')
		return false;
	struct str tail = {prescan->tail, 3};
	return (prescan->state == PRESCAN_COMMENT && str_eq(tail, STR("-->"))) ||
		(prescan->state == PRESCAN_CDATA && str_eq(tail, STR("]]>"))) ||
		(prescan->state == PRESCAN_INSTRUCTION && str_ends(tail, STR("?>")));
}

static void count_lines(struct prescan *prescan, struct str text)
{
	const char *at = text.ptr, *end = text.ptr + text.len, *found;
	while (at < end && (found = memchr(at, '\n', (size_t)(end - at)))) {
		prescan->line++;
		prescan->column = 1;
		at = found + 1;
	}
	prescan->column += (uint64_t)(end - at);
}

/* Up to the byte that is too much: the place that is told does not depend on the pieces. */
static struct str within_limit(const struct prescan *prescan, struct str text)
{
	uint64_t limit = prescan->limits->xml_text_bytes;
	bool counted = prescan->depth > 0 && prescan->state != PRESCAN_COMMENT && prescan->text_bytes <= limit;
	return counted ? str_sub(text, 0, (size_t)(limit - prescan->text_bytes) + 1) : text;
}

/* What is too much ends within a character, maybe, and is not passed on; what is before it is, since
 * whoever reads it may find that it is too much already. */
static bool add_text_bytes(struct prescan *prescan, struct str text, struct buf *out, struct reject *reject)
{
	prescan->text_bytes += text.len;
	if (prescan->depth == 0 || prescan->text_bytes <= prescan->limits->xml_text_bytes)
		return true;
	count_lines(prescan, text);
	emit(prescan, out, str_sub(text, 0, utf8_cut(text, text.len - 1)));
	return refuse(prescan, reject, REASON_XML_TEXT_TOO_LARGE, "limits.xml_text_bytes");
}

/* How much of text belongs to it; the state changes at its end. */
static bool pass_through(struct prescan *prescan, struct str text, struct buf *out, size_t *used_r,
	struct reject *reject)
{
	size_t used = 0;
	bool ends = false;
	text = within_limit(prescan, text);
	while (used < text.len && !ends)
		ends = passing_ends(prescan, text.ptr[used++]);
	*used_r = used;
	text = str_sub(text, 0, used);
	if (prescan->state != PRESCAN_COMMENT && !add_text_bytes(prescan, text, out, reject))
		return false;
	/* What a comment says is nobody's business: its line ends are kept for counting. */
	if (prescan->state == PRESCAN_COMMENT)
		emit_line_ends(out, text);
	else
		emit(prescan, out, text);
	if (ends)
		prescan->state = PRESCAN_TEXT;
	return true;
}

/* ---- what most reports consist of ---- */

#define BLOCK_BYTES ((size_t)64)
#define BEHIND(bit) ((UINT64_MAX - 1) << (bit))

/* Of a block, a bit for each byte that is asked for, so that finding one does not have to wait until the
 * one before it is found. */
struct ends {
	uint64_t text; /* "<" and "&" */
	uint64_t tag;  /* ">", and what no plain tag has: space, quotes, "&", "!", "<", "=", "?" */
};

static inline struct ends ends_of(const char *block, const char *end)
{
	struct ends ends = {0, 0};
	char last[BLOCK_BYTES];
	if ((size_t)(end - block) < BLOCK_BYTES) {
		(void)memset(last, 'a', sizeof(last)); /* ends nothing */
		(void)memcpy(last, block, (size_t)(end - block));
		block = last;
	}
	for (size_t i = 0; i < BLOCK_BYTES; i += SIXTEEN) {
		sixteen bytes = sixteen_load(block + i);
		ends.text |= sixteen_bits((sixteen)((bytes == '<') | (bytes == '&'))) << i;
		ends.tag |= sixteen_bits((sixteen)((bytes < '(') | ((bytes & 0xfc) == '<'))) << i;
	}
	return ends;
}

/* What has been passed on, and what it counts. */
struct run {
	const struct limits *limits;
	uint64_t depth, elements, text_bytes;
};

static inline bool pass_text(struct run *run, size_t len)
{
	if (len > run->limits->xml_text_bytes - run->text_bytes)
		return false;
	run->text_bytes += len;
	return true;
}

/* "<name>", "</name>" or "<name/>", from its "<" to what ends it. */
static inline bool pass_tag(struct run *run, const char *tag, const char *close)
{
	bool closing = tag[1] == '/', empty = !closing && close[-1] == '/';
	if (*close != '>' || close <= tag + 1 + closing + empty ||
		(uint64_t)(close - tag) >= run->limits->xml_tag_bytes)
		return false;
	if (closing ? run->depth <= 1 :
		run->elements >= run->limits->xml_elements || run->depth >= run->limits->xml_depth)
		return false;
	run->elements += !closing;
	run->depth += closing ? UINT64_MAX : !empty; /* modulo 2^64: one less */
	run->text_bytes = 0;
	return true;
}

/* Texts and plain tags within the root are passed on in one piece, up to the first byte of anything else,
 * or of what a limit forbids. */
static size_t plain_run(struct prescan *prescan, struct str text, struct buf *out)
{
	struct run run = {prescan->limits, prescan->depth, prescan->elements, prescan->text_bytes};
	const char *at = text.ptr, *tag = NULL, *const end = text.ptr + text.len;
	bool plain = true;
	if (!prescan->root_seen || prescan->root_closed || prescan->skipping_schema || run.depth == 0)
		return 0;
	for (const char *block = text.ptr; plain && block < end; block += BLOCK_BYTES) {
		struct ends ends = ends_of(block, end);
		for (uint64_t found; plain && (found = tag ? ends.tag : ends.text);) {
			unsigned bit = (unsigned)__builtin_ctzll(found);
			const char *here = block + bit;
			ends = (struct ends){ends.text & BEHIND(bit), ends.tag & BEHIND(bit)};
			plain = tag ? pass_tag(&run, tag, here) : pass_text(&run, (size_t)(here - at));
			if (!plain)
				break;
			at = tag ? here + 1 : here;
			tag = tag || *here == '&' ? NULL : here;
			plain = tag || *here != '&';
		}
	}
	if (plain && !tag && pass_text(&run, (size_t)(end - at)))
		at = end;
	prescan->depth = run.depth;
	prescan->elements = run.elements;
	prescan->text_bytes = run.text_bytes;
	text.len = (size_t)(at - text.ptr);
	emit(prescan, out, text);
	return text.len;
}

/* ---- text ---- */

static bool text_run(struct prescan *prescan, struct str text, struct buf *out, size_t *used_r,
	struct reject *reject)
{
	text = within_limit(prescan, text);
	size_t run = 0;
	while (run < text.len && text.ptr[run] != '<' && text.ptr[run] != '&')
		run++;
	note_trailing(prescan, str_sub(text, 0, run));
	if (!add_text_bytes(prescan, str_sub(text, 0, run), out, reject))
		return false;
	emit(prescan, out, str_sub(text, 0, run));
	*used_r = run;
	if (run == text.len)
		return true;
	*used_r = run + 1;
	if (text.ptr[run] == '&') {
		prescan->state = PRESCAN_ENTITY;
		prescan->entity[0] = '&';
		prescan->entity_len = 1;
		note_trailing(prescan, STR("&"));
	} else {
		prescan->state = PRESCAN_TAG;
		prescan->quote = 0;
		buf_reset(&prescan->tag);
		buf_add_char(&prescan->tag, '<');
	}
	return true;
}

static bool step(struct prescan *prescan, struct str text, struct buf *out, size_t *used_r,
	struct reject *reject)
{
	bool took = true;
	switch (prescan->state) {
	case PRESCAN_TEXT:
		*used_r = plain_run(prescan, text, out);
		if (*used_r > 0)
			return true;
		return text_run(prescan, text, out, used_r, reject);
	case PRESCAN_TAG:
		*used_r = tag_run(prescan, text);
		if (*used_r > 0)
			return true;
		*used_r = 1;
		return tag_byte(prescan, text.ptr[0], out, reject);
	case PRESCAN_ENTITY:
		if (!entity_byte(prescan, text.ptr[0], out, &took, reject))
			return false;
		*used_r = took;
		return true;
	case PRESCAN_COMMENT:
	case PRESCAN_CDATA:
	case PRESCAN_INSTRUCTION:
		return pass_through(prescan, text, out, used_r, reject);
	}
	return false;
}

/* The document is cut short behind "</feedback": only its ">" is missing. */
static bool finish(struct prescan *prescan, struct buf *out, struct reject *reject)
{
	struct str tag = buf_str(&prescan->tag);
	if (prescan->state == PRESCAN_ENTITY)
		bare_ampersand(prescan, (struct str){prescan->entity, prescan->entity_len}, out);
	if (prescan->state == PRESCAN_COMMENT && !prescan->root_closed)
		return refuse(prescan, reject, REASON_XML_MALFORMED, "the document ends within a comment");
	if (prescan->state != PRESCAN_TAG)
		return true;
	if (prescan->root_closed) {
		note_trailing(prescan, tag);
	} else if (prescan->depth == 1 && str_starts(tag, STR("</")) &&
		str_eq_nocase(local_name(tag), STR("feedback"))) {
		issue_add(prescan->issues, ISSUE_XML_LAST_BRACKET, STR(""));
		emit(prescan, out, tag);
		emit(prescan, out, STR(">"));
		prescan->root_closed = true;
	} else {
		return refuse(prescan, reject, REASON_XML_MALFORMED, "the document ends within a tag");
	}
	return true;
}

bool prescan_add(struct prescan *prescan, struct str text, bool final, struct buf *out, struct reject *reject)
{
	while (text.len > 0) {
		size_t used = 0;
		if (!step(prescan, text, out, &used, reject))
			return false;
		count_lines(prescan, str_sub(text, 0, used));
		text = str_from_offset(text, used);
	}
	if (!final)
		return true;
	if (!finish(prescan, out, reject))
		return false;
	if (prescan->trailing_len > 0)
		issue_add(prescan->issues, ISSUE_XML_TRAILING,
			str_trim((struct str){prescan->trailing, prescan->trailing_len}));
	return true;
}
