// SPDX-License-Identifier: Apache-2.0
#include "dns/replay.h"

#include "dns/present.h"
#include "dns/rdata.h"

#define ANY_TYPE (-1)
#define NO_TYPE (-2) /* the set without data that each owner has */
#define TYPE_SPF 99 /* RFC 4408 section 3.1.1; nobody asks for it, and files still have it */

struct datum {
	struct datum *next;
	struct str bytes; /* RDATA; of ANY_TYPE the text, which the type asked for will explain */
};

/* All that the file says of an owner's one type. */
struct set {
	struct set *next; /* of the same bucket */
	struct str name;
	int type;
	enum dns_status status;
	struct datum *first, **end;
	size_t count;
	bool secure;
	uint32_t ttl_secs;
	struct str alias, note;
};

struct replay {
	struct dns dns;
	struct arena *arena;
	struct set **buckets;
	size_t mask;
	struct buf rdata; /* while a line is read */
};

static struct set **bucket_of(const struct replay *replay, struct str name, int type)
{
	uint64_t hash = 14695981039346656037u ^ (uint64_t)type; /* FNV-1a */
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)name.ptr[i]) * 1099511628211u;
	return &replay->buckets[(size_t)(hash ^ hash >> 32) & replay->mask];
}

static struct set *find_set(const struct replay *replay, struct str name, int type)
{
	struct set *set = *bucket_of(replay, name, type);
	while (set && (set->type != type || !str_eq(set->name, name)))
		set = set->next;
	return set;
}

/* name stays with a set that is new. */
static struct set *get_set(struct replay *replay, struct str name, int type)
{
	struct set *set = find_set(replay, name, type);
	if (set)
		return set;
	struct set **bucket = bucket_of(replay, name, type);
	set = ARENA_NEW(replay->arena, struct set);
	*set = (struct set){.next = *bucket, .name = name, .type = type, .end = &set->first};
	*bucket = set;
	return set;
}

/* Text of a name, of its presentation. */
static const char *read_name(struct replay *replay, struct str word, char text[DNS_NAME_BYTES_MAX + 1],
	size_t *len_r)
{
	buf_reset(&replay->rdata);
	const char *wrong = dns_present_name(word, &replay->rdata);
	if (!wrong && dns_name_from_wire(buf_str(&replay->rdata), text, len_r) == 0)
		wrong = "a label of the name holds a dot";
	return wrong;
}

static bool read_status(struct str word, enum dns_status *status_r)
{
	for (int i = DNS_NODATA; i <= DNS_BOGUS; i++)
		if (str_eq_nocase(word, str_from(dns_status_word((enum dns_status)i)))) {
			*status_r = (enum dns_status)i;
			return true;
		}
	return false;
}

static bool read_type(struct str word, int *type_r)
{
	enum dns_type type;
	bool known = dns_type_parse(word, &type);
	*type_r = known ? (int)type : str_eq_nocase(word, STR("SPF")) ? TYPE_SPF : ANY_TYPE;
	return known || *type_r == TYPE_SPF || str_eq(word, STR("*"));
}

/* Whatever type will be asked for, these words can be data of one. */
static const char *read_any(struct str *rest, struct buf *out)
{
	static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_SOA, DNS_TLSA, DNS_PTR};
	const char *wrong = NULL;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct str words = *rest;
		buf_reset(out);
		wrong = dns_present_rdata(types[i], &words, out);
		if (!wrong) {
			buf_reset(out);
			buf_add(out, rest->ptr, rest->len - words.len);
			*rest = words;
			return NULL;
		}
	}
	return wrong;
}

static const char *read_rdata(int type, struct str *rest, struct buf *out)
{
	buf_reset(out);
	if (type == ANY_TYPE)
		return read_any(rest, out);
	return dns_present_rdata(type == TYPE_SPF ? DNS_TXT : (enum dns_type)type, rest, out);
}

static const char *add_answer(struct replay *replay, struct set *set, struct str *rest)
{
	struct str behind = *rest, word;
	enum dns_status status = DNS_OK;
	bool said = dns_present_word(&behind, &word) == DNS_WORD_BARE && str_starts(word, STR("!"));
	if (said && !read_status(str_from_offset(word, 1), &status))
		return "no status that is known";
	const char *wrong = said ? NULL : read_rdata(set->type, rest, &replay->rdata);
	if (said) {
		*rest = behind;
		if (dns_present_word(rest, &word) != DNS_WORD_NONE)
			wrong = "something stands behind the status";
	}
	if (!wrong && set->status != 0 && set->status != status)
		wrong = "another line says otherwise of this name and type";
	if (wrong)
		return wrong;
	set->status = status;
	if (said)
		return NULL;
	struct datum *datum = ARENA_NEW(replay->arena, struct datum);
	datum->bytes = arena_str(replay->arena, buf_str(&replay->rdata));
	*set->end = datum;
	set->end = &datum->next;
	set->count++;
	return NULL;
}

