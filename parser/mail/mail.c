// SPDX-License-Identifier: Apache-2.0
#include "parser/mail/mail.h"

#include "base/buf.h"
#include "base/clock.h"
#include "parser/clean.h"
#include "parser/mail/charset.h"

#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_TEXT_BYTES ((size_t)2000)
#define NAME_BYTES ((size_t)512)
#define RAW_BYTES ((size_t)8 * 1024)
#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct mail {
	GMimeStream *stream;
	GMimeObject *root; /* the mail's body, with all of its header */
	struct arena *arena;
	struct mail_part *parts;
	GMimeObject **objects;
	size_t count, cap;
};

struct mail_content {
	struct payload payload;
	GMimeStream *stream; /* NULL: text */
	struct str text;
	bool base64;
	struct base64 decoder;
	GMimeEncoding encoding;
	bool flushed;
	char *decoded; /* room for one block */
	size_t decoded_at, decoded_len;
	char raw[RAW_BYTES];
};

void mail_init(void)
{
	static bool done;
	if (done)
		return;
	done = true;
	charset_init();
	g_mime_init();
	struct arena *arena = arena_open(ARENA_BYTES);
	struct reject reject;
	struct limits limits = limits_default();
	struct mail *mail = mail_open_bytes(
		STR("Subject: =?ISO-8859-1?Q?=E4?=\nContent-Type: text/plain; name*=utf-8''a\n\nx\n"),
		&limits, &reject);
	mail_head(mail, arena);
	mail_close(&mail);
	arena_close(&arena);
}

static struct str lower_copy(struct arena *arena, struct str s)
{
	char *copy = arena_cstr(arena, s);
	for (size_t i = 0; i < s.len; i++)
		copy[i] = ascii_lower(copy[i]);
	return (struct str){copy, s.len};
}

static struct str part_type(struct mail *mail, GMimeObject *object)
{
	GMimeContentType *type = g_mime_object_get_content_type(object);
	const char *media = type != NULL ? g_mime_content_type_get_media_type(type) : NULL;
	const char *sub = type != NULL ? g_mime_content_type_get_media_subtype(type) : NULL;
	struct str text = str_from(arena_printf(mail->arena, "%s/%s", media != NULL ? media : "text",
		sub != NULL ? sub : "plain"));
	return lower_copy(mail->arena, clean_line(mail->arena, text, NAME_BYTES, NULL, NULL));
}

static size_t part_add(struct mail *mail, GMimeObject *object, enum mail_node node, size_t parent)
{
	if (mail->count == mail->cap) {
		mail->cap = mail->cap != 0 ? mail->cap * 2 : 16;
		mail->parts = reallocarray(mail->parts, mail->cap, sizeof(*mail->parts));
		mail->objects = reallocarray(mail->objects, mail->cap, sizeof(*mail->objects));
		if (mail->parts == NULL || mail->objects == NULL)
			die_out_of_memory();
	}
	size_t at = mail->count++;
	struct mail_part *part = &mail->parts[at];
	*part = (struct mail_part){.node = node, .parent = parent, .end = at + 1};
	part->type = part_type(mail, object);
	part->typed = g_mime_object_get_header(object, "Content-Type") != NULL;
	mail->objects[at] = object;
	if (!GMIME_IS_PART(object))
		return at;
	const char *name = g_mime_part_get_filename(GMIME_PART(object));
	part->name = clean_line(mail->arena, str_from(name), NAME_BYTES, NULL, NULL);
	GMimeContentEncoding encoding = g_mime_part_get_content_encoding(GMIME_PART(object));
	part->encoded = encoding == GMIME_CONTENT_ENCODING_BASE64 ||
		encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE; /* uuencode: by textform */
	return at;
}

