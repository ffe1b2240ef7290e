// SPDX-License-Identifier: Apache-2.0
#include "verifier/spf/macro.h"

#include <stdio.h>
#include <string.h>

#define EXPLANATION_BYTES_MAX 4096
#define NAME_KEPT_BYTES 256 /* of a name only its end is of use: 253, a final dot, one more to see the cut */

/* macro-expand or a run of macro-literal (section 7.1). */
struct token {
	struct str literal; /* where letter is 0 */
	bool expands;       /* begins with "%" */
	char letter;        /* a small one */
	bool escape, reverse;
	unsigned parts; /* right-hand ones to keep; 0: all */
	struct str delimiters;
};

static bool is_delimiter(char c)
{
	return c == '.' || c == '-' || c == '+' || c == ',' || c == '/' || c == '_' || c == '=';
}

/* "{" macro-letter transformers *delimiter "}", read behind the brace. */
static const char *read_braces(struct str inside, enum spf_macro_use use, struct token *token)
{
	size_t i = 1;
	bool digits = false;
	if (inside.len == 0 || !memchr("slodiphvcrt", ascii_lower(inside.ptr[0]), sizeof("slodiphvcrt") - 1))
		return "no such macro (RFC 7208 section 7.2)";
	token->letter = ascii_lower(inside.ptr[0]);
	token->escape = token->letter != inside.ptr[0];
	if (use == SPF_USE_TERM && (token->letter == 'c' || token->letter == 'r' || token->letter == 't'))
		return "a macro for explanations only (RFC 7208 section 7.2)";
	for (; i < inside.len && ascii_is_digit(inside.ptr[i]); i++, digits = true)
		if (token->parts < 1000)
			token->parts = token->parts * 10 + (unsigned)(inside.ptr[i] - '0');
	if (digits && token->parts == 0)
		return "zero parts of a macro (RFC 7208 section 7.3)";
	if (i < inside.len && ascii_lower(inside.ptr[i]) == 'r') {
		token->reverse = true;
		i++;
	}
	token->delimiters = str_from_offset(inside, i);
	for (; i < inside.len; i++)
		if (!is_delimiter(inside.ptr[i]))
			return "not a transformer or delimiter of a macro (RFC 7208 section 7.1)";
	return NULL;
}

static const char *read_percent(struct str *rest, enum spf_macro_use use, struct token *token)
{
	char c = rest->len > 1 ? rest->ptr[1] : '\0';
	size_t len = 2;
	token->expands = true;
	if (c == '%') {
		token->literal = STR("%");
	} else if (c == '_') {
		token->literal = STR(" ");
	} else if (c == '-') {
		token->literal = STR("%20");
	} else {
		size_t brace = str_find_char(*rest, '}');
		if (c != '{' || brace == SIZE_MAX)
			return "\"%\" does not begin a macro (RFC 7208 section 7.1)";
		const char *sentence = read_braces(str_sub(*rest, 2, brace - 2), use, token);
		if (sentence)
			return sentence;
		len = brace + 1;
	}
	*rest = str_from_offset(*rest, len);
	return NULL;
}

/* Takes the next token off *rest, which is not empty. */
static const char *next_token(struct str *rest, enum spf_macro_use use, struct token *token_r)
{
	*token_r = (struct token){0};
	if (rest->ptr[0] == '%')
		return read_percent(rest, use, token_r);
	size_t len = 0;
	char least = use == SPF_USE_EXPLANATION ? ' ' : '!';
	for (; len < rest->len && rest->ptr[len] != '%'; len++)
		if (rest->ptr[len] < least || rest->ptr[len] > '~')
			return "a character that is not visible ASCII (RFC 7208 section 7.1)";
	token_r->literal = str_sub(*rest, 0, len);
	*rest = str_from_offset(*rest, len);
	return NULL;
}

const char *spf_macro_string_fault(struct str text, enum spf_macro_use use)
{
	struct token token;
	const char *sentence = NULL;
	while (!sentence && text.len > 0)
		sentence = next_token(&text, use, &token);
	return sentence;
}

