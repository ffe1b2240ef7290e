// SPDX-License-Identifier: Apache-2.0
/*
 * One answer or none: what other readers are known to read otherwise ("Composition
 * Kills" and "Weak Links in Authentication Chains", USENIX Security 2020 and 2021) is
 * no address list here: source routes, comments and blanks inside a domain, text
 * around an address without angle brackets, encoded words in an address, controls.
 */
#include "verifier/address.h"

#include "base/utf8.h"
#include "verifier/domain.h"
#include "verifier/verify.h"

#include <string.h>

enum token { TOKEN_END, TOKEN_ATOM, TOKEN_QUOTED, TOKEN_LITERAL, TOKEN_SPECIAL };

struct reader {
	struct arena *arena;
	struct str text;
	size_t at; /* behind the token */
	enum token token;
	struct str word;   /* the token as it stands */
	bool apart;        /* white space or a comment stands before the token */
	const char *wrong; /* the first thing that is; NULL: nothing yet */
	struct mailbox *mailboxes;
	size_t count;
};

static bool refuse(struct reader *reader, const char *wrong)
{
	if (!reader->wrong)
		reader->wrong = wrong;
	reader->token = TOKEN_END;
	reader->at = reader->text.len;
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 5322 section 3.2.3 and RFC 6532 section 3.2: what has a meaning of its own is not in it. */
static bool is_atom_byte(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && !strchr("()<>[]:;@\\,.\"", c);
}

/* Controls, a CR or LF that folds nothing among them, have been read in many ways. */
static bool has_controls(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		if (c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n')
			continue;
		if (c == '\n' && i + 1 < text.len && (text.ptr[i + 1] == ' ' || text.ptr[i + 1] == '\t'))
			continue;
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

/* Behind the first unquoted close from `at` on; comments stand in each other (section 3.2.2). SIZE_MAX:
 * there is none. */
static size_t behind_close(struct str text, size_t at, char open, char close)
{
	size_t depth = 1;
	for (; at < text.len; at++) {
		if (text.ptr[at] == '\\')
			at++;
		else if (text.ptr[at] == close && --depth == 0)
			return at + 1;
		else if (text.ptr[at] == open)
			depth++;
	}
	return SIZE_MAX;
}

static bool skip_blanks(struct reader *reader)
{
	struct str text = reader->text;
	reader->apart = false;
	while (reader->at < text.len && (is_blank(text.ptr[reader->at]) || text.ptr[reader->at] == '(')) {
		reader->apart = true;
		if (text.ptr[reader->at] != '(') {
			reader->at++;
			continue;
		}
		reader->at = behind_close(text, reader->at + 1, '(', ')');
		if (reader->at == SIZE_MAX)
			return refuse(reader, "a comment has no end");
	}
	return true;
}

static void next(struct reader *reader)
{
	struct str text = reader->text;
	if (!skip_blanks(reader))
		return;
	size_t from = reader->at, end = from;
	reader->word = STR("");
	reader->token = TOKEN_END;
	if (from == text.len)
		return;
	while (end < text.len && is_atom_byte(text.ptr[end]))
		end++;
	reader->token = TOKEN_ATOM;
	if (end == from) {
		char c = text.ptr[from];
		reader->token = c == '"' ? TOKEN_QUOTED : c == '[' ? TOKEN_LITERAL : TOKEN_SPECIAL;
		end = c == '"' ? behind_close(text, from + 1, '\0', '"') :
			c == '[' ? behind_close(text, from + 1, '\0', ']') : from + 1;
	}
	if (end == SIZE_MAX) {
		(void)refuse(reader, "a quoted string or a domain literal has no end");
		return;
	}
	reader->word = str_sub(text, from, end - from);
	reader->at = end;
}

static bool is_special(const struct reader *reader, char c)
{
	return reader->token == TOKEN_SPECIAL && reader->word.ptr[0] == c;
}

static bool at_end_of_address(const struct reader *reader)
{
	return reader->token == TOKEN_END || is_special(reader, ',') || is_special(reader, ';');
}

static const char *token_end(const struct reader *reader)
{
	return reader->word.ptr + reader->word.len;
}

static bool is_literal_word(const struct reader *reader)
{
	if (reader->token != TOKEN_LITERAL)
		return false;
	for (size_t i = 0; i < reader->word.len; i++)
		if (strchr("<>@,", reader->word.ptr[i]))
			return false;
	return true;
}

/* Words and dots: a phrase (section 3.2.5, obs-phrase), or a local part when `dotted`. The text goes from
 * the first to the last of them. */
struct words {
	struct str text; /* absent: none */
	bool dotted;     /* word *("." word), nothing between */
};

static struct words read_words(struct reader *reader)
{
	struct words words = {STR_NONE, true};
	bool word_next = true;
	while (reader->token == TOKEN_ATOM || reader->token == TOKEN_QUOTED || is_special(reader, '.') ||
		is_literal_word(reader)) {
		bool word = reader->token == TOKEN_ATOM || reader->token == TOKEN_QUOTED;
		if (word != word_next || (words.text.ptr && reader->apart))
			words.dotted = false;
		word_next = !word;
		if (!words.text.ptr)
			words.text.ptr = reader->word.ptr;
		words.text.len = (size_t)(token_end(reader) - words.text.ptr);
		next(reader);
	}
	words.dotted = words.dotted && !word_next;
	return words;
}

/* Quotes and quoted pairs are only spelling (section 3.2.4). */
static bool read_local_part(struct reader *reader, const struct words *words, struct str *local_part_r)
{
	char *plain = arena_alloc(reader->arena, words->text.len + 1);
	size_t len = 0;
	bool quoted = false;
	if (!words->dotted)
		return refuse(reader, "an address without angle brackets stands among other words");
	if (str_find(words->text, STR("=?")) != SIZE_MAX && str_find(words->text, STR("?=")) != SIZE_MAX)
		return refuse(reader, "an encoded word stands in an address (RFC 2047 section 5)");
	if (!utf8_valid(words->text))
		return refuse(reader, "a local part is not UTF-8");
	for (size_t i = 0; i < words->text.len; i++) {
		char c = words->text.ptr[i];
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && c == '\\' && i + 1 < words->text.len)
			c = words->text.ptr[++i];
		if (c != '\r' && c != '\n')
			plain[len++] = c;
	}
	*local_part_r = (struct str){plain, len};
	return true;
}

/* From "@" on: a dot-atom, with one final dot perhaps, or a literal. */
static bool read_domain(struct reader *reader, struct mailbox *mailbox)
{
	next(reader);
	if (reader->token != TOKEN_ATOM && reader->token != TOKEN_LITERAL)
		return refuse(reader, "no domain stands behind an @");
	bool literal = reader->token == TOKEN_LITERAL, dot = false;
	mailbox->domain = reader->word;
	for (next(reader); !literal; next(reader)) {
		if (!(dot ? reader->token == TOKEN_ATOM : is_special(reader, '.')) || (dot && reader->apart))
			break;
		if (reader->apart)
			return refuse(reader, "a blank or a comment stands inside a domain");
		mailbox->domain.len = (size_t)(token_end(reader) - mailbox->domain.ptr);
		dot = !dot;
	}
	if (dot && (reader->token == TOKEN_ATOM || is_special(reader, '.')))
		return refuse(reader, "a blank or a comment stands inside a domain, or two dots do");
	(void)domain_to_ascii(reader->arena, mailbox->domain, &mailbox->ascii);
	return true;
}

static bool add_mailbox(struct reader *reader, const struct mailbox *mailbox)
{
	if (!at_end_of_address(reader))
		return refuse(reader, "something stands behind an address that is no part of it");
	if (reader->count == ADDRESS_MAILBOXES_MAX)
		return refuse(reader, "more than 100 addresses");
	if (!reader->mailboxes)
		reader->mailboxes = ARENA_ARRAY(reader->arena, ADDRESS_MAILBOXES_MAX, struct mailbox);
	reader->mailboxes[reader->count++] = *mailbox;
	return true;
}

/* At "<" (section 3.4). */
static bool read_angle_address(struct reader *reader, struct mailbox *mailbox)
{
	next(reader);
	if (is_special(reader, '@'))
		return refuse(reader, "a source route (RFC 5322 section 4.4)");
	struct words words = read_words(reader);
	if (!is_special(reader, '@'))
		return refuse(reader, "no address stands in the angle brackets");
	if (!read_local_part(reader, &words, &mailbox->local_part) || !read_domain(reader, mailbox))
		return false;
	if (!is_special(reader, '>'))
		return refuse(reader, "angle brackets do not end behind the address");
	next(reader);
	return add_mailbox(reader, mailbox);
}

/* "a@example.com <a@example.com>" is no phrase, and is sent all the same: two of one domain are believed. */
static bool read_bare_address(struct reader *reader, const struct words *words, const char *from)
{
	struct mailbox bare = {.display = STR_NONE}, mailbox = bare;
	if (!read_local_part(reader, words, &bare.local_part) || !read_domain(reader, &bare))
		return false;
	if (!is_special(reader, '<'))
		return add_mailbox(reader, &bare);
	mailbox.display = str_trim((struct str){from, (size_t)(reader->word.ptr - from)});
	if (!read_angle_address(reader, &mailbox))
		return false;
	if (!bare.ascii.ptr || !str_eq(bare.ascii, mailbox.ascii))
		return refuse(reader, "the name before an address is another address");
	return true;
}

static bool read_list(struct reader *reader, bool group);

/* A mailbox or a group. */
static bool read_address(struct reader *reader, bool in_group)
{
	const char *from = reader->word.ptr;
	struct words words = read_words(reader);
	if (is_special(reader, '@'))
		return read_bare_address(reader, &words, from);
	if (is_special(reader, '<')) {
		struct mailbox mailbox = {.display = STR_NONE};
		if (words.text.ptr)
			mailbox.display = str_trim((struct str){from, (size_t)(reader->word.ptr - from)});
		return read_angle_address(reader, &mailbox);
	}
	if (is_special(reader, ':') && words.text.ptr && !in_group) {
		next(reader);
		return read_list(reader, true);
	}
	return refuse(reader, words.text.ptr ? "words without an address" : "a special character out of place");
}

/* Empty elements are allowed (section 4.4). */
static bool read_list(struct reader *reader, bool group)
{
	while (!reader->wrong) {
		while (is_special(reader, ','))
			next(reader);
		if (reader->token == TOKEN_END)
			return group ? refuse(reader, "a group has no end") : !reader->wrong;
		if (group && is_special(reader, ';')) {
			next(reader);
			return at_end_of_address(reader) && !is_special(reader, ';') ? !reader->wrong :
				refuse(reader, "something stands behind a group that is no part of it");
		}
		if (!read_address(reader, group))
			return false;
	}
	return false;
}

static bool read_body(struct reader *reader, struct str body)
{
	reader->text = body;
	if (has_controls(body))
		return refuse(reader, "control characters");
	reader->at = 0;
	next(reader);
	return read_list(reader, false);
}

bool address_list(struct arena *arena, struct str body, struct mailbox **mailboxes_r, size_t *count_r)
{
	struct reader reader = {.arena = arena};
	bool good = read_body(&reader, body);
	*mailboxes_r = reader.mailboxes;
	*count_r = good ? reader.count : 0;
	return good;
}

/* Where the header ended before something that is no field, other readers go on to the empty line. */
static size_t hidden_fields(const struct message *message)
{
	struct str rest = message->body, line;
	size_t found = 0;
	if (!message->no_separator)
		return 0;
	while (str_line(&rest, &line) && line.len > 0) {
		line = str_trim(line);
		if (!str_starts_nocase(line, STR("from")))
			continue;
		size_t at = 4;
		while (at < line.len && (unsigned char)line.ptr[at] <= ' ')
			at++;
		found += at == line.len || line.ptr[at] == ':';
	}
	return found;
}

static void judge(struct arena *arena, struct author *author)
{
	author->state = ADDRESS_OK;
	for (size_t i = 0; i < author->mailboxes_count; i++) {
		struct mailbox *mailbox = &author->mailboxes[i];
		if (!mailbox->ascii.ptr) {
			author->state = ADDRESS_BROKEN;
			author->detail = str_from(arena_printf(arena, "%.*s in the From field is no domain name",
				STR_FMT(verify_text(arena, mailbox->domain))));
			return;
		}
		if (i > 0 && !str_eq(mailbox->ascii, author->mailboxes[0].ascii)) {
			author->state = ADDRESS_SEVERAL;
			author->detail = str_from(arena_printf(arena, "the From field has several domains: %.*s, %.*s",
				STR_FMT(author->mailboxes[0].ascii), STR_FMT(mailbox->ascii)));
		}
	}
	if (author->state == ADDRESS_OK)
		author->domain = author->mailboxes[0].ascii;
}

void address_author(struct arena *arena, const struct message *message, struct author *author_r)
{
	const struct message_field *field = message_field(message, STR("from"), 0);
	struct reader reader = {.arena = arena};
	size_t hidden = hidden_fields(message);
	*author_r = (struct author){.state = ADDRESS_NONE, .fields = message_fields_count(message, STR("from"))};
	bool good = field && read_body(&reader, field->body);
	author_r->mailboxes = reader.mailboxes;
	author_r->mailboxes_count = good ? reader.count : 0;
	if (message->overflow) {
		author_r->state = ADDRESS_BROKEN;
		author_r->detail = STR("the header has more fields than are looked at");
	} else if (author_r->fields > 1) {
		author_r->state = ADDRESS_SEVERAL;
		author_r->detail = str_from(arena_printf(arena, "%zu From fields", author_r->fields));
	} else if (hidden > 0) {
		author_r->state = field ? ADDRESS_SEVERAL : ADDRESS_BROKEN;
		author_r->detail = STR("a From field stands behind a line that is no header field");
	} else if (!field) {
		author_r->detail = STR("there is no From field");
	} else if (!good) {
		author_r->state = ADDRESS_BROKEN;
		author_r->detail = str_from(arena_printf(arena, "the From field is not an address list: %s",
			reader.wrong));
	} else if (reader.count == 0) {
		author_r->detail = STR("there is no address in the From field");
	} else {
		judge(arena, author_r);
	}
}
