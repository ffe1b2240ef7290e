// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "daemon/verify/verdict_text.h"
#include "daemon/verify/verifier.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define OUT_BYTES ((size_t)256 * 1024 * 1024)
#define EVIDENCE_BYTES_MAX ((uint64_t)1024 * 1024)

struct check {
	struct verifier_options dns;
	const char *ip, *helo, *mail_from, *receiver, *authserv_id;
	const char *trusted_hops, *authserv_ids, *sealers;
	const char *evidence, *indicator, *roots, *fail_on;
	bool json, authres, dig;
};

/* Files of BIMI that are at hand. */
struct files {
	struct buf message, evidence, indicator, roots;
};

static int read_files(const struct cli *cli, const struct check *check, const char *message, struct files *files)
{
	const struct {
		const char *path;
		uint64_t max_bytes;
		struct buf *bytes;
	} wanted[] = {
		{message, cli->config->limits.mail_bytes, &files->message},
		{check->evidence, EVIDENCE_BYTES_MAX, &files->evidence},
		{check->indicator, EVIDENCE_BYTES_MAX, &files->indicator},
		{check->roots, EVIDENCE_BYTES_MAX, &files->roots},
	};
	int status = EX_OK;
	for (size_t i = 0; i < 4; i++)
		if (!wanted[i].path || status != EX_OK)
			buf_init(wanted[i].bytes, 0);
		else
			status = verifier_read(wanted[i].path, wanted[i].max_bytes, wanted[i].bytes);
	return status;
}

/* Standard input can be read once. */
static bool shares_stdin(const struct check *check, const char *message)
{
	const char *const paths[] = {message, check->dns.replay, check->evidence, check->indicator, check->roots};
	size_t count = 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		count += paths[i] && strcmp(paths[i], "-") == 0;
	return count > 1;
}

static void free_files(struct files *files)
{
	buf_fini(&files->message);
	buf_fini(&files->evidence);
	buf_fini(&files->indicator);
	buf_fini(&files->roots);
}

static struct str bytes_of(const char *path, const struct buf *bytes)
{
	return !path ? STR_NONE : bytes->ptr ? buf_str(bytes) : STR("");
}

static void print(const struct check *check, const struct verdict *verdict)
{
	struct buf out;
	struct json json;
	buf_init(&out, OUT_BYTES);
	if (check->json) {
		json_init(&json, &out);
		verdict_json(&json, verdict);
		buf_add_char(&out, '\n');
	} else if (check->authres) {
		buf_add_str(&out, verdict->authres);
	} else if (check->dig) {
		verdict_dig(&out, verdict, check->dns.resolver);
	} else {
		verdict_text(&out, verdict);
	}
	if (check->json || check->authres)
		cli_flush(&out);
	else
		cli_print(buf_str(&out));
	buf_fini(&out);
}