/* What dns_replay_add() says in a comment; any other comment is none of its words. */
static void read_remark(struct replay *replay, struct set *set, struct str comment)
{
	char name[DNS_NAME_BYTES_MAX + 1];
	size_t len;
	struct str word;
	enum dns_word kind;
	uint64_t ttl;
	if (!str_starts(comment, STR("#:")))
		return;
	comment = str_from_offset(comment, 2);
	while ((kind = dns_present_word(&comment, &word)) == DNS_WORD_BARE || kind == DNS_WORD_QUOTED) {
		buf_reset(&replay->rdata);
		if (kind == DNS_WORD_QUOTED && !dns_present_string(word, &replay->rdata))
			set->note = arena_str(replay->arena, buf_str(&replay->rdata));
		else if (str_eq(word, STR("secure")))
			set->secure = true;
		else if (str_starts(word, STR("ttl=")) && str_to_u64(str_from_offset(word, 4), UINT32_MAX, &ttl))
			set->ttl_secs = (uint32_t)ttl;
		else if (str_starts(word, STR("alias=")) &&
			!read_name(replay, str_from_offset(word, 6), name, &len))
			set->alias = arena_str(replay->arena, (struct str){name, len});
	}
}

static const char *read_line(struct replay *replay, struct str line)
{
	char owner[DNS_NAME_BYTES_MAX + 1];
	size_t len;
	struct str word;
	enum dns_word kind = dns_present_word(&line, &word);
	int type;
	if (kind == DNS_WORD_NONE)
		return NULL;
	const char *wrong = kind == DNS_WORD_BARE ? read_name(replay, word, owner, &len) : "a name is wanted first";
	if (wrong)
		return wrong;
	if (dns_present_word(&line, &word) != DNS_WORD_BARE)
		return "no type, and no data";
	if (!read_type(word, &type))
		return "no type that is known";
	struct set *set = find_set(replay, (struct str){owner, len}, NO_TYPE);
	if (!set)
		set = get_set(replay, arena_str(replay->arena, (struct str){owner, len}), NO_TYPE);
	set = get_set(replay, set->name, type);
	wrong = add_answer(replay, set, &line);
	if (!wrong)
		read_remark(replay, set, line);
	return wrong;
}

static void answer_set(struct arena *arena, const struct set *set, enum dns_type type, struct dns_answer *answer_r)
{
	if (set->status != DNS_OK) {
		dns_answer_fail(answer_r, set->status, STR_NONE);
	} else {
		size_t room = set->count > DNS_RECORDS_MAX ? DNS_RECORDS_MAX + 1 : set->count, count = 0;
		struct str *rdatas = ARENA_ARRAY(arena, room, struct str);
		struct buf rdata;
		buf_init(&rdata, DNS_RDATA_BYTES_MAX);
		for (const struct datum *datum = set->first; datum && count < room; datum = datum->next) {
			struct str words = datum->bytes;
			if (set->type == ANY_TYPE && !read_rdata((int)type, &words, &rdata))
				rdatas[count++] = arena_str(arena, buf_str(&rdata));
			else if (set->type != ANY_TYPE)
				rdatas[count++] = datum->bytes;
		}
		buf_fini(&rdata);
		dns_answer_fill(arena, type, rdatas, count, answer_r);
	}
	answer_r->secure = set->secure;
	answer_r->ttl_secs = set->ttl_secs;
	answer_r->alias = set->alias;
	if (set->note.ptr)
		answer_r->note = set->note;
}

