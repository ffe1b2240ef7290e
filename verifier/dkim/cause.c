// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/cause.h"

struct str cause_find(struct judge *judge, const struct signature *signature, const struct judged_key *key,
	const struct verdict_dkim *verdict)
{
	(void)judge;
	(void)signature;
	(void)key;
	(void)verdict;
	return STR_NONE;
}
