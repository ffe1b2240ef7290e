// SPDX-License-Identifier: Apache-2.0
#include "evidence/figures.h"

#include "base/clock.h"
#include "base/figures.h"
#include "evidence/outcome.h"

#include <inttypes.h>
#include <unistd.h>

#define SAY_MSECS 1000

void judge_figures_open(struct judge_figures *figures, const char *path)
{
	*figures = (struct judge_figures){.fd = figures_open(path)};
}

void judge_figures_close(struct judge_figures *figures)
{
	if (figures->fd >= 0)
		(void)close(figures->fd);
	figures->fd = -1;
}

void judge_figures_add(struct judge_figures *figures, const struct verdict *verdict)
{
	const enum auth_result results[PART_BIMI + 1] = {
		[PART_SPF] = outcome_spf(verdict),
		[PART_DKIM] = outcome_dkim(verdict),
		[PART_ARC] = verdict->arc.result,
		[PART_DMARC] = verdict->dmarc.result,
		[PART_BIMI] = verdict->bimi.result,
	};
	for (size_t i = PART_SPF; i <= PART_BIMI; i++)
		figures->results[i][results[i]]++;
}

void judge_figures_say(struct judge_figures *figures, const struct evidence_dns *dns)
{
	static const char name[] = "dmarcd_verify_total";
	struct buf text;
	const int64_t now_msecs = clock_monotonic_msecs();
	if (figures->fd < 0 || now_msecs < figures->say_msecs)
		return;
	figures->say_msecs = now_msecs + SAY_MSECS;
	buf_init(&text, FIGURES_BYTES);
	figures_head(&text, name, "counter", "Messages verified, by mechanism and its result.");
	for (size_t part = PART_SPF; part <= PART_BIMI; part++)
		for (size_t result = AUTH_NONE; result <= AUTH_SKIPPED; result++)
			if (figures->results[part][result] > 0)
				buf_printf(&text, "%s{mechanism=\"%.*s\",result=\"%s\"} %" PRIu64 "\n", name,
					STR_FMT(verdict_part_word((enum verdict_part)part)),
					auth_result_text((enum auth_result)result), figures->results[part][result]);
	if (dns->figures)
		dns->figures(dns->context, &text);
	figures_say(figures->fd, buf_str(&text));
	buf_fini(&text);
}
