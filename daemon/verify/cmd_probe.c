// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/write.h"
#include "daemon/cmd.h"
#include "daemon/config/config_value.h"
#include "evidence/probe.h"
#include "store/verdict/probes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define MESSAGE_BYTES ((size_t)64 * 1024)

struct probe_options {
	const char *domain, *from, *to, *out;
	bool list, json;
};

static const struct config_mta *find_mta(const struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->later.mtas_count; i++)
		if (strcmp(config->later.mtas[i].name, name) == 0)
			return &config->later.mtas[i];
	return NULL;
}

static int unknown_mta(const struct config *config, const char *name)
{
	struct buf names;
	(void)cli_failf(EX_USAGE, "the configuration has no MTA %s", name);
	buf_init(&names, MESSAGE_BYTES);
	for (unsigned i = 0; i < config->later.mtas_count; i++)
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", config->later.mtas[i].name);
	if (names.len > 0)
		cli_hint("mtas: has %s", buf_cstr(&names));
	else
		cli_hint("name your mail servers under mtas:, see dmarcd.conf(5)");
	buf_fini(&names);
	return EX_USAGE;
}

/* RFC 5322 section 3.2.3: the local part needs no quotes, so that the header means what was given. */
static bool is_plain_address(const char *text)
{
	struct str address = str_from(text);
	size_t at = str_find_char(address, '@');
	if (!value_email(address))
		return false;
	for (size_t i = 0; i < at; i++) {
		char c = text[i];
		bool dot = c == '.' && i > 0 && i + 1 < at && text[i - 1] != '.';
		if (!ascii_is_alnum(c) && !dot && str_find_char(STR("!#$%&'*+-/=?^_`{|}~"), c) == SIZE_MAX)
			return false;
	}
	return true;
}

static bool has_domain(const struct config_mta *mta, struct str domain)
{
	for (unsigned i = 0; i < mta->domains.count; i++)
		if (str_eq_nocase(str_from(mta->domains.items[i]), domain))
			return true;
	return false;
}

static const char *default_to(const struct config *config)
{
	for (unsigned i = 0; i < config->later.samples_count; i++)
		if (config->later.samples[i].probe_to)
			return config->later.samples[i].probe_to;
	return NULL;
}

/* Who writes to whom; arena keeps what is made up. */
static int address(const struct cli *cli, const struct config_mta *mta, const struct probe_options *options,
	struct arena *arena, struct probe *probe)
{
	const char *to = options->to ? options->to : default_to(cli->config), *domain = options->domain;
	const char *from_at = options->from ? strrchr(options->from, '@') : NULL;
	if (!to) {
		(void)cli_failf(EX_USAGE, "where to? --to ADDRESS");
		cli_hint("the address whose mail comes to a Maildir of samples:, probe_to: of that entry by default");
		return EX_USAGE;
	}
	if (!is_plain_address(to))
		return cli_failf(EX_USAGE, "--to takes an address, user@domain");
	if (options->from && !is_plain_address(options->from))
		return cli_failf(EX_USAGE, "--from takes an address, user@domain");
	if (domain && !value_domain(str_from(domain)))
		return cli_failf(EX_USAGE, "--domain takes a domain");
	if (domain && from_at && !str_eq_nocase(str_from(domain), str_from(from_at + 1)))
		return cli_failf(EX_USAGE, "--from %s is not of --domain %s", options->from, domain);
	if (!domain)
		domain = from_at ? from_at + 1 : mta->domains.count > 0 ? mta->domains.items[0] : NULL;
	if (!domain)
		return cli_failf(EX_USAGE, "%s has no domains: in the configuration, give --domain D", mta->name);
	if (!has_domain(mta, str_from(domain)))
		cli_say(cli, "dmarcd: note: %s is not declared to send as %s", mta->name, domain);
	char *lower = arena_cstr(arena, str_from(domain));
	for (char *c = lower; *c; c++)
		*c = ascii_lower(*c);
	probe->domain = str_from(lower);
	probe->to = str_from(to);
	probe->from = str_from(options->from ? options->from : arena_printf(arena, "postmaster@%s", lower));
	return EX_OK;
}

static int write_out(const char *path, struct str message)
{
	if (path && strcmp(path, "-") != 0) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			return cli_failf(EX_CANTCREAT, "cannot write %s: %s", path, strerror(errno));
		bool written = write_all(fd, message.ptr, message.len);
		int failed = errno;
		if (close(fd) == 0 && written)
			return EX_OK;
		return cli_failf(EX_IOERR, "cannot write %s: %s", path, strerror(written ? errno : failed));
	}
	if (write_all(STDOUT_FILENO, message.ptr, message.len))
		return EX_OK;
	return cli_failf(EX_IOERR, "could not write the output: %s", strerror(errno));
}

/* Recorded first: a probe that came back unknown would be of no use. */
static int record_and_write(struct store *store, const char *path, const struct probe *probe)
{
	struct error error = {0};
	struct buf message;
	if (probes_add(store, str_from(probe->id), probe->mta, probe->domain, probe->made_epoch_secs, &error) != ERR_OK)
		return cli_fail(cli_status(&error), &error);
	buf_init(&message, MESSAGE_BYTES);
	probe_write(&message, probe);
	int status = write_out(path, buf_str(&message));
	buf_fini(&message);
	if (status != EX_OK && probes_drop(store, str_from(probe->id), &error) != ERR_OK)
		(void)cli_fail(status, &error);
	return status;
}

