// SPDX-License-Identifier: Apache-2.0
/* RFC 9989 section 4.7 (tags) and 4.8 (grammar). What is broken behind v= falls back to its default. */
#include "verifier/dmarc.h"

#include "verifier/dmarc/uri.h"

#include <string.h>

struct reading {
	struct arena *arena;
	struct dmarc_record *record;
	struct str tag;   /* as sent */
	struct str value; /* trimmed */
	bool pct_seen;
};

static void problem(struct reading *reading, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void problem(struct reading *reading, const char *fmt, ...)
{
	struct dmarc_record *record = reading->record;
	va_list args;
	struct buf buf;
	if (record->problems_count == DMARC_PROBLEMS_MAX)
		return;
	if (!record->problems)
		record->problems = ARENA_ARRAY(reading->arena, DMARC_PROBLEMS_MAX, struct str);
	va_start(args, fmt);
	buf_init(&buf, SIZE_MAX / 2);
	buf_vprintf(&buf, fmt, args);
	va_end(args);
	record->problems[record->problems_count++] = verify_text(reading->arena, buf_str(&buf));
	buf_fini(&buf);
}

static void bad_value(struct reading *reading, const char *instead)
{
	struct str value = verify_text(reading->arena, reading->value);
	problem(reading, "%.*s=%.*s is no value of this tag: %s", STR_FMT(reading->tag), STR_FMT(value), instead);
}

/* Literals of an ABNF know no case (RFC 5234 section 2.3). */
static enum dmarc_policy policy_value(struct reading *reading)
{
	if (str_eq_nocase(reading->value, STR("none")))
		return DMARC_POLICY_NONE;
	if (str_eq_nocase(reading->value, STR("quarantine")))
		return DMARC_POLICY_QUARANTINE;
	if (str_eq_nocase(reading->value, STR("reject")))
		return DMARC_POLICY_REJECT;
	bad_value(reading, "the whole record counts as p=none, if it has a rua, else as nothing "
		"(RFC 9989 section 4.10.1)");
	return DMARC_POLICY_INVALID;
}

static char letter_value(struct reading *reading, const char *letters, char fallback)
{
	char letter = reading->value.len == 1 ? ascii_lower(reading->value.ptr[0]) : '\0';
	if (letter && strchr(letters, letter))
		return letter;
	bad_value(reading, "the default stands");
	return fallback;
}

static void read_p(struct reading *reading)
{
	reading->record->p = policy_value(reading);
}

static void read_sp(struct reading *reading)
{
	reading->record->sp = policy_value(reading);
}

static void read_np(struct reading *reading)
{
	reading->record->np = policy_value(reading);
}

static void read_adkim(struct reading *reading)
{
	reading->record->adkim_strict = letter_value(reading, "rs", 'r') == 's';
}

static void read_aspf(struct reading *reading)
{
	reading->record->aspf_strict = letter_value(reading, "rs", 'r') == 's';
}

static void read_t(struct reading *reading)
{
	reading->record->testing = letter_value(reading, "yn", 'n') == 'y';
}

static void read_psd(struct reading *reading)
{
	reading->record->psd = letter_value(reading, "ynu", 'u');
}

static void read_pct(struct reading *reading)
{
	uint64_t pct;
	reading->pct_seen = true;
	if (str_to_u64(reading->value, 100, &pct))
		reading->record->pct = (uint8_t)pct;
	else
		bad_value(reading, "the default stands");
	if (reading->record->pct == 0)
		problem(reading, "pct was removed (RFC 9989 appendix A.6): t=y says what pct=0 was used for");
	else if (reading->record->pct < 100)
		problem(reading, "pct was removed (RFC 9989 appendix A.6): the policy holds for all messages");
	else
		problem(reading, "pct was removed (RFC 9989 appendix A.6) and has no effect");
}

static void read_removed(struct reading *reading)
{
	problem(reading, "%.*s was removed (RFC 9989 appendix C.5.2) and has no effect", STR_FMT(reading->tag));
}

/* "0" / "1" / "d" / "s" with colons between; each once, "0" never beside "1". */
static void read_fo(struct reading *reading)
{
	struct str rest = reading->value, piece;
	bool seen[4] = {false};
	while (str_split(&rest, ':', &piece)) {
		const char *letters = "01ds", *at;
		piece = str_trim(piece);
		at = piece.len == 1 ? strchr(letters, ascii_lower(piece.ptr[0])) : NULL;
		if (!at || seen[at - letters]) {
			bad_value(reading, "the default stands");
			return;
		}
		seen[at - letters] = true;
	}
	if (seen[0] && seen[1]) {
		bad_value(reading, "the default stands, 0 and 1 exclude each other");
		return;
	}
	reading->record->fo = reading->value;
}

/* obs-dmarc-report-size: a limit of RFC 7489, to be ignored. */
static struct str without_size(struct str uri)
{
	size_t mark = str_rfind_char(uri, '!');
	struct str size = mark == SIZE_MAX ? STR_NONE : str_from_offset(uri, mark + 1);
	uint64_t number;
	if (size.len > 1 && strchr("kmgt", ascii_lower(size.ptr[size.len - 1])))
		size.len--;
	return str_to_u64(size, UINT64_MAX, &number) ? str_sub(uri, 0, mark) : uri;
}

static void read_uri(struct reading *reading, struct str text, struct str **uris, size_t *count)
{
	struct str uri = without_size(text), host;
	if (uri.len < text.len)
		problem(reading, "%.*s has a size limit, which was removed (RFC 9989 section 4.8): it is ignored",
			STR_FMT(text));
	if (*count == DMARC_URIS_MAX)
		return;
	if (!dmarc_uri_valid(uri)) {
		problem(reading, "%.*s in %.*s is no URI%s: it is ignored", STR_FMT(uri), STR_FMT(reading->tag),
			str_find_char(uri, '@') != SIZE_MAX && str_find_char(uri, ':') == SIZE_MAX ?
				", mailto: is missing" : "");
		return;
	}
	if (!str_starts_nocase(uri, STR("mailto:")))
		problem(reading, "%.*s in %.*s: receivers need to support mailto: only", STR_FMT(uri),
			STR_FMT(reading->tag));
	else if (!dmarc_uri_host(reading->arena, uri, &host))
		problem(reading, "%.*s in %.*s names no address that mail could be sent to", STR_FMT(uri),
			STR_FMT(reading->tag));
	if (!*uris)
		*uris = ARENA_ARRAY(reading->arena, DMARC_URIS_MAX, struct str);
	(*uris)[(*count)++] = uri;
}

static void read_uris(struct reading *reading, struct str **uris, size_t *count)
{
	struct str rest = reading->value, piece;
	while (str_split(&rest, ',', &piece))
		read_uri(reading, str_trim(piece), uris, count);
}

static void read_rua(struct reading *reading)
{
	read_uris(reading, &reading->record->rua, &reading->record->rua_count);
}

static void read_ruf(struct reading *reading)
{
	read_uris(reading, &reading->record->ruf, &reading->record->ruf_count);
}

static const struct {
	const char *name;
	void (*read)(struct reading *reading);
} tags[] = {
	{"p", read_p}, {"sp", read_sp}, {"np", read_np}, {"adkim", read_adkim}, {"aspf", read_aspf}, {"t", read_t},
	{"psd", read_psd}, {"fo", read_fo}, {"rua", read_rua}, {"ruf", read_ruf}, {"pct", read_pct},
	{"rf", read_removed}, {"ri", read_removed},
};

#define TAGS_COUNT (sizeof(tags) / sizeof(tags[0]))

/* "=" with WSP around; name and value without the WSP. */
static bool cut_tag(struct str text, struct str *name_r, struct str *value_r)
{
	size_t equals = str_find_char(text, '=');
	if (equals == SIZE_MAX)
		return false;
	*name_r = dmarc_trim(str_sub(text, 0, equals));
	*value_r = dmarc_trim(str_from_offset(text, equals + 1));
	return true;
}

static bool is_tag_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!ascii_is_alpha(name.ptr[i]))
			return false;
	return name.len > 0;
}

