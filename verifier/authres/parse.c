// SPDX-License-Identifier: Apache-2.0
/* RFC 8601 section 2.2, read with what is sent in the wild; each liberty taken sets `lenient`. */
#include "verifier/authres.h"

#include "verifier/domain.h"

#include <string.h>

#define VERSION_MAX 1000000
#define BODY_BYTES_MAX ((size_t)256 * 1024) /* what is longer is nobody's result */
#define JOINED_BYTES_MAX 4096
#define UNCLOSED_MAX 10 /* comments without an end that are looked for */

struct reader {
	struct arena *arena;
	struct str text;
	size_t at;
	bool apart;  /* white space or a comment was skipped */
	bool folded; /* with a line end in it */
	bool none;   /* said so */
	unsigned unclosed; /* comments so far */
	char *joined;      /* the value that was last put together */
	size_t joined_room;
	struct authres *authres;
	struct authres_result *result; /* takes comments; NULL: nobody does */
};

static bool at_end(const struct reader *reader)
{
	return reader->at >= reader->text.len;
}

static char peek(const struct reader *reader)
{
	return at_end(reader) ? '\0' : reader->text.ptr[reader->at];
}

static bool take(struct reader *reader, char c)
{
	if (at_end(reader) || peek(reader) != c)
		return false;
	reader->at++;
	return true;
}

/* Line ends vanish (RFC 5322 section 2.2.3), what else has no place in a text is shown as a "?". */
static void add_clean(char *text, size_t *len, char c)
{
	if (c == '\r' || c == '\n')
		return;
	text[(*len)++] = c == '\t' ? ' ' : ((unsigned char)c < ' ' || c == 0x7f) ? '?' : c;
}

/* Behind the comment at `at`; one that never ends goes to the next ";". */
static size_t comment_end(struct reader *reader)
{
	size_t depth = 0;
	for (size_t at = reader->at; at < reader->text.len && reader->unclosed < UNCLOSED_MAX; at++) {
		char c = reader->text.ptr[at];
		if (c == '\\')
			at++;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return at + 1;
	}
	reader->authres->lenient = true;
	size_t end = str_find_char(str_from_offset(reader->text, reader->at), ';');
	return end == SIZE_MAX || ++reader->unclosed >= UNCLOSED_MAX ? reader->text.len : reader->at + end;
}

static void skip_comment(struct reader *reader)
{
	size_t end = comment_end(reader), len = 0;
	if (reader->result && !reader->result->comment.ptr) {
		char *text = arena_alloc(reader->arena, end - reader->at + 1);
		size_t last = reader->text.ptr[end - 1] == ')' ? end - 1 : end;
		for (size_t at = reader->at + 1; at < last; at++) {
			if (reader->text.ptr[at] == '\\' && at + 1 < last)
				at++;
			add_clean(text, &len, reader->text.ptr[at]);
		}
		reader->result->comment = (struct str){text, len};
	}
	reader->at = end;
}

/* [CFWS] */
static void skip(struct reader *reader)
{
	reader->apart = reader->folded = false;
	for (; !at_end(reader); reader->apart = true) {
		char c = peek(reader);
		if (c == '(') {
			skip_comment(reader);
		} else if (ascii_is_space(c)) {
			reader->folded = reader->folded || c == '\n';
			reader->at++;
		} else {
			return;
		}
	}
}

