// SPDX-License-Identifier: Apache-2.0
#include "model/policy_json.h"

void policy_json(struct json *json, const struct policy_published *policy, bool as_sent)
{
	const struct {
		const char *key;
		struct str value;
	} members[] = {
		{"domain", policy->domain}, {"domain_raw", as_sent ? policy->domain_raw : STR_NONE}, {"p", policy->p},
		{"sp", policy->sp}, {"np", policy->np}, {"adkim", policy->adkim}, {"aspf", policy->aspf},
		{"pct", policy->pct}, {"fo", policy->fo}, {"testing", policy->testing},
		{"discovery_method", policy->discovery_method},
	};
	json_key(json, "policy");
	json_object(json);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_key_value_given(json, members[i].key, members[i].value);
	json_object_end(json);
}
