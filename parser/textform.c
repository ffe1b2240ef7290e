// SPDX-License-Identifier: Apache-2.0
#include "parser/textform.h"

#include "base/buf.h"
#include "parser/mail/base64.h"
#include "parser/sniff.h"
#include "parser/uuencode.h"

#include <stdlib.h>
#include <string.h>

/* What must be seen at once: a marker, and enough base64 to know it for what it is. */
#define WINDOW_BYTES ((size_t)16 * 1024)
_Static_assert(WINDOW_BYTES >= SNIFF_BYTES, "a beginning is seen at once");
#define PROBES_MAX 2000u /* beginnings looked at closely, so that hostile text stays cheap */
#define RUN_CHARS_MIN ((size_t)40)
#define PROBE_CHARS ((size_t)400)

struct textform {
	struct payload *source;
	struct payload payload;
	char window[WINDOW_BYTES];
	size_t at, len;
	bool source_ended;
	enum textform_kind kind;
	bool document_ended;
	bool line_start;
	unsigned probes;
	/* XML: how much of "</feedback" has been matched */
	struct buf tag;
	bool in_tag;
	/* JSON */
	uint32_t braces;
	bool in_string, escaped;
	/* base64, uuencode */
	struct base64 decoder;
	bool flushed;
	char decoded[WINDOW_BYTES];
	size_t decoded_at, decoded_len;
};

static ssize_t read_document(void *context, char *out, size_t cap, struct reject *reject);

struct textform *textform_open(struct payload *source)
{
	struct textform *textform = calloc(1, sizeof(*textform));
	if (textform == NULL)
		die_out_of_memory();
	textform->source = source;
	textform->payload = (struct payload){read_document, textform, source->member};
	textform->line_start = true;
	textform->document_ended = true;
	buf_init(&textform->tag, 256);
	return textform;
}

struct payload *textform_payload(struct textform *textform)
{
	return &textform->payload;
}

void textform_close(struct textform **textform)
{
	if (*textform == NULL)
		return;
	buf_fini(&(*textform)->tag);
	free(*textform);
	*textform = NULL;
}

static struct str window_of(const struct textform *textform)
{
	return (struct str){textform->window + textform->at, textform->len - textform->at};
}

/* At least `want` bytes in the window, or all there are. False: the source is broken. */
static bool fill(struct textform *textform, size_t want, struct reject *reject)
{
	if (textform->source_ended || textform->len - textform->at >= want)
		return true;
	memmove(textform->window, textform->window + textform->at, textform->len - textform->at);
	textform->len -= textform->at;
	textform->at = 0;
	while (!textform->source_ended && textform->len < want) {
		ssize_t got = textform->source->read(textform->source->context,
			textform->window + textform->len, WINDOW_BYTES - textform->len, reject);
		if (got < 0)
			return false;
		if (got == 0)
			textform->source_ended = true;
		textform->len += (size_t)got;
	}
	return true;
}

/* ---- finding the beginning ---- */

/* RFC 1952 section 2.3: no reserved flag, an XFL and an OS that exist. */
static bool is_gzip_header(struct str head)
{
	if (head.len <= 10)
		return false;
	unsigned flags = (unsigned char)head.ptr[3], extra = (unsigned char)head.ptr[8],
		 system = (unsigned char)head.ptr[9];
	return (flags & 0xe0) == 0 && (extra == 0 || extra == 2 || extra == 4) &&
		(system <= 13 || system == 255);
}

static bool is_document(struct str head)
{
	if (sniff_bytes(head) == SNIFF_GZIP)
		return is_gzip_header(head);
	if (sniff_bytes(head) == SNIFF_ZIP)
		return head.len > 30 && head.ptr[5] == 0 && head.ptr[9] == 0;
	return sniff_document(head);
}

/* A run of the alphabet, broken by white space only, whose bytes begin like a document. */
static bool is_base64(struct str text)
{
	char run[PROBE_CHARS];
	char decoded[PROBE_CHARS];
	size_t chars = 0;
	struct base64 decoder;
	base64_init(&decoder);
	if (text.len < RUN_CHARS_MIN || base64_step(&decoder, text.ptr, 4, decoded) != 3 ||
	    memchr("\x1fP<{\xef\xff\xfe \t\r\n", decoded[0], 11) == NULL)
		return false;
	for (size_t i = 0; i < text.len && chars < PROBE_CHARS; i++) {
		if (base64_is_char(text.ptr[i]))
			run[chars++] = text.ptr[i];
		else if (!ascii_is_space(text.ptr[i]))
			break;
	}
	if (chars < RUN_CHARS_MIN)
		return false;
	base64_init(&decoder);
	size_t len = base64_step(&decoder, run, chars, decoded);
	return is_document((struct str){decoded, len});
}