/* toplabel: letters, digits and inner hyphens, not digits alone. */
static const char *top_label_fault(struct str spec)
{
	bool only_digits = true;
	if (str_ends(spec, STR(".")))
		spec.len--;
	size_t begin = spec.len;
	for (; begin > 0 && (ascii_is_alnum(spec.ptr[begin - 1]) || spec.ptr[begin - 1] == '-'); begin--)
		only_digits = only_digits && ascii_is_digit(spec.ptr[begin - 1]);
	struct str label = str_from_offset(spec, begin);
	struct ip ip;
	if (ip_parse(spec, &ip))
		return "an address where a domain name belongs, ip4: or ip6: is for those (RFC 7208 section 7.1)";
	if (label.len == 0 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-' || only_digits)
		return "does not end with a top label or a macro (RFC 7208 section 7.1)";
	if (begin == 0 || spec.ptr[begin - 1] != '.')
		return "not a domain name of several labels (RFC 7208 section 7.1)";
	return NULL;
}

/* domain-spec = macro-string domain-end */
const char *spf_domain_spec_fault(struct str text)
{
	struct str rest = text;
	struct token token = {0};
	if (text.len == 0)
		return "a domain is missing (RFC 7208 section 7.1)";
	while (rest.len > 0) {
		const char *sentence = next_token(&rest, SPF_USE_TERM, &token);
		if (sentence)
			return sentence;
	}
	return token.expands ? NULL : top_label_fault(text);
}

bool spf_macro_needs_message(struct str spec)
{
	struct token token;
	while (spec.len > 0 && !next_token(&spec, SPF_USE_TERM, &token))
		if (token.letter != 0 && token.letter != 'd' && token.letter != 'o')
			return true;
	return false;
}

/* Bytes of which only the last ones are wanted. */
struct sink {
	char *ptr;
	size_t len, cap, kept; /* kept <= cap */
	bool cut;
	char *scratch; /* kept + 1 bytes */
};

static void sink_add(struct sink *sink, struct str s)
{
	if (s.len > sink->kept) {
		s = str_from_offset(s, s.len - sink->kept);
		sink->cut = true;
		sink->len = 0;
	} else if (s.len > sink->cap - sink->len) {
		size_t rest = sink->kept - s.len < sink->len ? sink->kept - s.len : sink->len;
		memmove(sink->ptr, sink->ptr + sink->len - rest, rest);
		sink->cut = sink->cut || rest < sink->len;
		sink->len = rest;
	}
	if (s.len > 0)
		memcpy(sink->ptr + sink->len, s.ptr, s.len);
	sink->len += s.len;
}

/* All but the unreserved characters of RFC 3986. */
static void sink_add_escaped(struct sink *sink, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
		if (ascii_is_alnum(s.ptr[i]) || c == '-' || c == '.' || c == '_' || c == '~')
			sink_add(sink, str_sub(s, i, 1));
		else
			sink_add(sink, (struct str){escaped, sizeof(escaped)});
	}
}

/* The last of the parts still in *value, or the first one where they are reversed. False: none is left. */
static bool next_part(struct str *value, const struct token *token, struct str *part_r)
{
	struct str delimiters = token->delimiters.len > 0 ? token->delimiters : STR(".");
	size_t i = 0;
	if (!value->ptr)
		return false;
	if (token->reverse) {
		while (i < value->len && !memchr(delimiters.ptr, value->ptr[i], delimiters.len))
			i++;
		*part_r = str_sub(*value, 0, i);
		*value = i < value->len ? str_from_offset(*value, i + 1) : STR_NONE;
	} else {
		i = value->len;
		while (i > 0 && !memchr(delimiters.ptr, value->ptr[i - 1], delimiters.len))
			i--;
		*part_r = str_from_offset(*value, i);
		*value = i > 0 ? str_sub(*value, 0, i - 1) : STR_NONE;
	}
	return true;
}

/* Writes s before *at, as much of its end as there is room for. */
static bool put_before(char *room, size_t *at, struct str s)
{
	bool whole = s.len <= *at;
	if (!whole)
		s = str_from_offset(s, s.len - *at);
	*at -= s.len;
	if (s.len > 0)
		memcpy(room + *at, s.ptr, s.len);
	return whole;
}

/* Section 7.3: split, reversed, cut to the right-hand parts, joined with dots; from the right to the left, so that no
 * more is done than what the sink keeps. */