/* Recursion is bounded by limits.mime_depth, here and by mail_scan() before. */
static bool flatten(struct mail *mail, GMimeObject *object, size_t parent, uint64_t depth,
	const struct limits *limits, struct reject *reject)
{
	if (depth > limits->mime_depth || mail->count >= limits->mime_parts) {
		reject_set(reject, REASON_MAIL_PARTS, "more than %llu levels or %llu parts",
			(unsigned long long)limits->mime_depth, (unsigned long long)limits->mime_parts);
		return false;
	}
	bool good = true;
	size_t at;
	if (GMIME_IS_MULTIPART(object)) {
		at = part_add(mail, object, MAIL_MULTIPART, parent);
		int count = g_mime_multipart_get_count(GMIME_MULTIPART(object));
		for (int i = 0; good && i < count; i++)
			good = flatten(mail, g_mime_multipart_get_part(GMIME_MULTIPART(object), i), at,
				depth + 1, limits, reject);
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		at = part_add(mail, object, MAIL_MESSAGE, parent);
		GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		GMimeObject *body = message != NULL ? g_mime_message_get_mime_part(message) : NULL;
		if (body != NULL)
			good = flatten(mail, body, at, depth + 1, limits, reject);
	} else {
		at = part_add(mail, object, MAIL_LEAF, parent);
	}
	mail->parts[at].end = mail->count;
	return good;
}

static struct mail *mail_from_stream(GMimeStream *stream, const struct limits *limits,
	struct reject *reject)
{
	struct mail *mail = calloc(1, sizeof(*mail));
	if (mail == NULL)
		die_out_of_memory();
	mail->stream = stream;
	mail->arena = arena_open(ARENA_BYTES);
	GMimeParser *parser = g_mime_parser_new_with_stream(stream);
	g_mime_parser_set_persist_stream(parser, TRUE);
	g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
	/* As a part, not as a message: GMime then leaves addresses and subject alone, which it
	 * would decode in any charset a sender names. */
	mail->root = g_mime_parser_construct_part(parser, NULL);
	g_object_unref(parser);
	if (mail->root == NULL)
		reject_set(reject, REASON_FILE_UNKNOWN, "no header");
	else if (flatten(mail, mail->root, 0, 1, limits, reject))
		return mail;
	mail_close(&mail);
	return NULL;
}

struct mail *mail_open_fd(int fd, uint64_t from, uint64_t to, const struct limits *limits,
	struct reject *reject)
{
	GMimeStream *stream = g_mime_stream_fs_new_with_bounds(fd, (gint64)from, (gint64)to);
	g_mime_stream_fs_set_owner(GMIME_STREAM_FS(stream), FALSE);
	return mail_from_stream(stream, limits, reject);
}

struct mail *mail_open_bytes(struct str bytes, const struct limits *limits, struct reject *reject)
{
	GByteArray *array = g_byte_array_new_take((guint8 *)(uintptr_t)bytes.ptr, bytes.len);
	GMimeStream *stream = g_mime_stream_mem_new_with_byte_array(array);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	return mail_from_stream(stream, limits, reject);
}

static void close_stream(GMimeStream *stream)
{
	GByteArray *array = NULL;
	if (GMIME_IS_STREAM_MEM(stream))
		array = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
	g_object_unref(stream);
	if (array != NULL)
		g_byte_array_free(array, FALSE); /* the bytes are the caller's */
}

void mail_close(struct mail **mail)
{
	if (*mail == NULL)
		return;
	if ((*mail)->root != NULL)
		g_object_unref((*mail)->root);
	close_stream((*mail)->stream);
	arena_close(&(*mail)->arena);
	free((*mail)->parts);
	free((*mail)->objects);
	free(*mail);
	*mail = NULL;
}

const struct mail_part *mail_parts(const struct mail *mail, size_t *count_r)
{
	*count_r = mail->count;
	return mail->parts;
}

struct str mail_parameter(const struct mail *mail, size_t part, const char *name)
{
	GMimeContentType *type = g_mime_object_get_content_type(mail->objects[part]);
	return type != NULL ? str_from(g_mime_content_type_get_parameter(type, name)) : STR_NONE;
}

/* ---- headers ---- */

struct str mail_header(struct mail *mail, const char *name)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(mail->root);
	GMimeHeader *header = g_mime_header_list_get_header(list, name);
	return header != NULL ? str_from(g_mime_header_get_raw_value(header)) : STR_NONE;
}

