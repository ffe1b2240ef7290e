// SPDX-License-Identifier: Apache-2.0
/* RFC 8601 section 2.2 strictly: values are quoted unless they are a token, a domain or an address. */
#include "verifier/authres.h"

#include <string.h>

#define COLUMNS 78

struct printer {
	struct buf *out;
	size_t column;
};

static void put(struct printer *printer, const char *bytes, size_t len)
{
	buf_add(printer->out, bytes, len);
	printer->column += len;
}

static void fold(struct printer *printer)
{
	buf_add_str(printer->out, STR("\r\n"));
	printer->column = 0;
}

/* A blank before something of this length, on a new line where it would be too long; never on a second one,
 * an empty line would end the header. */
static void blank(struct printer *printer, size_t len)
{
	if (printer->column > 0 && printer->column + 1 + len > COLUMNS)
		fold(printer);
	put(printer, " ", 1);
}

static size_t word_bytes(struct str text, size_t at)
{
	size_t end = at;
	while (end < text.len && text.ptr[end] != ' ')
		end++;
	return end - at;
}

/* Lines break before a blank that another word follows; unfolding gives the same text again. Controls
 * can neither end a line nor hide something. */
static void put_escaped(struct printer *printer, struct str text, const char *specials)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == ' ' && word_bytes(text, i + 1) > 0 && i > 0 &&
			printer->column + 2 + word_bytes(text, i + 1) > COLUMNS)
			fold(printer);
		if (strchr(specials, c) && c)
			put(printer, "\\", 1);
		if ((unsigned char)c < ' ' || c == 0x7f)
			c = '?';
		put(printer, &c, 1);
	}
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7f ||
			is_one_of(text.ptr[i], "()<>@,;:\\\"/[]?="))
			return false;
	return text.len > 0;
}

static bool is_dot_atom(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!ascii_is_alnum(text.ptr[i]) && !is_one_of(text.ptr[i], "!#$%&'*+-/=?^_`{|}~."))
			return false;
	return true;
}

/* [[local-part] "@"] domain-name */
static bool is_plain(struct str text)
{
	size_t at = str_rfind_char(text, '@');
	return is_token(text) || (at != SIZE_MAX && is_dot_atom(str_sub(text, 0, at)) &&
		is_token(str_from_offset(text, at + 1)));
}

static void put_keyword(struct printer *printer, struct str word)
{
	for (size_t i = 0; i < word.len; i++)
		put(printer, ascii_is_alnum(word.ptr[i]) || word.ptr[i] == '_' ? &word.ptr[i] : "-", 1);
}

static void put_value(struct printer *printer, struct str value, bool plain)
{
	if (plain) {
		put(printer, value.ptr, value.len);
		return;
	}
	put(printer, "\"", 1);
	put_escaped(printer, value, "\"\\");
	put(printer, "\"", 1);
}

static void put_pair(struct printer *printer, struct str type, struct str name, struct str value, bool plain)
{
	size_t first = plain ? value.len : word_bytes(value, 0) + 2;
	blank(printer, type.len + 1 + name.len + 1 + first + 1);
	put_keyword(printer, type);
	if (type.len > 0)
		put(printer, ".", 1);
	put_keyword(printer, name);
	put(printer, "=", 1);
	put_value(printer, value, plain);
}

static void put_result(struct printer *printer, const struct authres_result *result)
{
	put_pair(printer, STR(""), result->method, result->result, is_token(result->result));
	if (result->comment.ptr) {
		blank(printer, word_bytes(result->comment, 0) + 2);
		put(printer, "(", 1);
		put_escaped(printer, result->comment, "()\\");
		put(printer, ")", 1);
	}
	if (result->reason.ptr)
		put_pair(printer, STR(""), STR("reason"), result->reason, is_token(result->reason));
	for (size_t i = 0; i < result->properties_count; i++) {
		const struct authres_property *property = &result->properties[i];
		put_pair(printer, property->type, property->name, property->value, is_plain(property->value));
	}
}

void authres_print(struct buf *out, const struct authres *authres, size_t column)
{
	struct printer printer = {out, column};
	bool behind = false; /* something a ";" has to stand behind */
	if (authres->instance > 0) {
		size_t before = out->len;
		buf_printf(out, " i=%llu", (unsigned long long)authres->instance);
		printer.column += out->len - before;
		behind = true;
	}
	if (authres->authserv_id.ptr) {
		if (behind)
			put(&printer, ";", 1);
		blank(&printer, authres->authserv_id.len + 1);
		put_value(&printer, authres->authserv_id, is_token(authres->authserv_id));
		behind = true;
	}
	for (size_t i = 0; i < authres->results_count; i++) {
		if (behind) {
			put(&printer, ";", 1);
			fold(&printer);
		}
		put_result(&printer, &authres->results[i]);
		behind = true;
	}
	if (authres->results_count == 0)
		put(&printer, "; none", 6);
}
