// SPDX-License-Identifier: Apache-2.0
#include "worker/verify_dig.h"

#include "verifier/bimi/record.h"
#include "verifier/domain.h"
#include "verifier/message.h"
#include "verifier/survey_spf.h"

#define WALK_LABELS 7 /* RFC 9989 section 4.10 step 4 */

static void ask(const struct verify *verify, enum verdict_part part, const char *what, struct str before,
	const char *between, struct str domain)
{
	struct str ascii;
	if (before.len == 0 || !domain_to_ascii(verify->arena, domain, &ascii))
		return;
	struct str name = str_from(arena_printf(verify->arena, "%.*s%s%.*s", STR_FMT(before), between, STR_FMT(ascii)));
	if (dns_name_valid(name))
		(void)verify_query(verify, part, 0, what, name, DNS_TXT);
}

/* With the includes behind the term that matched. */
static void ask_spf(const struct verify *verify, const struct verdict *verdict)
{
	struct str sender = verdict->spf.count > 0 ? verdict->spf.at[0].domain : STR_NONE, ascii;
	if (domain_to_ascii(verify->arena, sender.len > 0 ? sender : verdict->dmarc.author_domain, &ascii))
		survey_spf(verify, ascii, &(struct verdict){0});
}

/* Keys of signatures and seals that were refused before. */
static void ask_keys(const struct verify *verify, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->dkim.count; i++)
		ask(verify, PART_DKIM, "DKIM key", verdict->dkim.at[i].selector, "._domainkey.",
			verdict->dkim.at[i].domain);
	for (size_t i = 0; i < verdict->arc_sets.count; i++) {
		const struct verdict_arc_set *set = &verdict->arc_sets.at[i];
		ask(verify, PART_ARC, "DKIM key", set->selector, "._domainkey.", set->domain);
		ask(verify, PART_ARC, "DKIM key", set->message_selector, "._domainkey.", set->message_domain);
	}
}

/* The rest of a walk that was cut short. */
static void ask_walk(const struct verify *verify, struct str author)
{
	size_t labels = domain_labels(author);
	ask(verify, PART_DMARC, "DMARC record", STR("_dmarc"), ".", author);
	for (labels = labels > WALK_LABELS ? WALK_LABELS + 1 : labels; labels-- > 1;)
		ask(verify, PART_DMARC, "DMARC record", STR("_dmarc"), ".", domain_last_labels(author, labels));
}

static void ask_bimi(const struct verify *verify, const struct verify_request *request, const struct verdict *verdict)
{
	struct message message;
	struct str selectors[2] = {STR_NONE, STR("default")};
	const struct verdict_dmarc *dmarc = &verdict->dmarc;
	message_parse(verify->arena, request->message, &message);
	const struct message_field *field = message_field(&message, STR("BIMI-Selector"), 0);
	if (!field || !bimi_selector_parse(message_unfolded(verify->arena, field), &selectors[0]))
		selectors[0] = STR_NONE;
	for (size_t i = 0; i < 2; i++) {
		ask(verify, PART_BIMI, "BIMI assertion record", selectors[i], "._bimi.", dmarc->author_domain);
		ask(verify, PART_BIMI, "BIMI assertion record", selectors[i], "._bimi.",
			dmarc->org_domain.ptr ? dmarc->org_domain : dmarc->org_domain_psl);
	}
}

void verify_dig(const struct verify *verify, const struct verify_request *request, const struct verdict *verdict)
{
	ask_spf(verify, verdict);
	ask_keys(verify, verdict);
	if (verdict->dmarc.author_domain.len == 0)
		return;
	if (!verdict->dmarc.org_domain_walk.ptr && !request->psl)
		ask_walk(verify, verdict->dmarc.author_domain);
	ask_bimi(verify, request, verdict);
}