/* RFC 2047 section 2: =?charset?encoding?text?= */
static bool charsets_are_loaded(struct str raw)
{
	for (;;) {
		size_t at = str_find(raw, STR("=?"));
		if (at == SIZE_MAX)
			return true;
		raw = str_from_offset(raw, at + 2);
		size_t end = str_find_char(raw, '?');
		if (end == SIZE_MAX)
			return true;
		bool word = end + 2 < raw.len && raw.ptr[end + 2] == '?';
		if (word && !charset_is_loaded(str_sub(raw, 0, end)))
			return false;
	}
}

/* RFC 5322 section 2.2.3. */
static char *unfold(struct arena *arena, struct str raw)
{
	char *text = arena_cstr(arena, raw);
	size_t len = 0;
	for (size_t i = 0; i < raw.len; i++)
		if (raw.ptr[i] != '\r' && raw.ptr[i] != '\n' && raw.ptr[i] != '\0')
			text[len++] = raw.ptr[i];
	text[len] = '\0';
	return text;
}

struct str mail_decode_text(struct arena *arena, struct str raw, size_t max_bytes)
{
	if (raw.ptr == NULL)
		return STR_NONE;
	const char *text = unfold(arena, raw);
	if (strstr(text, "=?") == NULL || !charsets_are_loaded(str_from(text)))
		return clean_line(arena, str_from(text), max_bytes, NULL, NULL);
	char *decoded = g_mime_utils_header_decode_text(NULL, text);
	struct str clean = clean_line(arena, str_from(decoded), max_bytes, NULL, NULL);
	g_free(decoded);
	return clean;
}

struct mail_head mail_head(struct mail *mail, struct arena *arena)
{
	struct mail_head head = {0};
	head.from = mail_decode_text(arena, mail_header(mail, "From"), HEAD_TEXT_BYTES);
	head.subject = mail_decode_text(arena, mail_header(mail, "Subject"), HEAD_TEXT_BYTES);
	head.message_id = mail_decode_text(arena, mail_header(mail, "Message-ID"), HEAD_TEXT_BYTES);
	head.date = mail_decode_text(arena, mail_header(mail, "Date"), HEAD_TEXT_BYTES);
	if (!time_parse_mail(head.date, &head.date_epoch_secs) || head.date_epoch_secs < 0)
		head.date_epoch_secs = 0;
	return head;
}

/* ---- content ---- */

static ssize_t read_raw(struct mail_content *content, char *out, size_t cap)
{
	if (content->stream != NULL) {
		/* GMime says -1 at the end of a part as it does on an error. */
		if (g_mime_stream_eos(content->stream))
			return 0;
		return g_mime_stream_read(content->stream, out, cap);
	}
	size_t len = content->text.len < cap ? content->text.len : cap;
	if (len > 0)
		memcpy(out, content->text.ptr, len);
	content->text = str_from_offset(content->text, len);
	return (ssize_t)len;
}

/* One block through the decoder. False at the end. */
static bool decode_block(struct mail_content *content)
{
	ssize_t got = read_raw(content, content->raw, RAW_BYTES);
	content->decoded_at = 0;
	content->decoded_len = 0;
	if (got > 0) {
		content->decoded_len = content->base64
			? base64_step(&content->decoder, content->raw, (size_t)got, content->decoded)
			: g_mime_encoding_step(&content->encoding, content->raw, (size_t)got,
				  content->decoded);
		return true;
	}
	if (content->flushed)
		return false;
	content->flushed = true;
	content->decoded_len = content->base64
		? base64_flush(&content->decoder, content->decoded)
		: g_mime_encoding_flush(&content->encoding, NULL, 0, content->decoded);
	return true;
}

static ssize_t read_content(void *context, char *out, size_t cap, struct reject *reject)
{
	struct mail_content *content = context;
	if (content->decoded == NULL) {
		ssize_t got = read_raw(content, out, cap);
		if (got < 0)
			reject_set(reject, REASON_FILE_UNREADABLE, "read error");
		return got;
	}
	while (content->decoded_at == content->decoded_len)
		if (!decode_block(content))
			return 0;
	size_t len = content->decoded_len - content->decoded_at;
	if (len > cap)
		len = cap;
	memcpy(out, content->decoded + content->decoded_at, len);
	content->decoded_at += len;
	return (ssize_t)len;
}

