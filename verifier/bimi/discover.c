// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi/discover.h"

static bool conclude(struct bimi_discovery *discovery, enum auth_result result, const char *reason, struct str detail)
{
	discovery->result = result;
	discovery->reason = reason;
	discovery->detail = detail;
	return true;
}

/* False: there is no record at that name. */
static bool look(const struct verify *verify, struct str selector, struct str domain,
	struct bimi_discovery *discovery)
{
	struct arena *arena = verify->arena;
	struct bimi_record record;
	struct str name = str_from(arena_printf(arena, "%.*s._bimi.%.*s", STR_FMT(selector), STR_FMT(domain)));
	const struct dns_answer *answer = verify_query(verify, PART_BIMI, 0, "BIMI assertion record", name, DNS_TXT);
	size_t found = 0;
	if (dns_failed(answer))
		return conclude(discovery, AUTH_TEMPERROR, "record.temperror",
			str_from(arena_printf(arena, "the DNS gave no answer about %.*s", STR_FMT(name))));
	for (size_t i = 0; i < answer->count; i++) {
		if (!bimi_record_parse(arena, answer->records[i].text, &record))
			continue;
		if (found++ == 0) {
			discovery->record = record;
			discovery->text = answer->records[i].text;
		}
	}
	if (found == 0)
		return false;
	discovery->domain = domain;
	discovery->selector = selector;
	if (found > 1)
		return conclude(discovery, AUTH_FAIL, "record.several",
			str_from(arena_printf(arena, "%.*s has %zu BIMI records", STR_FMT(name), found)));
	if (discovery->record.reason)
		return conclude(discovery, AUTH_FAIL, discovery->record.reason, discovery->record.detail);
	if (discovery->record.declined)
		return conclude(discovery, AUTH_DECLINED, "record.declined",
			STR("the domain owner takes no part in BIMI"));
	return conclude(discovery, AUTH_PASS, NULL, STR_NONE);
}

/* lps=: the local part as a selector at the same domain, where a record is. */
static void try_local_part(const struct verify *verify, struct str local_part, struct bimi_discovery *discovery)
{
	struct bimi_discovery other = {0};
	struct str selector;
	if (!local_part.ptr || !discovery->record.has_prefixes || discovery->result != AUTH_PASS ||
		!bimi_local_part_selector(verify->arena, &discovery->record, local_part, &selector))
		return;
	bool found = look(verify, selector, discovery->domain, &other);
	trace_add(verify, &(struct trace_step){.part = STR("bimi"), .kind = STR("selector"), .name = STR("lps"),
		.value = selector, .result = found ? STR("used") : STR("no record"),
		.note = STR("the local part as a selector")});
	if (!found)
		return;
	other.domain = discovery->domain;
	other.selector = selector;
	*discovery = other;
}

void bimi_discover(const struct verify *verify, struct str author_domain, struct str org_domain, struct str selector,
	struct str local_part, struct bimi_discovery *discovery_r)
{
	*discovery_r = (struct bimi_discovery){.domain = author_domain, .selector = selector};
	bool found = look(verify, selector, author_domain, discovery_r);
	if (!found && org_domain.len > 0 && !str_eq(author_domain, org_domain))
		found = look(verify, selector, org_domain, discovery_r);
	if (!found)
		(void)conclude(discovery_r, AUTH_NONE, "record.none", STR("there is no BIMI record"));
	else if (str_eq(selector, BIMI_SELECTOR_DEFAULT))
		try_local_part(verify, local_part, discovery_r);
}
