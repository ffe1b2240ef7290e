// SPDX-License-Identifier: Apache-2.0
/*
 * DKIM and ARC for a driver in another language. In: hex of a message, lines
 * of a replay file, an empty line; again. Out, a line for each: "result reason"
 * of each signature with commas between, a TAB, "result reason" of the chain.
 */
#include "tests/interop/lines.h"
#include "verifier/arc.h"
#include "verifier/dkim.h"

#include <stdio.h>

#define NOW ((int64_t)1790000000)

static void answer(struct arena *arena, struct str hex, struct dns *dns)
{
	struct message message;
	struct verdict verdict = {0};
	struct verify verify = {
		.arena = arena,
		.dns = dns,
		.now_epoch_secs = NOW,
		.limits = verify_limits_default(),
	};
	message_parse(arena, lines_unhex(arena, hex), &message);
	dkim_check(&verify, &message, NULL, STR_NONE, &verdict);
	arc_check(&verify, &message, NULL, NULL, 0, &verdict);
	for (size_t i = 0; i < verdict.dkim.count; i++)
		(void)printf("%s%s %.*s", i > 0 ? "," : "", auth_result_text(verdict.dkim.at[i].result),
			STR_FMT(verdict.dkim.at[i].reason));
	(void)printf("\t%s %.*s\n", auth_result_text(verdict.arc.result), STR_FMT(verdict.arc.reason));
}

int main(void)
{
	lines_answer(answer);
	return 0;
}