static void open_decoder(struct mail_content *content, GMimeContentEncoding encoding)
{
	content->base64 = encoding == GMIME_CONTENT_ENCODING_BASE64;
	base64_init(&content->decoder);
	g_mime_encoding_init_decode(&content->encoding, encoding);
	size_t room = g_mime_encoding_outlen(&content->encoding, RAW_BYTES) + RAW_BYTES + 16;
	content->decoded = malloc(room);
	if (content->decoded == NULL)
		die_out_of_memory();
}

struct mail_content *mail_content_open(struct mail *mail, size_t part)
{
	struct mail_content *content = calloc(1, sizeof(*content));
	if (content == NULL)
		die_out_of_memory();
	content->payload = (struct payload){read_content, content, mail->parts[part].name};
	GMimeObject *object = mail->objects[part];
	if (GMIME_IS_MULTIPART(object))
		content->text = str_from(g_mime_multipart_get_prologue(GMIME_MULTIPART(object)));
	if (!GMIME_IS_PART(object))
		return content;
	GMimeDataWrapper *wrapper = g_mime_part_get_content(GMIME_PART(object));
	if (wrapper == NULL)
		return content;
	content->stream = g_mime_data_wrapper_get_stream(wrapper);
	g_mime_stream_reset(content->stream);
	if (mail->parts[part].encoded)
		open_decoder(content, g_mime_data_wrapper_get_encoding(wrapper));
	return content;
}

struct payload *mail_content_payload(struct mail_content *content)
{
	return &content->payload;
}

bool mail_content_repaired(const struct mail_content *content)
{
	return content->base64 && base64_repaired(&content->decoder);
}

void mail_content_close(struct mail_content **content)
{
	if (*content == NULL)
		return;
	free((*content)->decoded);
	free(*content);
	*content = NULL;
}

/* Where the message ends: before the line that separates the parts of a multipart around it. */
static size_t message_extent(const struct mail *mail, size_t part, struct str bytes)
{
	size_t end = bytes.len;
	while (part != mail->parts[part].parent) {
		part = mail->parts[part].parent;
		struct str boundary = mail_parameter(mail, part, "boundary");
		if (mail->parts[part].node != MAIL_MULTIPART || boundary.len == 0)
			continue;
		struct str line = str_from(arena_printf(mail->arena, "\n--%.*s", STR_FMT(boundary)));
		size_t at = str_find(str_sub(bytes, 0, end), line);
		if (at != SIZE_MAX)
			end = at > 0 && bytes.ptr[at - 1] == '\r' ? at - 1 : at;
	}
	return end;
}

static void read_stream(GMimeStream *stream, struct buf *out)
{
	ssize_t got = 1;
	while (got > 0 && !g_mime_stream_eos(stream)) {
		char *room = buf_room(out, RAW_BYTES);
		if (room == NULL)
			return;
		got = g_mime_stream_read(stream, room, RAW_BYTES);
		if (got > 0)
			buf_took(out, (size_t)got);
	}
}

void mail_message_bytes(struct mail *mail, size_t part, struct buf *out)
{
	GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(mail->objects[part]));
	GMimeHeaderList *list =
		message != NULL ? g_mime_object_get_header_list(GMIME_OBJECT(message)) : NULL;
	if (list == NULL || g_mime_header_list_get_count(list) == 0)
		return;
	gint64 from = g_mime_header_get_offset(g_mime_header_list_get_header_at(list, 0));
	if (from < 0)
		return;
	GMimeStream *stream = g_mime_stream_substream(mail->stream, from, mail->stream->bound_end);
	size_t start = out->len;
	read_stream(stream, out);
	g_object_unref(stream);
	out->len = start + message_extent(mail, part, str_from_offset(buf_str(out), start));
}