static int make(struct cli *cli, const char *name, const struct probe_options *options)
{
	struct error error = {0};
	struct services *services = NULL;
	struct store *store = NULL;
	struct arena *arena = arena_open(MESSAGE_BYTES);
	struct probe probe = {.mta = str_from(name), .made_epoch_secs = clock_epoch_secs()};
	const struct config_mta *mta = find_mta(cli->config, name);
	int status = mta ? address(cli, mta, options, arena, &probe) : unknown_mta(cli->config, name);
	if (status == EX_OK)
		status = cmd_services(cli, CMD_READS, &services);
	if (status == EX_OK) {
		status = services_store_open(services, SERVICE_INGEST, &store, &error);
		if (status != EX_OK)
			(void)cli_fail(status, &error);
	}
	if (status == EX_OK) {
		probe_make_id(&probe);
		status = record_and_write(store, options->out, &probe);
	}
	store_close(&store);
	services_close(&services);
	arena_close(&arena);
	return status;
}

static const char select_probes[] = "SELECT * FROM dmarcd_api.probe WHERE ($1::text IS NULL OR mta = $1) "
	"ORDER BY made_at, id";

static void write_text(const struct rows *rows, struct buf *out)
{
	struct str state = query_get(rows, "state"), came = query_get(rows, "seen_mta");
	struct str ip = query_get(rows, "source_ip");
	buf_printf(out, "%.*s  %-11.*s  %.*s as %.*s", STR_FMT(query_get(rows, "made_at")), STR_FMT(state),
		STR_FMT(query_get(rows, "mta")), STR_FMT(query_get(rows, "domain")));
	if (query_get(rows, "seen_at").ptr)
		buf_printf(out, "  after %lld s  spf=%.*s dkim=%.*s dmarc=%.*s",
			(long long)query_get_i64(rows, "took_secs"), STR_FMT(query_get(rows, "spf")),
			STR_FMT(query_get(rows, "dkim")), STR_FMT(query_get(rows, "dmarc")));
	if (str_eq(state, STR("elsewhere")))
		buf_printf(out, "  through %.*s (%.*s) as %.*s", STR_FMT(came.len > 0 ? came : STR("no MTA of ours")),
			STR_FMT(ip.ptr ? ip : STR("address unknown")), STR_FMT(query_get(rows, "seen_domain")));
	if (str_eq(state, STR("unconfirmed")))
		buf_printf(out, "  from %.*s, known by %.*s only", STR_FMT(ip.ptr ? ip : STR("an unknown address")),
			STR_FMT(query_get(rows, "found_by")));
	if (query_get_i64(rows, "copies") > 1)
		buf_printf(out, "  (%lld copies)", (long long)query_get_i64(rows, "copies"));
}

static int run(struct cli *cli, int argc, char **argv)
{
	int first;
	struct probe_options asked = {0};
	const struct cli_option options[] = {{"domain", NULL, &asked.domain}, {"from", NULL, &asked.from},
		{"to", NULL, &asked.to}, {"output", NULL, &asked.out}, {"list", &asked.list, NULL},
		{"json", &asked.json, NULL}, {NULL, NULL, NULL}};
	int status = cli_options(cli, argc, argv, options, &first);
	if (status == EX_OK)
		status = cli_operands(cli, argc - first, asked.list ? 0 : 1, 1);
	if (status != EX_OK)
		return status;
	const char *mta = argc > first ? argv[first] : NULL;
	if (asked.list && (asked.domain || asked.from || asked.to || asked.out))
		return cli_failf(EX_USAGE, "--list writes no probe: it takes --json and an MTA only");
	if (asked.json && !asked.list)
		return cli_failf(EX_USAGE, "--json goes with --list");
	const struct str params[] = {str_from(mta)};
	return asked.list ? cmd_rows(cli, select_probes, params, 1, asked.json ? NULL : write_text) :
		make(cli, mta, &asked);
}

const struct command cmd_probe = {
	.name = "probe",
	.arguments = "MTA [--domain D] [--from A] [--to A] [-o FILE] | --list [--json] [MTA]",
	.summary = "a message to be sent through one of your mail servers, and which came back",
	.help = "Writes a message (RFC 5322) for the MTA of that name in mtas: to be handed to it. When it comes\n"
		"back to a Maildir of samples:, it is known again and its verdict is evidence of that MTA.\n"
		"  --domain D       as a user of D (default: the first of the MTA's domains)\n"
		"  --from ADDRESS   From (default: postmaster@D)\n"
		"  --to ADDRESS     To, whose mail comes to a Maildir of samples: (default: its probe_to)\n"
		"  --output FILE    into FILE (also -o) instead of stdout\n"
		"  --list           the probes that were made, one a line: waiting, returned, lost after a day,\n"
		"                   unconfirmed: it came back from an address that is not the MTA's, by its name,\n"
		"                   or elsewhere: it came back through another server or as another domain\n"
		"  --json           with --list: one JSON object a line\n"
		"\nexample: dmarcd probe tokyo-out1 | ssh out1.tokyo.example.co.jp sendmail -t\n",
	.needs_config = true,
	.run = run,
};
