// SPDX-License-Identifier: Apache-2.0
#include "verifier/spf/record.h"

#include "verifier/spf/macro.h"

enum argument { NEVER, MAYBE, ALWAYS, NETWORK };

static const struct {
	struct str name;
	enum spf_mechanism mechanism;
	enum argument argument;
	bool prefix; /* dual-cidr-length */
} mechanisms[] = {
	{{"all", 3}, SPF_ALL, NEVER, false},
	{{"include", 7}, SPF_INCLUDE, ALWAYS, false},
	{{"a", 1}, SPF_A, MAYBE, true},
	{{"mx", 2}, SPF_MX, MAYBE, true},
	{{"ptr", 3}, SPF_PTR, MAYBE, false},
	{{"ip4", 3}, SPF_IP4, NETWORK, false},
	{{"ip6", 3}, SPF_IP6, NETWORK, false},
	{{"exists", 6}, SPF_EXISTS, ALWAYS, false},
};

#define MECHANISMS_COUNT (sizeof(mechanisms) / sizeof(mechanisms[0]))

static const struct str VERSION = {"v=spf1", 6};

bool spf_record_selected(struct str txt)
{
	return str_starts_nocase(txt, VERSION) && (txt.len == VERSION.len || txt.ptr[VERSION.len] == ' ');
}

bool spf_term_asks(const struct spf_term *term)
{
	return term->mechanism != SPF_ALL && term->mechanism != SPF_IP4 && term->mechanism != SPF_IP6;
}

/* "0" or a number without leading zero (section 12). */
static bool prefix_number(struct str digits, uint64_t max, uint8_t *prefix_r)
{
	uint64_t value;
	if (!str_to_u64(digits, max, &value) || (digits.len > 1 && digits.ptr[0] == '0'))
		return false;
	*prefix_r = (uint8_t)value;
	return true;
}

/* Takes "/24", "//64" or "/24//64" off the end of *rest. A domain-spec cannot end like this. */
static bool take_prefixes(struct str *rest, struct spf_term *term)
{
	for (bool six = false, four = false; !four;) {
		size_t digits = rest->len;
		while (digits > 0 && ascii_is_digit(rest->ptr[digits - 1]))
			digits--;
		if (digits == 0 || digits == rest->len || rest->ptr[digits - 1] != '/')
			return true;
		bool doubled = digits > 1 && rest->ptr[digits - 2] == '/';
		if (doubled && six)
			return true;
		six = true;
		four = !doubled;
		if (!prefix_number(str_from_offset(*rest, digits), doubled ? 128 : 32,
			doubled ? &term->prefix6 : &term->prefix4))
			return false;
		rest->len = digits - (doubled ? 2 : 1);
	}
	return true;
}

/* Section 5.6. */
static const char *read_network(struct str rest, struct spf_term *term)
{
	bool four = term->mechanism == SPF_IP4;
	size_t slash = str_find_char(rest, '/');
	if (rest.len == 0 || rest.ptr[0] != ':')
		return "an address is missing (RFC 7208 section 5.6)";
	if (!ip_parse(str_sub(rest, 1, slash == SIZE_MAX ? SIZE_MAX : slash - 1), &term->ip) ||
		term->ip.family != (four ? 4 : 6))
		return four ? "not a whole IPv4 address (RFC 7208 section 5.6)" :
			"not an IPv6 address (RFC 7208 section 5.6)";
	if (slash != SIZE_MAX && !prefix_number(str_from_offset(rest, slash + 1), four ? 32 : 128,
		four ? &term->prefix4 : &term->prefix6))
		return "no such prefix length (RFC 7208 section 5.6)";
	return NULL;
}

static const char *read_argument(struct str rest, enum argument argument, struct spf_term *term)
{
	if (rest.len == 0)
		return argument == ALWAYS ? "a domain is missing (RFC 7208 section 5)" : NULL;
	if (argument == NEVER || rest.ptr[0] != ':')
		return argument == NEVER ? "takes no argument (RFC 7208 section 5.1)" :
			"neither \":\" and a domain nor a prefix length (RFC 7208 section 5)";
	term->domain_spec = str_from_offset(rest, 1);
	return spf_domain_spec_fault(term->domain_spec);
}

