// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/words.h"

struct word {
	struct str text;
	int value;
	bool specified;
};

#define WORD(text, value, specified) {{text, sizeof(text) - 1}, value, specified}

static int look_up(struct str word, const struct word *table, size_t count, bool *exact_r)
{
	/* Most are as specified; a call for each that begins otherwise would take longer than all else here. */
	for (size_t i = 0; i < count; i++) {
		struct str text = table[i].text;
		if (word.len == text.len && word.ptr[0] == text.ptr[0] && str_eq(word, text)) {
			*exact_r = table[i].specified;
			return table[i].value;
		}
	}
	*exact_r = false;
	for (size_t i = 0; i < count; i++) {
		if (!str_eq_nocase(word, table[i].text))
			continue;
		return table[i].value;
	}
	return 0; /* UNKNOWN of every enum */
}

#define LOOK_UP(word, table, exact_r) look_up(word, table, sizeof(table) / sizeof((table)[0]), exact_r)

enum disposition words_disposition(struct str word, bool *exact_r)
{
	static const struct word table[] = {
		WORD("none", DISPOSITION_NONE, true),
		WORD("pass", DISPOSITION_PASS, true),
		WORD("quarantine", DISPOSITION_QUARANTINE, true),
		WORD("reject", DISPOSITION_REJECT, true),
	};
	return (enum disposition)LOOK_UP(str_trim(word), table, exact_r);
}

enum aligned words_aligned(struct str word, bool *exact_r)
{
	static const struct word table[] = {WORD("pass", ALIGNED_PASS, true), WORD("fail", ALIGNED_FAIL, true)};
	return (enum aligned)LOOK_UP(str_trim(word), table, exact_r);
}

static struct str without_comment(struct str word)
{
	size_t at = str_find_char(word, '(');
	return str_trim(at == SIZE_MAX ? word : str_sub(word, 0, at));
}

enum auth_result words_dkim_result(struct str word, bool *exact_r)
{
	static const struct word table[] = {
		WORD("none", AUTH_NONE, true), WORD("pass", AUTH_PASS, true), WORD("fail", AUTH_FAIL, true),
		WORD("policy", AUTH_POLICY, true), WORD("neutral", AUTH_NEUTRAL, true),
		WORD("temperror", AUTH_TEMPERROR, true), WORD("permerror", AUTH_PERMERROR, true),
		WORD("softfail", AUTH_SOFTFAIL, false), WORD("hardfail", AUTH_FAIL, false),
	};
	enum auth_result result = (enum auth_result)LOOK_UP(word, table, exact_r);
	if (*exact_r)
		return result;
	struct str plain = without_comment(word);
	result = (enum auth_result)LOOK_UP(plain, table, exact_r);
	*exact_r &= plain.len == str_trim(word).len;
	return result;
}

enum auth_result words_spf_result(struct str word, bool *exact_r)
{
	static const struct word table[] = {
		WORD("none", AUTH_NONE, true), WORD("neutral", AUTH_NEUTRAL, true), WORD("pass", AUTH_PASS, true),
		WORD("fail", AUTH_FAIL, true), WORD("softfail", AUTH_SOFTFAIL, true),
		WORD("temperror", AUTH_TEMPERROR, true), WORD("permerror", AUTH_PERMERROR, true),
		WORD("policy", AUTH_POLICY, true), WORD("hardfail", AUTH_FAIL, false),
	};
	enum auth_result result = (enum auth_result)LOOK_UP(word, table, exact_r);
	if (*exact_r)
		return result;
	struct str plain = without_comment(word);
	result = (enum auth_result)LOOK_UP(plain, table, exact_r);
	*exact_r &= plain.len == str_trim(word).len;
	return result;
}

enum spf_scope words_spf_scope(struct str word, bool *exact_r)
{
	static const struct word table[] = {WORD("mfrom", SPF_SCOPE_MFROM, true), WORD("helo", SPF_SCOPE_HELO, true)};
	struct str plain = str_trim(word);
	enum spf_scope scope = (enum spf_scope)LOOK_UP(plain, table, exact_r);
	if (plain.len == 0) {
		*exact_r = true;
		return SPF_SCOPE_NONE;
	}
	return scope == SPF_SCOPE_NONE ? SPF_SCOPE_UNKNOWN : scope;
}

enum override_type words_override_type(struct str word, bool *exact_r)
{
	static const struct word table[] = {
		WORD("forwarded", OVERRIDE_FORWARDED, true),
		WORD("sampled_out", OVERRIDE_SAMPLED_OUT, true),
		WORD("trusted_forwarder", OVERRIDE_TRUSTED_FORWARDER, true),
		WORD("mailing_list", OVERRIDE_MAILING_LIST, true),
		WORD("local_policy", OVERRIDE_LOCAL_POLICY, true),
		WORD("policy_test_mode", OVERRIDE_POLICY_TEST_MODE, true),
		WORD("other", OVERRIDE_OTHER, true),
		WORD("sampled-out", OVERRIDE_SAMPLED_OUT, false),
		WORD("trusted-forwarder", OVERRIDE_TRUSTED_FORWARDER, false),
		WORD("mailing-list", OVERRIDE_MAILING_LIST, false),
		WORD("local-policy", OVERRIDE_LOCAL_POLICY, false),
		WORD("policy-test-mode", OVERRIDE_POLICY_TEST_MODE, false),
		WORD("sampled out", OVERRIDE_SAMPLED_OUT, false),
		WORD("trusted forwarder", OVERRIDE_TRUSTED_FORWARDER, false),
		WORD("mailing list", OVERRIDE_MAILING_LIST, false),
		WORD("local policy", OVERRIDE_LOCAL_POLICY, false),
	};
	return (enum override_type)LOOK_UP(str_trim(word), table, exact_r);
}

bool words_is_policy(struct str word)
{
	return str_eq(word, STR("none")) || str_eq(word, STR("quarantine")) || str_eq(word, STR("reject"));
}

bool words_is_alignment(struct str word)
{
	return str_eq(word, STR("r")) || str_eq(word, STR("s"));
}

bool words_is_percent(struct str word)
{
	uint64_t value;
	return str_to_u64(word, 100, &value);
}

/* RFC 7489 section 6.3, dmarc-fo; white space is allowed around the colon. */
bool words_is_fo(struct str word)
{
	struct str rest = word, piece;
	while (str_split(&rest, ':', &piece)) {
		piece = str_trim(piece);
		if (piece.len != 1 || !(piece.ptr[0] == '0' || piece.ptr[0] == '1' ||
			ascii_lower(piece.ptr[0]) == 'd' || ascii_lower(piece.ptr[0]) == 's'))
			return false;
	}
	return true;
}

bool words_is_testing(struct str word)
{
	return str_eq(word, STR("n")) || str_eq(word, STR("y"));
}

bool words_is_discovery(struct str word)
{
	return str_eq(word, STR("psl")) || str_eq(word, STR("treewalk"));
}
