// SPDX-License-Identifier: Apache-2.0
/*
 * SPF for a driver in another language. In: "address TAB hex of HELO TAB hex
 * of MAIL FROM", lines of a replay file, an empty line; again. Out, a line for
 * each: "result TAB hex of the explanation TAB look-ups TAB void TAB problem".
 */
#include "base/buf.h"
#include "dns/replay.h"
#include "dns/session.h"
#include "verifier/spf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW ((int64_t)1790000000)

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static struct str unhex(struct arena *arena, struct str hex)
{
	char *bytes = arena_alloc(arena, hex.len / 2 + 1);
	for (size_t i = 0; i + 1 < hex.len; i += 2)
		bytes[i / 2] = (char)(digit(hex.ptr[i]) * 16 + digit(hex.ptr[i + 1]));
	return (struct str){bytes, hex.len / 2};
}

static void answer(struct str request_line, struct str zone)
{
	struct arena *arena = arena_open((size_t)64 << 20);
	struct str piece;
	struct spf_request request = {0};
	struct verdict_spf verdict;
	struct dns *replay;
	struct error error;
	(void)str_split(&request_line, '\t', &piece);
	if (!ip_parse(piece, &request.ip))
		die("not an address: %.*s", STR_FMT(piece));
	(void)str_split(&request_line, '\t', &piece);
	request.helo = unhex(arena, piece);
	request.mail_from = unhex(arena, request_line);
	if (dns_replay_open(arena, STR("zone"), zone, &replay, &error) != ERR_OK)
		die("%s", error.text);
	struct verify verify = {
		.arena = arena,
		.dns = dns_session_dns(dns_session_open(arena, replay, 1000)),
		.now_epoch_secs = NOW,
		.limits = verify_limits_default(),
	};
	spf_check(&verify, &request, &verdict);
	printf("%s\t", auth_result_text(verdict.result));
	for (size_t i = 0; i < verdict.explanation.len; i++)
		printf("%02x", (unsigned char)verdict.explanation.ptr[i]);
	printf("\t%u\t%u\t%.*s\n", (unsigned)verdict.lookups, (unsigned)verdict.void_lookups,
		STR_FMT(verdict.problem));
	fflush(stdout);
	arena_close(&arena);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	struct buf request, zone;
	buf_init(&request, (size_t)1 << 20);
	buf_init(&zone, (size_t)8 << 20);
	while ((len = getline(&line, &room, stdin)) > 0) {
		if (request.len == 0) {
			buf_add(&request, line, (size_t)len - 1);
		} else if (len > 1) {
			buf_add(&zone, line, (size_t)len);
		} else {
			answer(buf_str(&request), buf_str(&zone));
			buf_reset(&request);
			buf_reset(&zone);
		}
	}
	free(line);
	buf_fini(&request);
	buf_fini(&zone);
	return 0;
}