static bool is_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < ' ' || value.ptr[i] > '~')
			return false;
	return value.len > 0;
}

static void read_tag(struct reading *reading, struct str text, bool seen[TAGS_COUNT])
{
	if (!cut_tag(text, &reading->tag, &reading->value) || !is_tag_name(reading->tag)) {
		text = verify_text(reading->arena, text);
		problem(reading, "\"%.*s\" is no tag: it is ignored", STR_FMT(text));
		return;
	}
	for (size_t i = 0; i < TAGS_COUNT; i++) {
		if (!str_eq_nocase(reading->tag, str_from(tags[i].name)))
			continue;
		if (seen[i]) {
			problem(reading, "a second %.*s: it is ignored", STR_FMT(reading->tag));
			return;
		}
		seen[i] = true;
		if (is_value(reading->value) || tags[i].read == read_p || tags[i].read == read_sp ||
			tags[i].read == read_np)
			tags[i].read(reading);
		else
			bad_value(reading, "the default stands");
		return;
	}
	problem(reading, "%.*s is not a tag of DMARC: it is ignored", STR_FMT(reading->tag));
}

/* Is it the version, and what stands before the first ";"? */
static bool cut_version(struct str text, struct str *rest_r)
{
	struct str rest = text, first = STR_NONE, name, value;
	(void)str_split(&rest, ';', &first);
	*rest_r = rest;
	return first.len > 0 && ascii_lower(first.ptr[0]) == 'v' && cut_tag(first, &name, &value) &&
		name.len == 1 && str_eq(value, STR("DMARC1"));
}

