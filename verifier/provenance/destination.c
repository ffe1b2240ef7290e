// SPDX-License-Identifier: Apache-2.0
#include "verifier/provenance/destination.h"

#include "verifier/address.h"
#include "verifier/domain.h"

#define FIELDS_MAX 3 /* of one name */
#define FIELD_BYTES_MAX ((size_t)4096)

static void add(struct destinations *destinations, struct str domain)
{
	for (size_t i = 0; i < destinations->count; i++)
		if (str_eq(destinations->domains[i], domain))
			return;
	if (destinations->count < DESTINATIONS_MAX)
		destinations->domains[destinations->count++] = domain;
}

static void add_field(struct destinations *destinations, const struct message_field *field)
{
	struct arena *arena = destinations->orgs->verify->arena;
	struct mailbox *mailboxes;
	size_t count;
	if (!address_list(arena, str_sub(field->body, 0, FIELD_BYTES_MAX), &mailboxes, &count))
		return;
	for (size_t i = 0; i < count; i++)
		if (mailboxes[i].ascii.ptr)
			add(destinations, mailboxes[i].ascii);
}

void destinations_find(struct destinations *destinations, struct orgs *orgs, const struct message *message,
	size_t asked_max)
{
	static const char *const names[] = {"Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"};
	const struct message_field *field;
	*destinations = (struct destinations){
		.orgs = orgs,
		.asked = ARENA_ARRAY(orgs->verify->arena, asked_max, struct asked_destination),
		.asked_max = asked_max,
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t n = 0; n < FIELDS_MAX && (field = message_field(message, str_from(names[i]), n)); n++)
			add_field(destinations, field);
}

/* Of several recipients one that wants such reports is enough. */
static enum maybe ask(struct destinations *destinations, struct str policy_domain, enum dmarc_report kind,
	struct str *domain_r)
{
	const struct dmarc_options options = {.method = DMARC_TREEWALK, .psl = destinations->orgs->psl};
	const struct verify *verify = destinations->orgs->verify;
	enum maybe best = MAYBE_NO;
	*domain_r = destinations->domains[0];
	for (size_t i = 0; i < destinations->count && i < 2; i++) {
		struct dmarc_destination at;
		struct str uri = str_from(arena_printf(verify->arena, "mailto:dmarc@%.*s",
			STR_FMT(destinations->domains[i])));
		enum maybe wanted = dmarc_external(verify, &options, policy_domain, kind, uri, &at);
		if (wanted == MAYBE_YES) {
			*domain_r = destinations->domains[i];
			return MAYBE_YES;
		}
		if (wanted == MAYBE_UNKNOWN)
			best = MAYBE_UNKNOWN;
	}
	return best;
}

struct asked_destination destinations_ask(struct destinations *destinations, struct str policy_domain,
	enum dmarc_report kind)
{
	for (size_t i = 0; i < destinations->asked_count; i++)
		if (str_eq(destinations->asked[i].policy_domain, policy_domain))
			return destinations->asked[i];
	struct asked_destination asked = {.policy_domain = policy_domain};
	for (size_t i = 0; i < destinations->count; i++)
		if (orgs_same_by_psl(destinations->orgs, policy_domain, destinations->domains[i]) == MAYBE_YES)
			return asked;
	if (destinations->count == 0)
		return asked;
	asked.domain = destinations->domains[0];
	if (destinations->asked_count == destinations->asked_max) {
		destinations->orgs->exhausted = true;
		return asked;
	}
	asked.authorised = ask(destinations, policy_domain, kind, &asked.domain);
	destinations->asked[destinations->asked_count++] = asked;
	return asked;
}