/* The line of the window at `from`, without its end; *next_r: where the one behind it begins. */
static struct str line_at(struct str text, size_t from, size_t *next_r)
{
	struct str rest = str_from_offset(text, from);
	size_t end = str_find_char(rest, '\n');
	struct str line = str_sub(rest, 0, end);
	*next_r = end == SIZE_MAX ? text.len : from + end + 1;
	return str_ends(line, STR("\r")) ? str_sub(line, 0, line.len - 1) : line;
}

/* Its first lines hold the beginning of a document. */
static bool is_uuencode(struct str text)
{
	char decoded[PROBE_CHARS + UUENCODE_LINE_BYTES];
	size_t next, len = 0;
	if (!uuencode_begins(line_at(text, 0, &next)))
		return false;
	while (next < text.len && len < PROBE_CHARS) {
		ssize_t got = uuencode_line(line_at(text, next, &next), decoded + len);
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	return is_document((struct str){decoded, len});
}

static enum textform_kind kind_at(struct textform *textform, struct str text)
{
	if (text.len == 0)
		return TEXTFORM_NONE;
	bool xml = str_starts_nocase(text, STR("<?xml")) || str_starts_nocase(text, STR("<feedback"));
	if (xml || text.ptr[0] == '{') {
		if (++textform->probes > PROBES_MAX)
			return TEXTFORM_NONE;
		if (xml && sniff_xml_root(text) == SNIFF_XML_FEEDBACK)
			return TEXTFORM_XML;
		return !xml && sniff_json_report(text) ? TEXTFORM_JSON : TEXTFORM_NONE;
	}
	if (text.ptr[0] == 'b' && is_uuencode(text))
		return TEXTFORM_UUENCODE;
	return base64_is_char(text.ptr[0]) && is_base64(text) ? TEXTFORM_BASE64 : TEXTFORM_NONE;
}

/* Behind the end of the current line. */
static void skip_line(struct textform *textform)
{
	struct str window = window_of(textform);
	const char *end = window.len > 0 ? memchr(window.ptr, '\n', window.len) : NULL;
	textform->line_start = end != NULL;
	textform->at = end != NULL ? (size_t)(end - textform->window) + 1 : textform->len;
}

static void begin_document(struct textform *textform, enum textform_kind kind)
{
	textform->kind = kind;
	textform->document_ended = kind == TEXTFORM_NONE;
	textform->in_tag = false;
	textform->braces = 0;
	textform->in_string = false;
	textform->escaped = false;
	textform->flushed = false;
	textform->decoded_at = 0;
	textform->decoded_len = 0;
	base64_init(&textform->decoder);
}

int textform_next(struct textform *textform, enum textform_kind *kind_r, struct reject *reject)
{
	char skipped[512];
	ssize_t got;
	*kind_r = TEXTFORM_NONE;
	while (!textform->document_ended)
		if ((got = read_document(textform, skipped, sizeof(skipped), reject)) <= 0) {
			if (got < 0)
				return -1;
			break;
		}
	begin_document(textform, TEXTFORM_NONE);
	for (;;) {
		if (!fill(textform, SNIFF_BYTES, reject))
			return -1;
		struct str window = window_of(textform);
		if (window.len == 0)
			return 0;
		size_t blank = 0;
		while (blank < window.len && (window.ptr[blank] == ' ' || window.ptr[blank] == '\t'))
			blank++;
		if (textform->line_start) {
			struct str text = str_sub(window, blank, SNIFF_BYTES);
			*kind_r = kind_at(textform, text);
			if (*kind_r != TEXTFORM_NONE) {
				textform->at += blank;
				if (*kind_r == TEXTFORM_UUENCODE)
					skip_line(textform);
				begin_document(textform, *kind_r);
				return 0;
			}
		}
		skip_line(textform);
	}
}

/* ---- finding the end ---- */

/* True when the tag collected is the end tag of feedback, with any prefix. */
static bool is_end_tag(struct str tag)
{
	if (!str_starts(tag, STR("</")))
		return false;
	struct str name = str_trim(str_from_offset(tag, 2));
	size_t colon = str_find_char(name, ':');
	if (colon != SIZE_MAX)
		name = str_from_offset(name, colon + 1);
	return str_eq_nocase(name, STR("feedback"));
}

/* Bytes of the window that belong to the document. */
static size_t xml_extent(struct textform *textform, struct str window)
{
	for (size_t i = 0; i < window.len; i++) {
		char c = window.ptr[i];
		if (c == '<') {
			buf_reset(&textform->tag);
			textform->in_tag = true;
		}
		if (!textform->in_tag)
			continue;
		if (c != '>') {
			buf_add_char(&textform->tag, c);
			continue;
		}
		textform->in_tag = false;
		if (!is_end_tag(buf_str(&textform->tag)))
			continue;
		textform->document_ended = true;
		return i + 1;
	}
	return window.len;
}

static size_t json_extent(struct textform *textform, struct str window)
{
	for (size_t i = 0; i < window.len; i++) {
		char c = window.ptr[i];
		if (textform->escaped)
			textform->escaped = false;
		else if (textform->in_string && c == '\\')
			textform->escaped = true;
		else if (c == '"')
			textform->in_string = !textform->in_string;
		else if (!textform->in_string && c == '{')
			textform->braces++;
		else if (!textform->in_string && c == '}' && --textform->braces == 0) {
			textform->document_ended = true;
			return i + 1;
		}
	}
	return window.len;
}

/* A line with a byte that cannot be base64 ends it; so does the padding. */
static size_t base64_extent(struct textform *textform, struct str window)
{
	size_t line = 0;
	for (size_t i = 0; i < window.len; i++) {
		char c = window.ptr[i];
		if (c == '\n')
			line = i + 1;
		if (base64_is_char(c) || ascii_is_space(c))
			continue;
		textform->document_ended = true;
		if (c != '=')
			return line;
		size_t end = i + 1;
		while (end < window.len && window.ptr[end] == '=')
			end++;
		return end;
	}
	/* The last line is kept back until it is whole. */
	if (!textform->source_ended && line > 0)
		return line;
	return window.len;
}

/* Fills `decoded`. False: the source is broken; nothing in it: the end. */
static bool decode_base64(struct textform *textform, struct reject *reject)
{
	textform->decoded_at = 0;
	textform->decoded_len = 0;
	while (textform->decoded_len == 0 && !textform->flushed) {
		if (!textform->document_ended && !fill(textform, WINDOW_BYTES / 2, reject))
			return false;
		struct str window = window_of(textform);
		size_t extent = textform->document_ended ? 0 : base64_extent(textform, window);
		if (extent == 0) {
			textform->document_ended = true;
			textform->flushed = true;
			textform->decoded_len = base64_flush(&textform->decoder, textform->decoded);
			return true;
		}
		textform->decoded_len =
			base64_step(&textform->decoder, window.ptr, extent, textform->decoded);
		textform->at += extent;
	}
	return true;
}

/* As decode_base64(). */
static bool decode_uuencode(struct textform *textform, struct reject *reject)
{
	size_t next;
	textform->decoded_at = 0;
	textform->decoded_len = 0;
	if (textform->document_ended)
		return true;
	if (!fill(textform, WINDOW_BYTES / 2, reject))
		return false;
	ssize_t got = uuencode_line(line_at(window_of(textform), 0, &next), textform->decoded);
	textform->document_ended = got <= 0;
	if (got > 0) {
		textform->decoded_len = (size_t)got;
		textform->at += next;
	}
	return true;
}

static ssize_t take_decoded(struct textform *textform, char *out, size_t cap, struct reject *reject)
{
	bool base64 = textform->kind == TEXTFORM_BASE64;
	if (textform->decoded_at == textform->decoded_len &&
	    !(base64 ? decode_base64(textform, reject) : decode_uuencode(textform, reject)))
		return -1;
	size_t len = textform->decoded_len - textform->decoded_at;
	if (len > cap)
		len = cap;
	memcpy(out, textform->decoded + textform->decoded_at, len);
	textform->decoded_at += len;
	return (ssize_t)len;
}

static ssize_t take_plain(struct textform *textform, char *out, size_t cap, struct reject *reject)
{
	if (textform->document_ended)
		return 0;
	if (!fill(textform, 1, reject))
		return -1;
	struct str window = str_sub(window_of(textform), 0, cap);
	size_t extent = textform->kind == TEXTFORM_XML ? xml_extent(textform, window)
						       : json_extent(textform, window);
	if (extent > 0)
		memcpy(out, window.ptr, extent);
	else
		textform->document_ended = true;
	textform->at += extent;
	return (ssize_t)extent;
}

static ssize_t read_document(void *context, char *out, size_t cap, struct reject *reject)
{
	struct textform *textform = context;
	textform->line_start = false;
	switch (textform->kind) {
	case TEXTFORM_NONE:
		return 0;
	case TEXTFORM_XML:
	case TEXTFORM_JSON:
		return take_plain(textform, out, cap, reject);
	case TEXTFORM_BASE64:
	case TEXTFORM_UUENCODE:
		return take_decoded(textform, out, cap, reject);
	}
	return 0;
}
