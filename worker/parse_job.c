// SPDX-License-Identifier: Apache-2.0
#include "worker/parse_job.h"

#include "parser/payload.h"
#include "verifier/coherence.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

static uint32_t check_record(void *context, const struct policy_published *policy,
	const struct aggregate_record *record)
{
	return coherence_record(context, policy, record);
}

static uint32_t check_report(void *context, const struct aggregate_head *head, int64_t mail_epoch_secs)
{
	(void)context;
	return coherence_report(head, mail_epoch_secs);
}

void parse_job(const struct parse_input *input, bool bare, struct wire_writer *writer)
{
	struct psl *psl = psl_builtin_list();
	struct coherence coherence = {.psl = psl, .scratch = arena_open(ARENA_BYTES)};
	const struct report_check checks = {check_record, check_report, &coherence, bare};
	struct parse_input checked = *input;
	checked.check = &checks;
	parse_mail(&checked, writer);
	arena_close(&coherence.scratch);
	psl_close(&psl);
}
