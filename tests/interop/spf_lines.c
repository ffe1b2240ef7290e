// SPDX-License-Identifier: Apache-2.0
/*
 * SPF for a driver in another language. In: "address TAB hex of HELO TAB hex
 * of MAIL FROM", lines of a replay file, an empty line; again. Out, a line for
 * each: "result TAB hex of the explanation TAB look-ups TAB void TAB problem".
 */
#include "tests/interop/lines.h"

#include "verifier/spf.h"

#include <stdio.h>

#define NOW ((int64_t)1790000000)

static void answer(struct arena *arena, struct str request_line, struct dns *dns)
{
	struct str piece;
	struct spf_request request = {0};
	struct verdict_spf verdict;
	(void)str_split(&request_line, '\t', &piece);
	if (!ip_parse(piece, &request.ip))
		die("not an address: %.*s", STR_FMT(piece));
	(void)str_split(&request_line, '\t', &piece);
	request.helo = lines_unhex(arena, piece);
	request.mail_from = lines_unhex(arena, request_line);
	struct verify verify = {
		.arena = arena,
		.dns = dns,
		.now_epoch_secs = NOW,
		.limits = verify_limits_default(),
	};
	spf_check(&verify, &request, &verdict);
	printf("%s\t", auth_result_text(verdict.result));
	for (size_t i = 0; i < verdict.explanation.len; i++)
		printf("%02x", (unsigned char)verdict.explanation.ptr[i]);
	printf("\t%u\t%u\t%.*s\n", (unsigned)verdict.lookups, (unsigned)verdict.void_lookups,
		STR_FMT(verdict.problem));
}

int main(void)
{
	lines_answer(answer);
	return 0;
}
