// SPDX-License-Identifier: Apache-2.0
/*
 * dmarcd-samples: a Maildir of report mails with known true totals. The same
 * seed, end and size give the same bytes on every machine.
 */
#include "samples/demo.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static const char usage_text[] =
	"usage: dmarcd-samples [--seed N] [--end YYYY-MM-DD] [--days N] [--mails N]\n"
	"                      [--profile demo|bench] DIR\n"
	"Writes a Maildir of DMARC and TLS report mails to DIR, and their true totals\n"
	"to DIR/manifest.json. The same options always give the same bytes.\n"
	"  --seed N        another world of the same kind (default 1)\n"
	"  --end DAY       last report day, UTC (default: yesterday)\n"
	"  --days N        length of the period (default 60)\n"
	"  --mails N       demo: at most about N aggregate reports; bench: N mails\n"
	"  --profile NAME  demo (default): a small organisation's reports, with forgers,\n"
	"                  duplicates and broken mail; bench: many reports, sizes log-normal\n";

_Noreturn static void usage_error(const char *problem, const char *what)
{
	fprintf(stderr, "dmarcd-samples: %s%s\n%s", problem, what, usage_text);
	exit(EX_USAGE);
}

static uint64_t number(const char *option, const char *text, uint64_t least, uint64_t most)
{
	uint64_t value;
	if (!str_to_u64(str_from(text), most, &value) || value < least)
		usage_error("not a number in its range: ", option);
	return value;
}

static void read_options(struct kit *kit, int argc, char **argv)
{
	enum { OPT_SEED = 256, OPT_END, OPT_DAYS, OPT_MAILS, OPT_PROFILE };
	static const struct option options[] = {
		{"seed", required_argument, NULL, OPT_SEED},
		{"end", required_argument, NULL, OPT_END},
		{"days", required_argument, NULL, OPT_DAYS},
		{"mails", required_argument, NULL, OPT_MAILS},
		{"profile", required_argument, NULL, OPT_PROFILE},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	for (int found; (found = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (found == OPT_SEED)
			kit->seed = number("--seed", optarg, 0, UINT64_MAX);
		else if (found == OPT_DAYS)
			kit->days = (unsigned)number("--days", optarg, 1, KIT_DAYS_MAX);
		else if (found == OPT_MAILS)
			kit->mails = (unsigned)number("--mails", optarg, 1, 100000000);
		else if (found == OPT_PROFILE)
			kit->profile = optarg;
		else if (found == OPT_END && !day_parse(str_from(optarg), &kit->end))
			usage_error("not a day: ", optarg);
		else if (found == 'h' || found == 'V') {
			fputs(found == 'h' ? usage_text : "dmarcd-samples " DMARCD_VERSION "\n", stdout);
			exit(EX_OK);
		} else if (found == '?')
			exit(EX_USAGE);
	}
	if (optind + 1 != argc)
		usage_error("name one folder", "");
	kit->dir = argv[optind];
}

int main(int argc, char **argv)
{
	struct kit kit = {
		.seed = 1,
		.end = {day_of_epoch(clock_epoch_secs()).number - 1},
		.days = 60,
		.profile = "demo",
	};
	read_options(&kit, argc, argv);
	bool bench = strcmp(kit.profile, "bench") == 0;
	if (!bench && strcmp(kit.profile, "demo") != 0)
		usage_error("no such profile: ", kit.profile);
	kit_open(&kit);
	if (bench)
		bench_write(&kit);
	else
		demo_write(&kit);
	kit_close(&kit);
	printf("%u mails in %s/new, totals in %s/manifest.json\n", kit.serial, kit.dir, kit.dir);
	return EX_OK;
}
