// SPDX-License-Identifier: Apache-2.0
#include "parser/aggregate/words.h"

struct word {
	const char *text;
	int value;
	bool specified;
};

static int look_up(struct str word, const struct word *table, size_t count, bool *exact_r)
{
	for (size_t i = 0; i < count; i++) {
		if (!str_eq_nocase(word, str_from(table[i].text)))
			continue;
		*exact_r = table[i].specified && str_eq(word, str_from(table[i].text));
		return table[i].value;
	}
	*exact_r = false;
	return 0; /* UNKNOWN of every enum */
}

#define LOOK_UP(word, table, exact_r) look_up(word, table, sizeof(table) / sizeof((table)[0]), exact_r)

enum disposition words_disposition(struct str word, bool *exact_r)
{
	static const struct word table[] = {
		{"none", DISPOSITION_NONE, true},
		{"pass", DISPOSITION_PASS, true},
		{"quarantine", DISPOSITION_QUARANTINE, true},
		{"reject", DISPOSITION_REJECT, true},
	};
	return (enum disposition)LOOK_UP(str_trim(word), table, exact_r);
}

enum aligned words_aligned(struct str word, bool *exact_r)
{
	static const struct word table[] = {{"pass", ALIGNED_PASS, true}, {"fail", ALIGNED_FAIL, true}};
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
		{"none", AUTH_NONE, true}, {"pass", AUTH_PASS, true}, {"fail", AUTH_FAIL, true},
		{"policy", AUTH_POLICY, true}, {"neutral", AUTH_NEUTRAL, true},
		{"temperror", AUTH_TEMPERROR, true}, {"permerror", AUTH_PERMERROR, true},
		{"softfail", AUTH_SOFTFAIL, false}, {"hardfail", AUTH_FAIL, false},
	};
	struct str plain = without_comment(word);
	enum auth_result result = (enum auth_result)LOOK_UP(plain, table, exact_r);
	*exact_r &= plain.len == str_trim(word).len;
	return result;
}

enum auth_result words_spf_result(struct str word, bool *exact_r)
{
	static const struct word table[] = {
		{"none", AUTH_NONE, true}, {"neutral", AUTH_NEUTRAL, true}, {"pass", AUTH_PASS, true},
		{"fail", AUTH_FAIL, true}, {"softfail", AUTH_SOFTFAIL, true},
		{"temperror", AUTH_TEMPERROR, true}, {"permerror", AUTH_PERMERROR, true},
		{"policy", AUTH_POLICY, true}, {"hardfail", AUTH_FAIL, false},
	};
	struct str plain = without_comment(word);
	enum auth_result result = (enum auth_result)LOOK_UP(plain, table, exact_r);
	*exact_r &= plain.len == str_trim(word).len;
	return result;
}

enum spf_scope words_spf_scope(struct str word, bool *exact_r)
{
	static const struct word table[] = {{"mfrom", SPF_SCOPE_MFROM, true}, {"helo", SPF_SCOPE_HELO, true}};
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
		{"forwarded", OVERRIDE_FORWARDED, true},
		{"sampled_out", OVERRIDE_SAMPLED_OUT, true},
		{"trusted_forwarder", OVERRIDE_TRUSTED_FORWARDER, true},
		{"mailing_list", OVERRIDE_MAILING_LIST, true},
		{"local_policy", OVERRIDE_LOCAL_POLICY, true},
		{"policy_test_mode", OVERRIDE_POLICY_TEST_MODE, true},
		{"other", OVERRIDE_OTHER, true},
		{"sampled-out", OVERRIDE_SAMPLED_OUT, false},
		{"trusted-forwarder", OVERRIDE_TRUSTED_FORWARDER, false},
		{"mailing-list", OVERRIDE_MAILING_LIST, false},
		{"local-policy", OVERRIDE_LOCAL_POLICY, false},
		{"policy-test-mode", OVERRIDE_POLICY_TEST_MODE, false},
		{"sampled out", OVERRIDE_SAMPLED_OUT, false},
		{"trusted forwarder", OVERRIDE_TRUSTED_FORWARDER, false},
		{"mailing list", OVERRIDE_MAILING_LIST, false},
		{"local policy", OVERRIDE_LOCAL_POLICY, false},
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