static bool is_keyword_byte(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

/* In small letters; empty when there is none. */
static struct str read_keyword(struct reader *reader)
{
	size_t from = reader->at;
	while (!at_end(reader) && is_keyword_byte(peek(reader)))
		reader->at++;
	char *word = arena_alloc(reader->arena, reader->at - from + 1);
	for (size_t i = from; i < reader->at; i++)
		word[i - from] = ascii_lower(reader->text.ptr[i]);
	return (struct str){word, reader->at - from};
}

static void read_quoted(struct reader *reader, char *text, size_t *len)
{
	reader->at++;
	while (!at_end(reader) && peek(reader) != '"') {
		if (peek(reader) == '\\' && reader->at + 1 < reader->text.len)
			reader->at++;
		add_clean(text, len, peek(reader));
		reader->at++;
	}
	if (!take(reader, '"'))
		reader->authres->lenient = true;
}

static bool ends_value(char c)
{
	return c == ';' || c == '(' || ascii_is_space(c);
}

/* At least the bytes of the value at hand. */
static size_t value_bytes(const struct reader *reader)
{
	bool quoted = false;
	for (size_t at = reader->at; at < reader->text.len; at++) {
		char c = reader->text.ptr[at];
		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			at++;
		else if (!quoted && ends_value(c))
			return at - reader->at;
	}
	return reader->text.len - reader->at;
}

/* token / quoted-string / [[local-part] "@"] domain-name, and whatever else stands without a blank. */
static struct str read_value(struct reader *reader)
{
	char *text = arena_alloc(reader->arena, value_bytes(reader) + 1);
	size_t len = 0, from = reader->at;
	bool quoted = false;
	while (!at_end(reader) && !ends_value(peek(reader))) {
		if (peek(reader) == '"') {
			quoted = true;
			read_quoted(reader, text, &len);
		} else {
			add_clean(text, &len, peek(reader));
			reader->at++;
		}
	}
	struct str value = {text, len};
	if (quoted || len < 2 || text[0] != '<' || text[len - 1] != '>')
		return reader->at > from ? value : STR("");
	reader->authres->lenient = true;
	return str_sub(value, 1, len - 2);
}

/* "smtp.mailfrom= header.from=x": what follows is no value but the next property. */
static bool at_property(const struct reader *reader)
{
	size_t at = reader->at;
	bool dot = false;
	while (at < reader->text.len && (is_keyword_byte(reader->text.ptr[at]) || reader->text.ptr[at] == '.')) {
		dot = dot || reader->text.ptr[at] == '.';
		at++;
	}
	return dot && at < reader->text.len && reader->text.ptr[at] == '=';
}

static struct str read_value_behind_equals(struct reader *reader)
{
	skip(reader);
	return reader->apart && at_property(reader) ? STR("") : read_value(reader);
}

/* Room is doubled: a value of many words costs no more than in proportion. */
static void join(struct reader *reader, struct str *value, const char *between, struct str behind)
{
	size_t gap = strlen(between), len = value->len + gap + behind.len;
	if (len > JOINED_BYTES_MAX)
		return;
	if (value->ptr != reader->joined || len > reader->joined_room) {
		char *more = arena_alloc(reader->arena, 2 * len + 1);
		if (value->len > 0)
			memcpy(more, value->ptr, value->len);
		reader->joined = more;
		reader->joined_room = 2 * len;
	}
	memcpy(reader->joined + value->len, between, gap);
	if (behind.len > 0)
		memcpy(reader->joined + value->len + gap, behind.ptr, behind.len);
	*value = (struct str){reader->joined, len};
}

/* A word that is no property belongs to what stands before it: a value folded in its middle, a reason
 * without quotes. */
static void take_stray(struct reader *reader, struct str *last, bool is_reason, bool folded)
{
	size_t from = reader->at;
	struct str word = read_value(reader);
	if (reader->at == from)
		reader->at++; /* a ")" or the like */
	else if (last && is_reason)
		join(reader, last, " ", word);
	else if (last && folded)
		join(reader, last, "", word);
	reader->authres->lenient = true;
}

static struct authres_property *new_property(struct reader *reader)
{
	struct authres_result *result = reader->result;
	if (result->properties_count == AUTHRES_PROPERTIES_MAX)
		return NULL;
	size_t count = result->properties_count++;
	/* Room for a power of two. */
	if ((count & (count - 1)) == 0) {
		struct authres_property *more = ARENA_ARRAY(reader->arena, count ? count * 2 : 1,
			struct authres_property);
		if (count > 0)
			memcpy(more, result->properties, count * sizeof(*more));
		result->properties = more;
	}
	return &result->properties[count];
}

/* "type.name =" or "name ="; false and nothing taken when it is neither. */
static bool read_name(struct reader *reader, struct str *type_r, struct str *name_r)
{
	size_t from = reader->at;
	*type_r = STR("");
	*name_r = read_keyword(reader);
	skip(reader);
	if (name_r->len > 0 && take(reader, '.')) {
		skip(reader);
		*type_r = *name_r;
		*name_r = read_keyword(reader);
		skip(reader);
	}
	if (name_r->len > 0 && take(reader, '='))
		return true;
	reader->at = from;
	return false;
}

/* reasonspec and propspecs, in any order. */
static void read_properties(struct reader *reader)
{
	struct str *last = NULL, type, name;
	bool is_reason = false;
	for (skip(reader); !at_end(reader) && peek(reader) != ';'; skip(reader)) {
		bool folded = reader->folded;
		if (!read_name(reader, &type, &name)) {
			take_stray(reader, last, is_reason, folded);
			continue;
		}
		struct str value = read_value_behind_equals(reader);
		is_reason = type.len == 0 && str_eq(name, STR("reason"));
		if (is_reason) {
			reader->authres->lenient = reader->authres->lenient || reader->result->reason.ptr ||
				reader->result->properties_count > 0;
			reader->result->reason = value;
			last = &reader->result->reason;
			continue;
		}
		struct authres_property *property = new_property(reader);
		reader->authres->lenient = reader->authres->lenient || type.len == 0 || !property;
		last = property ? &property->value : NULL;
		if (property)
			*property = (struct authres_property){.type = type, .name = name, .value = value};
	}
	reader->result = NULL;
}

static void skip_to_end_of_result(struct reader *reader)
{
	reader->result = NULL;
	while (!at_end(reader) && peek(reader) != ';') {
		if (peek(reader) == '(')
			skip_comment(reader);
		else
			(void)take(reader, peek(reader));
	}
}

static void add_result(struct reader *reader, const struct authres_result *result)
{
	struct authres *authres = reader->authres;
	size_t count = authres->results_count++;
	/* Room for a power of two. */
	if ((count & (count - 1)) == 0) {
		struct authres_result *more = ARENA_ARRAY(reader->arena, count ? count * 2 : 1, struct authres_result);
		if (count > 0)
			memcpy(more, authres->results, count * sizeof(*more));
		authres->results = more;
	}
	authres->results[count] = *result;
}

/* methodspec and all behind it, up to the next ";". */
static void read_result(struct reader *reader)
{
	struct authres *authres = reader->authres;
	struct authres_result result = {.reason = STR_NONE};
	reader->result = &result;
	skip(reader);
	result.method = read_keyword(reader);
	skip(reader);
	if (take(reader, '/')) {
		skip(reader);
		struct str version = read_keyword(reader);
		skip(reader);
		if (!str_eq(version, STR("1"))) {
			skip_to_end_of_result(reader);
			return;
		}
	}
	bool none = str_eq(result.method, STR("none")) && (at_end(reader) || peek(reader) == ';');
	if (result.method.len == 0 || !take(reader, '=')) {
		reader->none = none;
		authres->lenient = authres->lenient || !none || authres->results_count > 0;
		skip_to_end_of_result(reader);
		return;
	}
	skip(reader);
	result.result = read_keyword(reader);
	read_properties(reader);
	bool instance = str_eq(result.method, STR("i")); /* of ARC, out of place */
	if (result.result.len > 0 && !instance && authres->results_count < AUTHRES_RESULTS_MAX)
		add_result(reader, &result);
	else
		authres->lenient = true;
}

/* ARC: "i=1;", its "i" in this case alone. */
static void read_instance(struct reader *reader)
{
	size_t from = reader->at;
	struct str number = STR_NONE;
	if (peek(reader) == 'i' && str_eq(read_keyword(reader), STR("i"))) {
		skip(reader);
		if (take(reader, '=')) {
			skip(reader);
			number = read_keyword(reader);
			skip(reader);
		}
	}
	if (!str_to_u64(number, UINT32_MAX, &reader->authres->instance) || !take(reader, ';'))
		reader->at = from;
	if (reader->at == from)
		reader->authres->instance = 0;
}

/* authserv-id [ CFWS version ], unless the results begin at once. False: another version. */
static bool read_head(struct reader *reader)
{
	size_t from = reader->at;
	uint64_t version = 1;
	struct str id = read_value(reader), word = STR_NONE;
	if (id.len > 0 && reader->text.ptr[from] != '"' && str_find_char(id, '=') != SIZE_MAX) {
		reader->authres->lenient = true;
		reader->at = from;
		return true;
	}
	skip(reader);
	if (peek(reader) == '=') { /* "spf = pass" */
		reader->authres->lenient = true;
		reader->at = from;
		return true;
	}
	reader->authres->authserv_id = id.len > 0 ? id : STR_NONE;
	reader->authres->lenient = reader->authres->lenient || id.len == 0;
	from = reader->at;
	if (!at_end(reader) && peek(reader) != ';')
		word = read_value(reader);
	if (str_find_char(word, '=') != SIZE_MAX) { /* the ";" is missing */
		reader->authres->lenient = true;
		reader->at = from;
		return true;
	}
	if (word.ptr && str_to_u64(word, VERSION_MAX, &version) && version != 1)
		return false;
	skip(reader);
	if ((word.ptr && !str_eq(word, STR("1"))) || peek(reader) != ';')
		reader->authres->lenient = true;
	skip_to_end_of_result(reader);
	(void)take(reader, ';');
	return true;
}

uint64_t authres_instance(struct arena *arena, struct str body)
{
	struct authres authres = {0};
	struct reader reader = {.arena = arena, .text = str_sub(body, 0, BODY_BYTES_MAX), .authres = &authres};
	skip(&reader);
	read_instance(&reader);
	return authres.instance;
}

bool authres_parse(struct arena *arena, struct str body, struct authres *authres_r)
{
	struct reader reader = {.arena = arena, .text = str_sub(body, 0, BODY_BYTES_MAX), .authres = authres_r};
	*authres_r = (struct authres){0};
	skip(&reader);
	read_instance(&reader);
	skip(&reader);
	if (!read_head(&reader))
		return false;
	while (!at_end(&reader)) {
		skip(&reader);
		if (at_end(&reader) || peek(&reader) == ';')
			authres_r->lenient = true;
		else
			read_result(&reader);
		if (take(&reader, ';') && at_end(&reader))
			authres_r->lenient = true;
	}
	if (authres_r->results_count == 0 && !reader.none)
		authres_r->lenient = true;
	return authres_r->authserv_id.ptr || authres_r->results_count > 0;
}

static void rename_as_in_8601(struct authres *authres, struct authres_property *property)
{
	static const char *const names[][2] = {
		{"client-ip", "remote-ip"}, {"envelope-from", "mailfrom"}, {"helo", "helo"},
	};
	if (str_eq(property->name, STR("receiver")))
		authres->authserv_id = property->value;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(property->name, str_from(names[i][0]))) {
			property->type = STR("smtp");
			property->name = str_from(names[i][1]);
			return;
		}
}

