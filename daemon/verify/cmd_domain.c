// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"
#include "daemon/verify/verdict_text.h"
#include "daemon/verify/verifier.h"

#include <sysexits.h>

#define OUT_BYTES ((size_t)64 * 1024 * 1024)
#define ARENA_BYTES ((size_t)1024 * 1024)

struct survey {
	struct cli *cli;
	struct verifier_options dns;
	struct verifier *verifier;
	const char *selectors, *fail_on;
	bool json, dig;
};

static void write_json(struct buf *out, struct str domain, const struct verdict *verdict)
{
	struct json json;
	json_init(&json, out);
	json_object(&json);
	json_key_value_str(&json, "domain", domain);
	json_key(&json, "findings");
	json_array(&json);
	for (size_t i = 0; i < verdict->advice.count; i++)
		verdict_advice_json(&json, &verdict->advice.at[i]);
	json_array_end(&json);
	verdict_results_json(&json, verdict);
	json_object_end(&json);
	buf_add_char(out, '\n');
}

static void write_text(struct buf *out, struct str domain, const struct verdict *verdict)
{
	static const struct {
		enum verdict_part part;
		const char *title;
	} parts[] = {{PART_SPF, "SPF"}, {PART_DMARC, "DMARC"}, {PART_DKIM, "DKIM"}, {PART_BIMI, "BIMI"},
		{PART_MESSAGE, "Mail"}};
	buf_printf(out, "%.*s\n", STR_FMT(domain));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t before = out->len;
		buf_printf(out, "\n%s\n", parts[i].title);
		size_t begun = out->len;
		verdict_text_steps(out, verdict, verdict_part_word(parts[i].part));
		if (out->len == begun)
			out->len = before;
	}
	buf_add_char(out, '\n');
	verdict_text_advice(out, verdict);
	if (verdict->advice.count == 0)
		buf_add_str(out, STR("Advice: none, nothing is missing\n"));
}

static void print(const struct survey *survey, struct str domain, const struct verdict *verdict)
{
	struct buf out;
	buf_init(&out, OUT_BYTES);
	if (survey->json)
		write_json(&out, domain, verdict);
	else if (survey->dig)
		verdict_dig(&out, verdict, survey->dns.resolver);
	else
		write_text(&out, domain, verdict);
	if (survey->json)
		cli_flush(&out);
	else
		cli_print(buf_str(&out));
	buf_fini(&out);
}

/* The configuration's words on a domain; NULL: it says nothing. */
static const struct config_domain *known(const struct config *config, struct str domain)
{
	for (unsigned i = 0; i < config->domains_count; i++)
		if (str_eq_nocase(str_from(config->domains[i].name), domain))
			return &config->domains[i];
	return NULL;
}

static struct verify_list selectors_of(const struct survey *survey, const struct config_domain *domain,
	struct arena *arena)
{
	struct verify_list list = verifier_list(arena, survey->selectors);
	if (survey->selectors || !domain)
		return list;
	list.at = ARENA_ARRAY(arena, domain->dkim_selectors_count, struct str);
	for (unsigned i = 0; i < domain->dkim_selectors_count; i++)
		list.at[list.count++] = str_from(domain->dkim_selectors[i]);
	return list;
}

static int ask(struct survey *survey, struct arena *arena, struct str domain)
{
	const struct verdict *verdict;
	const struct config_domain *config = known(survey->cli->config, domain);
	struct verify_request request = {
		.what = VERIFY_DOMAIN,
		.trace = true,
		.domain = domain,
		.sends_no_mail = config && !config->sends_mail,
		.selectors = selectors_of(survey, config, arena),
	};
	int status = verifier_ask(survey->verifier, &request, &verdict), failed = EX_OK;
	if (status != EX_OK)
		return status;
	print(survey, domain, verdict);
	for (size_t i = 0; i < verdict->advice.count; i++)
		failed |= verifier_fail_on(survey->fail_on, verdict->advice.at[i].severity);
	return failed;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first, failed = EX_OK;
	struct survey survey = {.cli = cli};
	const struct cli_option options[] = {VERIFIER_OPTIONS(&survey.dns), {"selectors", NULL, &survey.selectors},
		{"fail-on", NULL, &survey.fail_on}, {"json", &survey.json, NULL}, {"dig", &survey.dig, NULL},
		{NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, 1, 1 << 30);
	if (status == EX_OK)
		status = verifier_fail_on_known(survey.fail_on, VERIFIER_SEVERITIES);
	if (status == EX_OK)
		status = verifier_open(cli, &survey.dns, &survey.verifier);
	if (status != EX_OK)
		return status;
	struct arena *arena = arena_open(ARENA_BYTES);
	for (int i = first; i < argc && status == EX_OK; i++) {
		if (i > first && !survey.json)
			cli_print(STR("\n"));
		status = ask(&survey, arena, str_from(argv[i]));
		failed |= status == 1;
		status = status == 1 ? EX_OK : status;
		arena_reset(arena);
	}
	arena_close(&arena);
	verifier_close(&survey.verifier);
	return status != EX_OK ? status : failed;
}

const struct command cmd_domain = {
	.name = "domain",
	.arguments = "[OPTIONS] DOMAIN...",
	.summary = "what DNS publishes for a domain, what is wrong with it and what to do",
	.help = "SPF with its includes and look-ups, DMARC with the tree walk and where reports go, DKIM\n"
		"keys, BIMI, MX, MTA-STS, TLS reporting.\n"
		"  --selectors S,…         DKIM selectors (default: the configuration's for the domain)\n" VERIFIER_HELP
		"  --json                  one JSON object a line for each DOMAIN\n"
		"  --dig                   the DNS look-ups as dig commands\n"
		"  --fail-on SEVERITY,…    exit status 1 when a finding is high, warning or info\n"
		"\nexample: dmarcd domain --selectors s2026a,s2026b example.com\n",
	.needs_config = true,
	.run = run,
};
