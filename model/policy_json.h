// SPDX-License-Identifier: Apache-2.0
/* A published policy as one JSON object under "policy", by its names in XML; what was not said is left out. */
#pragma once

#include "model/json.h"
#include "model/report.h"

/* as_sent: with "domain_raw" beside the domain where that is another. */
void policy_json(struct json *json, const struct policy_published *policy, bool as_sent);
