// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config_check.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "daemon/config/config_shape.h"
#include "daemon/config/config_value.h"
#include "dns/dns.h"
#include "model/limits.h"
#include "store/store.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#define PATH_MAX_BYTES ((size_t)4096)
#define TEXT_MAX_BYTES ((size_t)4096)
#define KEYS_MAX LIMITS_COUNT /* the mapping with the most of them */

struct config_name {
	struct config_name *next;
	const char *list;
	const char *name;
	const char *file;
	size_t line;
};

struct config_names {
	struct arena *arena;
	struct config_name *first;
};

struct walk {
	yaml_parser_t parser;
	yaml_event_t event;
	const char *file;
	struct buf path; /* "domains[0].goal" */
	struct config_names *names;
	struct error *error;
};

struct config_names *config_names_open(struct arena *arena)
{
	struct config_names *names = ARENA_NEW(arena, struct config_names);
	names->arena = arena;
	return names;
}

/* Always false, so that a check can `return mistake(...)`. */
PRINTF_LIKE(3, 4)
static bool mistake(struct walk *walk, yaml_mark_t mark, const char *fmt, ...)
{
	struct buf text, shown;
	va_list args;
	buf_init(&text, sizeof(walk->error->text));
	buf_init(&shown, sizeof(walk->error->text));
	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	utf8_add_visible(&shown, buf_str(&text), true);
	(void)error_set(walk->error, ERR_INVALID, "%s:%zu:%zu: %s", walk->file, mark.line + 1,
		mark.column + 1, buf_cstr(&shown));
	buf_fini(&text);
	buf_fini(&shown);
	return false;
}

static bool broken_yaml(struct walk *walk)
{
	yaml_parser_t *parser = &walk->parser;
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	yaml_mark_t mark = parser->problem_mark;
	(void)mistake(walk, mark, "not valid YAML: %s%s%s", problem, parser->context ? ", " : "",
		parser->context ? parser->context : "");
	if (strstr(problem, "cannot start any token") || strstr(problem, "tab character"))
		error_hint(walk->error, "YAML is indented with blanks, never with tabs; "
			"quote values that begin with @, %%, ` or *");
	return false;
}

static bool next_event(struct walk *walk)
{
	yaml_event_delete(&walk->event);
	return yaml_parser_parse(&walk->parser, &walk->event) ? true : broken_yaml(walk);
}

static struct str scalar(const struct walk *walk)
{
	return (struct str){(const char *)walk->event.data.scalar.value,
		walk->event.data.scalar.length};
}

/* "key:" with nothing behind it, ~ or null: as if the key were not there. */
static bool is_null(const struct walk *walk)
{
	if (walk->event.type != YAML_SCALAR_EVENT ||
		walk->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	struct str s = scalar(walk);
	return s.len == 0 || str_eq(s, STR("~")) || str_eq(s, STR("null")) ||
	       str_eq(s, STR("Null")) || str_eq(s, STR("NULL"));
}

/* Anchors and tags have no use here and aliases can blow a small text up. */
static bool is_plain_node(struct walk *walk)
{
	const yaml_event_t *event = &walk->event;
	const yaml_char_t *anchor = NULL, *tag = NULL;
	if (event->type == YAML_ALIAS_EVENT)
		return mistake(walk, event->start_mark, "aliases (*name) are not supported");
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor)
		return mistake(walk, event->start_mark, "anchors (&name) are not supported");
	if (tag)
		return mistake(walk, event->start_mark, "tags (%s) are not supported", (const char *)tag);
	return true;
}

