// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "daemon/verify/verdict_text.h"
#include "daemon/verify/verifier.h"

#include <sysexits.h>

#define OUT_BYTES ((size_t)64 * 1024 * 1024)

struct spf {
	struct verifier_options dns;
	const char *ip, *helo, *mail_from, *receiver, *fail_on;
	bool json;
};

static void print(const struct spf *spf, const struct verdict *verdict)
{
	struct buf out;
	struct json json;
	buf_init(&out, OUT_BYTES);
	if (spf->json) {
		json_init(&json, &out);
		json_object(&json);
		verdict_spf_members_json(&json, &verdict->spf.at[0]);
		verdict_steps_json(&json, verdict);
		json_object_end(&json);
		buf_add_char(&out, '\n');
		cli_flush(&out);
	} else {
		verdict_text_spf(&out, verdict);
		cli_print(buf_str(&out));
	}
	buf_fini(&out);
}

static int ask(struct cli *cli, const struct spf *spf, struct verify_request *request)
{
	struct verifier *verifier = NULL;
	const struct verdict *verdict;
	int status = verifier_open(cli, &spf->dns, &verifier);
	if (status == EX_OK)
		status = verifier_ask(verifier, request, &verdict);
	if (status == EX_OK && verdict->spf.count == 0)
		status = cli_failf(EX_SOFTWARE, "the worker gave no result");
	if (status == EX_OK) {
		print(spf, verdict);
		status = verifier_fail_on(spf->fail_on, str_from(auth_result_text(verdict->spf.at[0].result)));
	}
	verifier_close(&verifier);
	return status;
}

/* RFC 5321 section 4.1.2 has it in angle brackets, which may be left out here. */
static struct str path_of(const char *given)
{
	struct str path = given ? str_from(given) : STR("");
	bool whole = path.len > 1 && path.ptr[0] == '<' && path.ptr[path.len - 1] == '>';
	return whole ? str_sub(path, 1, path.len - 2) : path;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	struct spf spf = {0};
	const struct cli_option options[] = {{"ip", NULL, &spf.ip}, {"helo", NULL, &spf.helo},
		{"mail-from", NULL, &spf.mail_from}, {"receiver", NULL, &spf.receiver}, VERIFIER_OPTIONS(&spf.dns),
		{"fail-on", NULL, &spf.fail_on}, {"json", &spf.json, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 0, 0);
	if (status == EX_OK)
		status = verifier_fail_on_known(spf.fail_on, VERIFIER_RESULTS);
	if (status != EX_OK)
		return status;
	if (!spf.ip || (!spf.helo && !spf.mail_from))
		return cli_failf(EX_USAGE, "spf needs --ip, and --mail-from or --helo");
	struct verify_request request = {
		.what = VERIFY_SPF,
		.trace = true,
		.helo = str_from(spf.helo),
		.mail_from = path_of(spf.mail_from),
		.receiver = str_from(spf.receiver),
	};
	if (!ip_parse(str_from(spf.ip), &request.ip))
		return cli_failf(EX_USAGE, "--ip takes an IPv4 or IPv6 address");
	return ask(cli, &spf, &request);
}

const struct command cmd_spf = {
	.name = "spf",
	.arguments = "--ip A [--helo H] [--mail-from F] [OPTIONS]",
	.summary = "evaluate SPF (RFC 7208 check_host) for one client and sender",
	.help = "  --ip A                  the client's address\n"
		"  --mail-from F           the reverse-path; empty or left out: postmaster@HELO\n"
		"  --helo H                the name given in HELO or EHLO\n" VERIFIER_HELP
		"  --receiver NAME         our name, for the macro %{r}\n"
		"  --json                  result, explanation, look-ups, every step and the answers as JSON\n"
		"  --fail-on RESULT,…      exit status 1 when the result is one of these\n"
		"\nexit status: 0 whatever the result, 65 a broken replay file (FILE:LINE)\n"
		"\nexample: dmarcd spf --ip 192.0.2.1 --helo mx.example.com --mail-from a@example.com\n",
	.needs_config = true,
	.run = run,
};