/* Where the CNAME of *name leads, in *name, or a failure in *answer_r. False: it has none. */
static bool follow(const struct replay *replay, struct arena *arena, struct str *name, struct dns_answer *answer_r)
{
	const struct set *set = find_set(replay, *name, DNS_CNAME);
	struct dns_answer cname = {0};
	if (!set || set->status != DNS_OK)
		return false;
	answer_set(arena, set, DNS_CNAME, &cname);
	for (size_t i = 1; i < cname.count; i++)
		if (!str_eq(cname.records[i].text, cname.records[0].text))
			dns_answer_fail(&cname, DNS_SERVFAIL, STR("CNAMEs to several names"));
	if (cname.status == DNS_OK)
		*name = cname.records[0].text;
	else
		dns_answer_fail(answer_r, cname.status, cname.note);
	return true;
}

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	const struct replay *replay = (const struct replay *)dns;
	struct str at = name;
	answer_r->status = 0;
	for (int cnames = 0; cnames <= DNS_CNAMES_MAX; cnames++) {
		const struct set *set = find_set(replay, at, (int)type);
		if (!set)
			set = find_set(replay, at, ANY_TYPE);
		if (set || !follow(replay, arena, &at, answer_r)) {
			bool exists = find_set(replay, at, NO_TYPE) != NULL;
			dns_answer_fail(answer_r, exists ? DNS_NODATA : DNS_NXDOMAIN, STR_NONE);
			if (set)
				answer_set(arena, set, type, answer_r);
			if (cnames > 0 && !answer_r->alias.ptr)
				answer_r->alias = at;
			return;
		}
		if (answer_r->status != 0)
			return;
	}
	dns_answer_fail(answer_r, DNS_SERVFAIL, STR("a loop of CNAMEs, or more than 8"));
}

enum err dns_replay_open(struct arena *arena, struct str file, struct str text, struct dns **dns_r,
	struct error *error)
{
	struct replay *replay = ARENA_NEW(arena, struct replay);
	size_t buckets = 16, lines = 1, number = 0; /* a line adds two sets at most */
	const char *wrong = NULL;
	struct str line, rest = text;
	for (size_t i = 0; i < text.len && lines < DNS_REPLAY_LINES_MAX; i++)
		lines += text.ptr[i] == '\n';
	while (buckets < 2 * lines)
		buckets *= 2;
	replay->dns.query = query;
	replay->arena = arena;
	replay->buckets = ARENA_ARRAY(arena, buckets, struct set *);
	replay->mask = buckets - 1;
	buf_init(&replay->rdata, DNS_RDATA_BYTES_MAX);
	if (str_starts(rest, STR("\xef\xbb\xbf")))
		rest = str_from_offset(rest, 3);
	for (; !wrong && str_line(&rest, &line); number++)
		wrong = number < DNS_REPLAY_LINES_MAX ? read_line(replay, line) : "more lines than are read";
	buf_fini(&replay->rdata);
	if (wrong)
		return error_set(error, ERR_INVALID, "%.*s:%zu: %s", STR_FMT(file), number, wrong);
	*dns_r = &replay->dns;
	return ERR_OK;
}

/* A comment, for what a zone file has no place for. */
static void add_remark(struct buf *out, const struct dns_answer *answer)
{
	if (!answer->secure && answer->ttl_secs == 0 && !answer->alias.ptr && !answer->note.ptr)
		return;
	buf_add_str(out, STR(" #:"));
	if (answer->secure)
		buf_add_str(out, STR(" secure"));
	if (answer->ttl_secs > 0)
		buf_printf(out, " ttl=%u", answer->ttl_secs);
	if (answer->alias.ptr) {
		buf_add_str(out, STR(" alias="));
		dns_present_add_name(out, answer->alias);
	}
	if (answer->note.ptr) {
		buf_add_char(out, ' ');
		dns_present_add_string(out, answer->note);
	}
}

void dns_replay_add(struct buf *out, const struct dns_answer *answer)
{
	char type[DNS_TYPE_TEXT_BYTES];
	enum dns_status status = answer->status == DNS_OK ? DNS_NODATA : answer->status;
	if (!dns_name_valid(answer->name))
		return; /* dns_query() answers for it */
	for (size_t i = 0; i < answer->count || i == 0; i++) {
		dns_present_add_name(out, answer->name);
		buf_add_char(out, ' ');
		buf_add_str(out, str_from(dns_type_word(answer->type, type)));
		buf_add_char(out, ' ');
		if (answer->count > 0) {
			dns_present_add_rdata(out, answer->type, &answer->records[i]);
		} else {
			buf_add_char(out, '!');
			buf_add_str(out, str_from(dns_status_word(status)));
		}
		if (i == 0)
			add_remark(out, answer);
		buf_add_char(out, '\n');
	}
}

void dns_replay_add_session(struct buf *out, const struct dns_session *session)
{
	for (size_t i = 0; i < dns_session_count(session); i++)
		dns_replay_add(out, dns_session_at(session, i));
}
