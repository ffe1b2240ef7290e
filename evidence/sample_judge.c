// SPDX-License-Identifier: Apache-2.0
#include "evidence/sample_judge.h"

#include "evidence/probe.h"
#include "store/verdict/probes.h"

static struct str identity_of(const struct verdict *verdict, struct str kind)
{
	for (size_t i = 0; i < verdict->identities.count; i++)
		if (str_eq(verdict->identities.at[i].kind, kind))
			return verdict->identities.at[i].value;
	return STR_NONE;
}

static void find_mta(const struct inventory *inventory, const struct verdict *verdict, struct arena *arena,
	struct sample_finding *finding)
{
	struct inventory_seen seen = {.ip = finding->source_ip, .helo = finding->helo};
	struct str *names = ARENA_ARRAY(arena, verdict->identities.count, struct str);
	for (size_t i = 0; i < verdict->identities.count; i++) {
		const struct verdict_identity *identity = &verdict->identities.at[i];
		if (str_eq(identity->kind, STR("rdns")) || str_eq(identity->kind, STR("received")))
			names[seen.names_count++] = identity->value;
	}
	seen.names = names;
	enum inventory_found found = inventory_find(inventory, &seen, &finding->mta);
	finding->found_by = found == INVENTORY_NONE ? STR_NONE : inventory_found_word(found);
	if (!finding->mta.ptr)
		finding->mta = STR("");
}

/* What the host that received it said, where it is known to have said it: "spf=fail" where we differ. */
static void compare(const struct verdict *verdict, struct arena *arena, struct sample_finding *finding)
{
	struct verify_list *differs = &finding->authres_differs;
	differs->at = ARENA_ARRAY(arena, verdict->claims.count, struct str);
	for (size_t i = 0; i < verdict->claims.count; i++) {
		const struct verdict_claim *claim = &verdict->claims.at[i];
		if (!claim->trusted || !str_eq_nocase(claim->field, STR("Authentication-Results")))
			continue;
		finding->authres_agrees += claim->agrees == MAYBE_YES;
		if (claim->agrees == MAYBE_NO)
			differs->at[differs->count++] = str_from(arena_printf(arena, "%.*s=%.*s",
				STR_FMT(claim->method), STR_FMT(claim->result)));
	}
}

void sample_judge(const struct inventory *inventory, const struct verdict *verdict, struct arena *arena,
	struct sample_finding *finding_r)
{
	struct str ip = identity_of(verdict, STR("ip"));
	finding_r->source_ip = (struct ip){0};
	(void)ip_parse(ip, &finding_r->source_ip);
	finding_r->helo = arena_str(arena, identity_of(verdict, STR("helo")));
	finding_r->probe = arena_str(arena,
		probe_id_of(identity_of(verdict, STR("probe")), identity_of(verdict, STR("message_id"))));
	finding_r->domain = arena_str(arena, verdict->dmarc.author_domain);
	finding_r->spf_aligned = verdict->dmarc.spf_aligned;
	finding_r->dkim_aligned = verdict->dmarc.dkim_aligned;
	finding_r->authres_agrees = 0;
	finding_r->authres_differs = (struct verify_list){0};
	find_mta(inventory, verdict, arena, finding_r);
	compare(verdict, arena, finding_r);
}

enum err sample_judge_probe(const struct inventory *inventory, struct store *store, struct arena *arena,
	struct sample_finding *finding, struct error *error)
{
	struct str mta;
	if (finding->mta.len > 0 || !finding->probe.ptr)
		return ERR_OK;
	enum err err = probes_mta(store, finding->probe, arena, &mta, error);
	if (err || !mta.ptr || !inventory_is_unmarked(inventory, mta))
		return err;
	finding->mta = mta;
	finding->found_by = STR("probe");
	return ERR_OK;
}
