// SPDX-License-Identifier: Apache-2.0
#include "verifier/arc/sets.h"

#include "verifier/authres.h"

#define INSTANCE_MAX 9999

static bool refuse(struct arc_sets *sets, uint64_t instance, const char *reason, const char *detail)
{
	if (!sets->fault.reason) {
		sets->fault = (struct fault){AUTH_FAIL, reason, str_from(detail)};
		sets->failed_at = instance;
	}
	return false;
}

/* Stands first in ARC-Authentication-Results (section 4.1.1). 0: it does not, or is beyond anything. */
static uint64_t results_instance(struct arena *arena, const struct message_field *field)
{
	uint64_t instance = authres_instance(arena, field->body);
	return instance <= INSTANCE_MAX ? instance : 0;
}

/* NULL when the instance is beyond what is looked at. */
static struct arc_set *set_of(struct arc_sets *sets, uint64_t instance, size_t limit)
{
	if (instance > sets->highest)
		sets->highest = instance;
	if (instance > limit)
		return NULL;
	if (instance > sets->count)
		sets->count = instance;
	return &sets->sets[instance - 1];
}

static void add_results(struct arena *arena, struct arc_sets *sets, const struct message_field *field, size_t limit)
{
	uint64_t instance = results_instance(arena, field);
	struct arc_set *set = instance > 0 ? set_of(sets, instance, limit) : NULL;
	if (instance == 0)
		refuse(sets, 0, "structure", "an ARC-Authentication-Results does not begin with its instance");
	if (set && set->results_count++ == 0)
		set->results = field;
}

static void add_signature(struct arena *arena, struct arc_sets *sets, enum signature_kind kind,
	const struct message_field *field, size_t limit)
{
	struct signature signature;
	signature_parse(arena, kind, field, &signature);
	bool seal = kind == SIGNATURE_ARC_SEAL;
	struct arc_set *set = signature.instance > 0 ? set_of(sets, signature.instance, limit) : NULL;
	if (signature.instance == 0)
		refuse(sets, 0, "syntax", arena_printf(arena, "an %s cannot be read: %.*s",
			seal ? "ARC-Seal" : "ARC-Message-Signature", STR_FMT(signature.fault.detail)));
	if (!set)
		return;
	if (seal && set->seals_count++ == 0)
		set->seal = signature;
	if (!seal && set->messages_count++ == 0)
		set->message = signature;
}

static bool check_set(const struct verify *verify, struct arc_sets *sets, uint64_t instance)
{
	const struct arc_set *set = &sets->sets[instance - 1];
	const char *wanted = instance == 1 ? "none" : "pass";
	if (set->results_count != 1 || set->messages_count != 1 || set->seals_count != 1)
		return refuse(sets, instance, "structure", arena_printf(verify->arena,
			"set %u has %zu ARC-Authentication-Results, %zu ARC-Message-Signature and %zu ARC-Seal",
			(unsigned)instance, set->results_count, set->messages_count, set->seals_count));
	if (tag_list_find(&set->seal.tags, STR("h")))
		return refuse(sets, instance, "seal_fields", "an ARC-Seal has h= (RFC 8617 section 4.1.3)");
	if (!str_eq(signature_tag(&set->seal, "cv"), str_from(wanted)))
		return refuse(sets, instance, "cv", arena_printf(verify->arena, "cv= of set %u is not %s",
			(unsigned)instance, wanted));
	return true;
}

/* Step 2: "If the Chain Validation Status of the ARC Set with the highest instance value is "fail", … stop".
 * Step 3: instances from 1 on without a gap, each field once, cv= as its place in the chain wants it. */
static void check_structure(const struct verify *verify, struct arc_sets *sets)
{
	if (sets->highest > verify->limits.arc_sets) {
		refuse(sets, sets->highest, "too_many", "the chain has more sets than there may be (section 4.2.1)");
		return;
	}
	if (sets->count > 0 && str_eq(signature_tag(&sets->sets[sets->count - 1].seal, "cv"), STR("fail"))) {
		sets->fault = (struct fault){AUTH_FAIL, "cv_fail",
			STR("the last sealer found a broken chain (cv=fail)")};
		sets->failed_at = sets->count;
		return;
	}
	for (uint64_t instance = sets->count; instance > 0 && !sets->fault.reason; instance--)
		(void)check_set(verify, sets, instance);
}

void arc_sets_collect(const struct verify *verify, const struct message *message, struct arc_sets *sets_r)
{
	size_t limit = verify->limits.arc_sets;
	*sets_r = (struct arc_sets){.sets = ARENA_ARRAY(verify->arena, limit + 1, struct arc_set)};
	for (size_t i = 0; i < message->fields_count; i++) {
		const struct message_field *field = &message->fields[i];
		bool results = str_eq_nocase(field->name, STR("ARC-Authentication-Results"));
		bool seal = str_eq_nocase(field->name, STR("ARC-Seal"));
		if (results)
			add_results(verify->arena, sets_r, field, limit);
		else if (seal || str_eq_nocase(field->name, STR("ARC-Message-Signature")))
			add_signature(verify->arena, sets_r, seal ? SIGNATURE_ARC_SEAL : SIGNATURE_ARC_MESSAGE, field,
				limit);
		else
			continue;
		sets_r->any = true;
	}
	if (sets_r->any)
		check_structure(verify, sets_r);
}