static int ask(struct verifier *verifier, const struct check *check, const struct files *files, struct arena *arena)
{
	const struct verdict *verdict;
	struct str roots = buf_str(&files->roots);
	char host[HOST_NAME_MAX + 1] = "localhost";
	if (!check->authserv_id && gethostname(host, sizeof(host) - 1) != 0)
		(void)snprintf(host, sizeof(host), "localhost");
	struct verify_request request = {
		.what = VERIFY_MESSAGE,
		.trace = !check->authres,
		.dig = check->dig,
		.helo = str_from(check->helo),
		.mail_from = str_from(check->mail_from),
		.receiver = str_from(check->receiver),
		.authserv_id = str_from(check->authserv_id ? check->authserv_id : host),
		.trusted_hops = verifier_list(arena, check->trusted_hops),
		.authserv_ids = verifier_list(arena, check->authserv_ids),
		.sealers = verifier_list(arena, check->sealers),
		.roots = {&roots, check->roots ? 1 : 0},
		.evidence = bytes_of(check->evidence, &files->evidence),
		.indicator = bytes_of(check->indicator, &files->indicator),
		.message = files->message.ptr ? buf_str(&files->message) : STR(""),
	};
	if (check->ip && !ip_parse(str_from(check->ip), &request.ip))
		return cli_failf(EX_USAGE, "--ip takes an IPv4 or IPv6 address");
	int status = verifier_ask(verifier, &request, &verdict);
	if (status != EX_OK)
		return status;
	print(check, verdict);
	return verifier_fail_on(check->fail_on, str_from(auth_result_text(verdict->dmarc.result)));
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	struct check check = {0};
	struct files files;
	struct verifier *verifier = NULL;
	const struct cli_option options[] = {{"ip", NULL, &check.ip}, {"helo", NULL, &check.helo},
		{"mail-from", NULL, &check.mail_from}, {"receiver", NULL, &check.receiver},
		VERIFIER_OPTIONS(&check.dns),
		{"trusted-hops", NULL, &check.trusted_hops}, {"authserv-ids", NULL, &check.authserv_ids},
		{"trusted-sealers", NULL, &check.sealers}, {"authserv-id", NULL, &check.authserv_id},
		{"bimi-evidence", NULL, &check.evidence}, {"bimi-indicator", NULL, &check.indicator},
		{"bimi-roots", NULL, &check.roots}, {"fail-on", NULL, &check.fail_on}, {"json", &check.json, NULL},
		{"authres", &check.authres, NULL}, {"dig", &check.dig, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 1, 1);
	if (status == EX_OK)
		status = verifier_fail_on_known(check.fail_on, VERIFIER_RESULTS);
	if (status != EX_OK)
		return status;
	if (shares_stdin(&check, argv[first]))
		return cli_failf(EX_USAGE, "only one file can be \"-\", standard input");
	if (check.json + check.authres + check.dig > 1)
		return cli_failf(EX_USAGE, "--json, --authres and --dig exclude each other");
	struct arena *arena = arena_open((size_t)1024 * 1024);
	status = read_files(cli, &check, argv[first], &files);
	if (status == EX_OK)
		status = verifier_open(cli, &check.dns, &verifier);
	if (status == EX_OK)
		status = ask(verifier, &check, &files, arena);
	verifier_close(&verifier);
	free_files(&files);
	arena_close(&arena);
	return status;
}

const struct command cmd_check = {
	.name = "check",
	.arguments = "[OPTIONS] MESSAGE",
	.summary = "verify one message: SPF, DKIM, ARC, DMARC, BIMI, with every step",
	.help = "MESSAGE is a file or \"-\" for stdin. What is not given is taken from the message:\n"
		"  --ip A, --helo H, --mail-from F\n"
		"                          the client and its envelope; F may be empty\n"
		"  --trusted-hops H,…      names of our own hosts in Received fields\n"
		"  --authserv-ids I,…      whose Authentication-Results to believe\n"
		"  --trusted-sealers D,…   whose ARC chain would override DMARC\n" VERIFIER_HELP
		"  --receiver NAME         our name, for the SPF macro %{r}\n"
		"  --bimi-evidence FILE    the certificates behind a=, as PEM\n"
		"  --bimi-indicator FILE   the logo behind l=, as SVG\n"
		"  --bimi-roots FILE       trust anchors of mark certificates, as PEM\n"
		"  --json                  all of it as one JSON object\n"
		"  --authres               an Authentication-Results header (RFC 8601)\n"
		"  --authserv-id NAME      whose it is (default: this host's name)\n"
		"  --dig                   the DNS look-ups as dig commands\n"
		"  --fail-on RESULT,…      exit status 1 when DMARC's result is one of these\n"
		"\nexit status: 0 whatever the verdict, 65 a broken replay file (FILE:LINE), 66 a file\n"
		"that cannot be opened\n"
		"\nexample: dmarcd check --ip 192.0.2.1 --mail-from bounce@example.com message.eml\n",
	.needs_config = true,
	.run = run,
};
