// SPDX-License-Identifier: Apache-2.0
/*
 * DMARC by RFC 7489 for a driver in another language: dmarc_lines LIST, a public
 * suffix list. In: "Author Domain TAB SPF TAB DKIM …", each "pass:domain" or
 * "fail:domain", lines of a replay file, an empty line; again. Out, a line for each:
 * "result TAB spf TAB dkim TAB disposition TAB Organizational Domain".
 */
#include "base/buf.h"
#include "dns/replay.h"
#include "dns/session.h"
#include "verifier/dmarc.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST_BYTES_MAX ((size_t)8 << 20)
#define SIGNATURES_MAX 10

static struct psl *open_list(const char *path)
{
	char *text = malloc(LIST_BYTES_MAX);
	FILE *file = fopen(path, "rbe");
	if (!file || !text)
		die("cannot read %s", path);
	struct psl *psl = psl_open((struct str){text, fread(text, 1, LIST_BYTES_MAX, file)});
	fclose(file);
	free(text);
	if (!psl)
		die("no list: %s", path);
	return psl;
}

static enum auth_result cut_result(struct str piece, struct str *domain_r)
{
	struct str result = STR_NONE;
	*domain_r = piece;
	(void)str_split(domain_r, ':', &result);
	return str_eq(result, STR("pass")) ? AUTH_PASS : AUTH_FAIL;
}

static void answer(const struct dmarc_options *options, struct str line, struct str zone)
{
	struct arena *arena = arena_open((size_t)64 << 20);
	struct verdict_spf spf = {.identity = STR("mailfrom")};
	struct verdict_dkim dkim[SIGNATURES_MAX] = {{0}};
	struct verdict verdict = {.spf = {&spf, 1}, .dkim = {dkim, 0}};
	struct message message;
	struct str author, piece;
	struct dns *replay;
	struct error error;
	(void)str_split(&line, '\t', &author);
	if (str_split(&line, '\t', &piece))
		spf.result = cut_result(piece, &spf.domain);
	while (verdict.dkim.count < SIGNATURES_MAX && str_split(&line, '\t', &piece)) {
		struct verdict_dkim *at = &dkim[verdict.dkim.count++];
		at->result = cut_result(piece, &at->domain);
	}
	if (dns_replay_open(arena, STR("zone"), zone, &replay, &error) != ERR_OK)
		die("%s", error.text);
	struct verify verify = {
		.arena = arena,
		.dns = dns_session_dns(dns_session_open(arena, replay, 1000)),
		.limits = verify_limits_default(),
	};
	message_parse(arena, str_from(arena_printf(arena, "From: a@%.*s\r\n\r\n", STR_FMT(author))), &message);
	dmarc_check(&verify, &message, options, &verdict);
	printf("%s\t%d\t%d\t%.*s\t%.*s\n", auth_result_text(verdict.dmarc.result), verdict.dmarc.spf_aligned,
		verdict.dmarc.dkim_aligned, STR_FMT(verdict.dmarc.disposition), STR_FMT(verdict.dmarc.org_domain));
	fflush(stdout);
	arena_close(&arena);
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	struct buf request, zone;
	if (argc != 2)
		die("usage: dmarc_lines LIST");
	struct psl *psl = open_list(argv[1]);
	const struct dmarc_options options = {.method = DMARC_PSL, .psl = psl, .sample = 0};
	buf_init(&request, (size_t)1 << 20);
	buf_init(&zone, (size_t)8 << 20);
	while ((len = getline(&line, &room, stdin)) > 0) {
		if (request.len == 0) {
			buf_add(&request, line, (size_t)len - 1);
		} else if (len > 1) {
			buf_add(&zone, line, (size_t)len);
		} else {
			answer(&options, buf_str(&request), buf_str(&zone));
			buf_reset(&request);
			buf_reset(&zone);
		}
	}
	free(line);
	buf_fini(&request);
	buf_fini(&zone);
	psl_close(&psl);
	return 0;
}