static void sink_add_parts(struct sink *sink, struct str value, const struct token *token)
{
	size_t cap = sink->kept + 1, at = cap;
	struct str part;
	for (unsigned n = 0; next_part(&value, token, &part); n++) {
		if (token->parts > 0 && n == token->parts)
			break;
		if ((n > 0 && !put_before(sink->scratch, &at, STR("."))) || !put_before(sink->scratch, &at, part))
			break;
	}
	struct str joined = {sink->scratch + at, cap - at};
	if (token->escape)
		sink_add_escaped(sink, joined);
	else
		sink_add(sink, joined);
}

/* IPv6: 32 nibbles with dots between. */
static struct str dotted_ip(struct spf_state *state)
{
	static const char hex[] = "0123456789ABCDEF";
	if (state->ip.family == 4)
		return str_from(state->ip_text);
	char *text = arena_alloc(state->verify->arena, 64);
	for (size_t i = 0; i < 32; i++) {
		text[2 * i] = hex[i % 2 ? state->ip.bytes[i / 2] & 15 : state->ip.bytes[i / 2] >> 4];
		text[2 * i + 1] = '.';
	}
	return (struct str){text, 63};
}

/* Section 7.2. */
static struct str value_of(struct spf_state *state, struct str domain, char letter)
{
	switch (letter) {
	case 's':
		return state->sender;
	case 'l':
		return state->local_part;
	case 'o':
		return state->sender_domain;
	case 'd':
		return domain;
	case 'i':
		return dotted_ip(state);
	case 'p':
		return spf_validated_name(state, domain);
	case 'v':
		return state->ip.family == 4 ? STR("in-addr") : STR("ip6");
	case 'h':
		return state->helo;
	case 'c':
		return str_from(state->ip_text);
	case 'r':
		return state->receiver;
	case 't':
		return str_from(arena_printf(state->verify->arena, "%lld", (long long)state->verify->now_epoch_secs));
	default:
		die("no SPF macro %d", letter);
	}
}

static void expand(struct spf_state *state, struct str domain, struct str text, enum spf_macro_use use,
	struct sink *sink, bool *ascii_r)
{
	struct token token;
	while (text.len > 0) {
		if (next_token(&text, use, &token))
			die("an SPF macro that was not proved");
		if (token.letter == 0) {
			sink_add(sink, token.literal);
			continue;
		}
		struct str value = value_of(state, domain, token.letter);
		if (!state->ascii && (token.letter == 's' || token.letter == 'l'))
			*ascii_r = false;
		if (token.escape || token.reverse || token.parts > 0 || token.delimiters.len > 0)
			sink_add_parts(sink, value.ptr ? value : STR(""), &token);
		else
			sink_add(sink, value);
	}
}

/* Section 7.3: labels go from the left until 253 bytes are left. */
static struct str cut_name(struct str name)
{
	if (str_ends(name, STR(".")))
		name.len--;
	while (name.len > DNS_NAME_BYTES_MAX && str_find_char(name, '.') != SIZE_MAX)
		name = str_from_offset(name, str_find_char(name, '.') + 1);
	return name;
}

bool spf_expand_name(struct spf_state *state, struct str domain, struct str spec, struct str *name_r)
{
	char room[2 * NAME_KEPT_BYTES], scratch[NAME_KEPT_BYTES + 1];
	struct sink sink = {.ptr = room, .cap = sizeof(room), .kept = NAME_KEPT_BYTES, .scratch = scratch};
	bool ascii = true;
	if (str_find_char(spec, '%') == SIZE_MAX) {
		*name_r = cut_name(spec);
		return true;
	}
	expand(state, domain, spec, SPF_USE_TERM, &sink, &ascii);
	*name_r = arena_str(state->verify->arena, cut_name((struct str){room, sink.len}));
	return ascii;
}

struct str spf_expand_explanation(struct spf_state *state, struct str domain, struct str text)
{
	char room[EXPLANATION_BYTES_MAX], scratch[EXPLANATION_BYTES_MAX + 1];
	struct sink sink = {.ptr = room, .cap = sizeof(room), .kept = sizeof(room), .scratch = scratch};
	bool ascii = true;
	if (spf_macro_string_fault(text, SPF_USE_EXPLANATION))
		return STR_NONE;
	expand(state, domain, text, SPF_USE_EXPLANATION, &sink, &ascii);
	for (size_t i = 0; i < sink.len; i++)
		ascii = ascii && room[i] >= ' ' && room[i] <= '~';
	return ascii && !sink.cut ? arena_str(state->verify->arena, (struct str){room, sink.len}) : STR_NONE;
}