bool dmarc_record_parse(struct arena *arena, struct str text, struct dmarc_record *record_r)
{
	struct reading reading = {.arena = arena, .record = record_r};
	bool seen[TAGS_COUNT] = {false};
	struct str rest, piece;
	*record_r = (struct dmarc_record){.psd = 'u', .pct = 100, .fo = STR("0")};
	if (!cut_version(text, &rest))
		return false;
	text = arena_str(arena, text);
	(void)cut_version(text, &rest);
	record_r->text = text;
	while (str_split(&rest, ';', &piece)) {
		piece = dmarc_trim(piece);
		if (piece.len > 0)
			read_tag(&reading, piece, seen);
		else if (rest.ptr)
			problem(&reading, "an empty tag: it is ignored");
	}
	if (record_r->p == DMARC_POLICY_ABSENT)
		problem(&reading, "p is missing: the record counts as p=none, if it has a rua, else as no policy "
			"(RFC 9989 section 4.10.1)");
	if (record_r->rua_count == 0)
		problem(&reading, "no rua: nobody will send aggregate reports");
	if (!str_eq(record_r->fo, STR("0")) && record_r->ruf_count == 0)
		problem(&reading, "fo has no effect without ruf");
	return true;
}

bool dmarc_record_meant(struct str text)
{
	struct str rest = text, piece;
	struct str name, value, ignored;
	if (cut_version(text, &ignored))
		return false;
	while (str_split(&rest, ';', &piece))
		if (cut_tag(piece, &name, &value) && str_eq_nocase(str_trim(name), STR("v")) &&
			str_starts_nocase(str_trim(value), STR("dmarc")))
			return true;
	return str_starts_nocase(str_trim(text), STR("dmarc1"));
}

const char *dmarc_policy_word(enum dmarc_policy policy)
{
	switch (policy) {
	case DMARC_POLICY_ABSENT:
		return "";
	case DMARC_POLICY_NONE:
		return "none";
	case DMARC_POLICY_QUARANTINE:
		return "quarantine";
	case DMARC_POLICY_REJECT:
		return "reject";
	case DMARC_POLICY_INVALID:
		return "invalid";
	}
	die("no policy %d", (int)policy);
}