static void join_words(struct buf *buf, const char *const *words)
{
	for (size_t i = 0; words[i]; i++)
		buf_printf(buf, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

static bool check_word(struct walk *walk, const struct shape *shape, struct str value)
{
	size_t count = 0;
	for (; shape->words[count]; count++)
		if (str_eq(value, str_from(shape->words[count])))
			return true;
	struct buf known;
	buf_init(&known, 512);
	join_words(&known, shape->words);
	const char *nearest = value_nearest(value, shape->words, count);
	(void)mistake(walk, walk->event.start_mark, "\"%.*s\" is not a value of %s, which takes %s%s%s%s",
		STR_FMT(value), buf_cstr(&walk->path), buf_cstr(&known),
		nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
	buf_fini(&known);
	return false;
}

static bool check_path(struct walk *walk, const struct shape *shape, struct str value)
{
	struct buf path;
	struct stat st;
	yaml_mark_t mark = walk->event.start_mark;
	buf_init(&path, PATH_MAX_BYTES);
	const char *wrong = value_expand_path(value, &path);
	bool fine = wrong == NULL;
	if (wrong)
		(void)mistake(walk, mark, "\"%.*s\" in %s %s", STR_FMT(value), buf_cstr(&walk->path), wrong);
	if (fine && shape->kind == SHAPE_SECRET && stat(buf_cstr(&path), &st) != 0) {
		fine = mistake(walk, mark, "%s: could not find \"%s\": %s", buf_cstr(&walk->path),
			buf_cstr(&path), strerror(errno));
	} else if (fine && shape->kind == SHAPE_SECRET && (st.st_mode & S_IROTH)) {
		fine = mistake(walk, mark, "%s: everyone may read \"%s\" (mode %04o)",
			buf_cstr(&walk->path), buf_cstr(&path), (unsigned)st.st_mode & 07777);
		error_hint(walk->error, "chmod 0600 %s", buf_cstr(&path));
	}
	buf_fini(&path);
	return fine;
}

static bool check_dsn(struct walk *walk, struct str value)
{
	struct buf why, dsn;
	buf_init(&why, 1024);
	buf_init(&dsn, TEXT_MAX_BYTES + 1);
	buf_add_str(&dsn, value);
	bool fine = !dsn.overflow && store_dsn_is_valid(buf_cstr(&dsn), &why);
	if (!fine)
		(void)mistake(walk, walk->event.start_mark, "%s: %s", buf_cstr(&walk->path),
			dsn.overflow ? "is too long" : buf_cstr(&why));
	buf_fini(&dsn);
	buf_fini(&why);
	return fine;
}

/* What a value of this kind looks like, for the message; NULL: it is one. */
static const char *wrong_value(enum shape_kind kind, struct str value)
{
	int64_t secs;
	uint64_t number;
	struct day day;
	bool yes;
	switch (kind) {
	case SHAPE_BOOL:
		return value_bool(value, &yes) ? NULL : "yes or no";
	case SHAPE_DURATION:
		return value_duration(value, &secs) ? NULL : "a duration such as 90d, 12h, 30m or 45s";
	case SHAPE_PERCENT:
		return value_percent(value) ? NULL : "a percentage such as 98% or 99.5%";
	case SHAPE_DAY_OF_MONTH:
		return str_to_u64(value, 28, &number) && number > 0 ? NULL : "a day of the month, 1 to 28";
	case SHAPE_DATE:
		return day_parse(value, &day) ? NULL : "a date such as 2026-01-31";
	case SHAPE_LISTEN:
		return value_listen(value) ? NULL : "an address and port such as 127.0.0.1:8480 or [::1]:8480";
	case SHAPE_URL:
		return value_url(value) ? NULL : "a URL that begins with https:// or http://";
	case SHAPE_DOMAIN:
		return value_domain(value) ? NULL : "a domain name (non-ASCII ones in their xn-- form)";
	case SHAPE_EMAIL:
		return value_email(value) ? NULL : "an e-mail address";
	case SHAPE_PREFIX:
		return value_prefix(value) ? NULL : "an IP address, or a prefix whose host bits are zero";
	case SHAPE_SERVER:
		return dns_server_valid(value) ? NULL : "an IP address, or ADDRESS@PORT";
	case SHAPE_TIMEZONE:
		return value_timezone(value) ? NULL : "a time zone such as Europe/Berlin or UTC";
	case SHAPE_TEXT:
		return value.len <= TEXT_MAX_BYTES ? NULL : "a text of at most 4096 bytes";
	case SHAPE_DSN:
	case SHAPE_WORD:
	case SHAPE_PATH:
	case SHAPE_SECRET:
	case SHAPE_LIMITS:
	case SHAPE_MAP:
	case SHAPE_LIST:
		return NULL;
	}
	return NULL;
}

static bool check_scalar(struct walk *walk, const struct shape *shape)
{
	yaml_mark_t mark = walk->event.start_mark;
	if (walk->event.type != YAML_SCALAR_EVENT)
		return mistake(walk, mark, "%s takes one value, not a %s", buf_cstr(&walk->path),
			walk->event.type == YAML_SEQUENCE_START_EVENT ? "list" : "mapping");
	if (is_null(walk))
		return true;
	struct str value = scalar(walk);
	if (value.len > 0 && memchr(value.ptr, '\0', value.len))
		return mistake(walk, mark, "a NUL character in %s", buf_cstr(&walk->path));
	if (shape->kind == SHAPE_DSN)
		return check_dsn(walk, value);
	if (shape->kind == SHAPE_WORD)
		return check_word(walk, shape, value);
	if (shape->kind == SHAPE_PATH || shape->kind == SHAPE_SECRET)
		return check_path(walk, shape, value);
	const char *wanted = wrong_value(shape->kind, value);
	return wanted == NULL || mistake(walk, mark, "\"%.*s\" in %s is not %s", STR_FMT(value),
		buf_cstr(&walk->path), wanted);
}

static bool check_limit(struct walk *walk, const struct limit_info *info)
{
	static const char *const wanted[] = {
		[LIMIT_BYTES] = "a size such as 64MiB, 512KiB or 1GiB",
		[LIMIT_COUNT] = "a whole number",
		[LIMIT_SECS] = "a duration such as 10s or 2m",
	};
	yaml_mark_t mark = walk->event.start_mark;
	if (walk->event.type != YAML_SCALAR_EVENT)
		return mistake(walk, mark, "%s takes one value", buf_cstr(&walk->path));
	if (is_null(walk))
		return true;
	struct str value = scalar(walk);
	uint64_t number;
	int64_t secs = 0;
	bool fine = info->unit == LIMIT_BYTES ? value_bytes(value, &number) :
		info->unit == LIMIT_COUNT ? str_to_u64(value, UINT64_MAX / 2, &number) :
					    value_duration(value, &secs);
	if (info->unit == LIMIT_SECS)
		number = (uint64_t)secs;
	if (!fine || number == 0)
		return mistake(walk, mark, "\"%.*s\" in %s is not %s", STR_FMT(value),
			buf_cstr(&walk->path), wanted[info->unit]);
	if (number >= info->least && number <= info->ceiling)
		return true;
	const uint64_t bound = number < info->least ? info->least : info->ceiling;
	struct buf text;
	buf_init(&text, 64);
	if (info->unit == LIMIT_BYTES)
		value_add_bytes(&text, bound);
	else if (info->unit == LIMIT_SECS)
		value_add_duration(&text, (int64_t)bound);
	else
		buf_add_u64(&text, bound);
	(void)mistake(walk, mark, number < info->least ? "%.*s in %s is less than %s, the least" :
		"%.*s in %s is more than the ceiling of %s", STR_FMT(value), buf_cstr(&walk->path), buf_cstr(&text));
	buf_fini(&text);
	return false;
}

/* The keys a mapping may have, whichever table they come from. */
static size_t known_keys(const struct shape *shape, const char *names[KEYS_MAX])
{
	size_t count = 0;
	if (shape->kind == SHAPE_LIMITS) {
		const struct limit_info *table = limits_table(&count);
		for (size_t i = 0; i < count; i++)
			names[i] = table[i].key;
		return count;
	}
	for (; shape->keys[count].name; count++)
		names[count] = shape->keys[count].name;
	return count;
}

static bool unknown_key(struct walk *walk, struct str key, const char *const *names, size_t count)
{
	const char *nearest = value_nearest(key, names, count);
	(void)mistake(walk, walk->event.start_mark, "unknown key \"%.*s\"%s%s%s%s%s", STR_FMT(key),
		walk->path.len > 0 ? " in " : "", buf_cstr(&walk->path),
		nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
	if (nearest)
		return false;
	struct buf known;
	buf_init(&known, sizeof(walk->error->hint) - 16);
	for (size_t i = 0; i < count; i++)
		buf_printf(&known, "%s%s", i == 0 ? "" : ", ", names[i]);
	error_hint(walk->error, "known here: %s", known.overflow ? "see dmarcd.conf(5)" : buf_cstr(&known));
	buf_fini(&known);
	return false;
}

/* A list's name for its members: "domains[2].name" -> "domains". A path may not stand in two lists either: a
 * Maildir is of reports or of samples. */
static bool name_is_new(struct walk *walk, bool nocase)
{
	struct config_names *names = walk->names;
	struct str value = scalar(walk);
	struct str list = str_sub(buf_str(&walk->path), 0, str_find_char(buf_str(&walk->path), '['));
	for (struct config_name *seen = names->first; seen; seen = seen->next) {
		struct str other = str_from(seen->name);
		if ((nocase && !str_eq(list, str_from(seen->list))) ||
			!(nocase ? str_eq_nocase(value, other) : str_eq(value, other)))
			continue;
		return mistake(walk, walk->event.start_mark, "\"%.*s\" is in %.*s already (%s:%zu)",
			STR_FMT(value), STR_FMT(str_from(seen->list)), seen->file, seen->line);
	}
	struct config_name *name = ARENA_NEW(names->arena, struct config_name);
	*name = (struct config_name){
		.next = names->first,
		.list = arena_cstr(names->arena, list),
		.name = arena_cstr(names->arena, value),
		.file = arena_cstr(names->arena, str_from(walk->file)),
		.line = walk->event.start_mark.line + 1,
	};
	names->first = name;
	return true;
}

static bool check_node(struct walk *walk, const struct shape *shape, const char *unique);

/* The value of key number i; the walk stands at the key. */
static bool check_key_value(struct walk *walk, const struct shape *shape, size_t i, const char *unique)
{
	size_t count;
	if (!next_event(walk) || !is_plain_node(walk))
		return false;
	if (shape->kind == SHAPE_LIMITS)
		return check_limit(walk, &limits_table(&count)[i]);
	const struct shape_key *key = &shape->keys[i];
	if (key->required && is_null(walk))
		return mistake(walk, walk->event.start_mark, "%s is empty", buf_cstr(&walk->path));
	if (!check_node(walk, key->shape, NULL))
		return false;
	if (!unique || strcmp(unique, key->name) != 0)
		return true;
	return name_is_new(walk, key->shape->kind != SHAPE_PATH);
}

static bool check_map(struct walk *walk, const struct shape *shape, const char *unique)
{
	const char *names[KEYS_MAX];
	size_t count = known_keys(shape, names), depth = walk->path.len;
	size_t seen_at[KEYS_MAX] = {0};
	yaml_mark_t start = walk->event.start_mark;
	while (next_event(walk) && walk->event.type != YAML_MAPPING_END_EVENT) {
		if (!is_plain_node(walk))
			return false;
		if (walk->event.type != YAML_SCALAR_EVENT)
			return mistake(walk, walk->event.start_mark, "a key must be a word");
		struct str key = scalar(walk);
		size_t i = 0;
		while (i < count && !str_eq(key, str_from(names[i])))
			i++;
		if (i == count)
			return unknown_key(walk, key, names, count);
		if (seen_at[i] > 0)
			return mistake(walk, walk->event.start_mark, "duplicate key \"%s\"%s%s (first in line %zu)",
				names[i], depth > 0 ? " in " : "", buf_cstr(&walk->path), seen_at[i]);
		seen_at[i] = walk->event.start_mark.line + 1;
		buf_printf(&walk->path, "%s%s", depth > 0 ? "." : "", names[i]);
		if (!check_key_value(walk, shape, i, unique))
			return false;
		walk->path.len = depth;
	}
	if (walk->event.type != YAML_MAPPING_END_EVENT)
		return false;
	for (size_t i = 0; shape->kind == SHAPE_MAP && i < count; i++)
		if (shape->keys[i].required && seen_at[i] == 0)
			return mistake(walk, start, "%s has no \"%s\"", buf_cstr(&walk->path), names[i]);
	return true;
}

static bool check_list(struct walk *walk, const struct shape *shape)
{
	size_t depth = walk->path.len;
	for (size_t i = 0; next_event(walk); i++) {
		if (walk->event.type == YAML_SEQUENCE_END_EVENT)
			return true;
		buf_printf(&walk->path, "[%zu]", i);
		if (!is_plain_node(walk))
			return false;
		if (is_null(walk))
			return mistake(walk, walk->event.start_mark, "%s is empty", buf_cstr(&walk->path));
		if (!check_node(walk, shape->item, shape->unique))
			return false;
		walk->path.len = depth;
	}
	return false;
}

static bool check_node(struct walk *walk, const struct shape *shape, const char *unique)
{
	bool is_map = shape->kind == SHAPE_MAP || shape->kind == SHAPE_LIMITS;
	if (!is_map && shape->kind != SHAPE_LIST)
		return check_scalar(walk, shape);
	if (is_null(walk))
		return true;
	if (is_map && walk->event.type != YAML_MAPPING_START_EVENT)
		return mistake(walk, walk->event.start_mark, "%s takes keys with values, not a %s",
			walk->path.len > 0 ? buf_cstr(&walk->path) : "the file",
			walk->event.type == YAML_SEQUENCE_START_EVENT ? "list" : "single value");
	if (!is_map && walk->event.type != YAML_SEQUENCE_START_EVENT) {
		(void)mistake(walk, walk->event.start_mark, "%s takes a list", buf_cstr(&walk->path));
		error_hint(walk->error, "write [a, b], or one a line with \"- \" in front");
		return false;
	}
	return is_map ? check_map(walk, shape, unique) : check_list(walk, shape);
}

static bool check_document(struct walk *walk, bool *empty_r)
{
	if (!next_event(walk) /* stream start */ || !next_event(walk))
		return false;
	*empty_r = walk->event.type == YAML_STREAM_END_EVENT;
	if (*empty_r)
		return true;
	if (!next_event(walk) || !is_plain_node(walk))
		return false;
	*empty_r = is_null(walk);
	if (!check_node(walk, shape_root(), NULL) || !next_event(walk) /* document end */ ||
		!next_event(walk))
		return false;
	return walk->event.type == YAML_STREAM_END_EVENT ||
	       mistake(walk, walk->event.start_mark, "a second document (---) in one file");
}

/* Control characters and broken UTF-8 are named by place before YAML sees
 * them: libyaml knows only their byte offset. */
static bool is_text(struct walk *walk, struct str text)
{
	yaml_mark_t mark = {0};
	struct str rest = text;
	while (rest.len > 0) {
		uint32_t code = 0;
		size_t len = utf8_decode(rest, &code);
		if (len == 0 || (code < ' ' && code != '\n' && code != '\t' && code != '\r') || code == 0x7f)
			return mistake(walk, mark, "not a text file: byte 0x%02x",
				(unsigned)(unsigned char)rest.ptr[0]);
		mark.column++;
		if (code == '\n') {
			mark.line++;
			mark.column = 0;
		}
		rest = str_from_offset(rest, len);
	}
	return true;
}

enum err config_check(const char *file, struct str text, struct config_names *names, bool *empty_r,
	struct error *error)
{
	struct error scratch;
	struct walk walk = {.file = file, .names = names, .error = error ? error : &scratch};
	if (!is_text(&walk, text))
		return ERR_INVALID;
	if (!yaml_parser_initialize(&walk.parser))
		die_out_of_memory();
	yaml_parser_set_input_string(&walk.parser, (const unsigned char *)text.ptr, text.len);
	yaml_parser_set_encoding(&walk.parser, YAML_UTF8_ENCODING);
	buf_init(&walk.path, PATH_MAX_BYTES);
	bool fine = check_document(&walk, empty_r);
	buf_fini(&walk.path);
	yaml_event_delete(&walk.event);
	yaml_parser_delete(&walk.parser);
	return fine ? ERR_OK : ERR_INVALID;
}