static enum auth_result take_qualifier(struct str *rest)
{
	enum auth_result result;
	switch (rest->ptr[0]) {
	case '-':
		result = AUTH_FAIL;
		break;
	case '~':
		result = AUTH_SOFTFAIL;
		break;
	case '?':
		result = AUTH_NEUTRAL;
		break;
	case '+':
		result = AUTH_PASS;
		break;
	default:
		return AUTH_PASS;
	}
	*rest = str_from_offset(*rest, 1);
	return result;
}

/* Section 4.6.1: [ qualifier ] mechanism. */
static const char *read_mechanism(struct str text, struct spf_term *term)
{
	struct str rest = text;
	size_t end = 0, i = 0;
	*term = (struct spf_term){.text = text, .prefix4 = 32, .prefix6 = 128};
	term->result = take_qualifier(&rest);
	while (end < rest.len && rest.ptr[end] != ':' && rest.ptr[end] != '/')
		end++;
	while (i < MECHANISMS_COUNT && !str_eq_nocase(mechanisms[i].name, str_sub(rest, 0, end)))
		i++;
	if (i == MECHANISMS_COUNT)
		return "no such mechanism (RFC 7208 section 4.6.1)";
	term->mechanism = mechanisms[i].mechanism;
	rest = str_from_offset(rest, end);
	if (mechanisms[i].argument == NETWORK)
		return read_network(rest, term);
	if (mechanisms[i].prefix && !take_prefixes(&rest, term))
		return "no such prefix length (RFC 7208 section 5.6)";
	return read_argument(rest, mechanisms[i].argument, term);
}

/* Section 12: name "=", where name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ). SIZE_MAX: a mechanism. */
static size_t modifier_name(struct str text)
{
	size_t i = 0;
	if (!ascii_is_alpha(text.ptr[0]))
		return SIZE_MAX;
	while (i < text.len && (ascii_is_alnum(text.ptr[i]) || text.ptr[i] == '-' || text.ptr[i] == '_' ||
		text.ptr[i] == '.'))
		i++;
	return i < text.len && text.ptr[i] == '=' ? i : SIZE_MAX;
}

/* Section 6. A known name with bad syntax is no unknown modifier. */
static const char *read_modifier(struct str text, size_t equals, struct spf_record *record)
{
	struct str name = str_sub(text, 0, equals), value = str_from_offset(text, equals + 1);
	bool redirect = str_eq_nocase(name, STR("redirect"));
	if (!redirect && !str_eq_nocase(name, STR("exp")))
		return spf_macro_string_fault(value, SPF_USE_TERM);
	struct spf_modifier *place = redirect ? &record->redirect : &record->exp;
	if (place->text.ptr)
		return "stands more than once (RFC 7208 section 6)";
	*place = (struct spf_modifier){.text = text, .domain_spec = value};
	return spf_domain_spec_fault(value);
}

static size_t terms_at_most(struct str rest)
{
	size_t count = 0;
	for (size_t i = 1; i < rest.len; i++)
		count += rest.ptr[i - 1] == ' ' && rest.ptr[i] != ' ';
	return count;
}

/* Section 4.6.1: terms = *( 1*SP ( directive / modifier ) ), and *SP at the end. */
bool spf_record_parse(struct arena *arena, struct str text, struct spf_record *record_r, struct spf_fault *fault_r)
{
	struct str rest = str_from_offset(text, VERSION.len), term;
	*record_r = (struct spf_record){.terms = ARENA_ARRAY(arena, terms_at_most(rest), struct spf_term)};
	while (str_split(&rest, ' ', &term)) {
		if (term.len == 0)
			continue;
		size_t equals = modifier_name(term);
		const char *sentence;
		if (equals != SIZE_MAX) {
			sentence = read_modifier(term, equals, record_r);
		} else {
			struct spf_term *next = &record_r->terms[record_r->count++];
			sentence = read_mechanism(term, next);
			record_r->all = record_r->all || next->mechanism == SPF_ALL;
		}
		if (sentence) {
			*fault_r = (struct spf_fault){.term = term, .sentence = sentence};
			return false;
		}
	}
	return true;
}