/* RFC 7208 section 9.1; ";" between the pairs may be missing. */
bool received_spf_parse(struct arena *arena, struct str body, struct authres *authres_r)
{
	struct reader reader = {.arena = arena, .text = str_sub(body, 0, BODY_BYTES_MAX), .authres = authres_r};
	struct authres_result *result = ARENA_NEW(arena, struct authres_result);
	*authres_r = (struct authres){.results = result, .results_count = 1};
	reader.result = result;
	skip(&reader);
	result->method = STR("spf");
	result->result = read_keyword(&reader);
	while (!at_end(&reader)) {
		reader.result = result;
		read_properties(&reader);
		(void)take(&reader, ';');
	}
	for (size_t i = 0; i < result->properties_count; i++)
		rename_as_in_8601(authres_r, &result->properties[i]);
	authres_r->lenient = false;
	return result->result.len > 0;
}

struct str authres_value(const struct authres_result *result, const char *type, const char *name)
{
	for (size_t i = 0; i < result->properties_count; i++)
		if (str_eq(result->properties[i].type, str_from(type)) &&
			str_eq(result->properties[i].name, str_from(name)))
			return result->properties[i].value;
	return STR_NONE;
}

bool authres_domain(struct arena *arena, struct str value, struct str *domain_r)
{
	size_t at = str_rfind_char(value, '@');
	return domain_to_ascii(arena, at == SIZE_MAX ? value : str_from_offset(value, at + 1), domain_r);
}
