// SPDX-License-Identifier: Apache-2.0
/* What a verdict says of reports: whose they are, whether a reporter was right, what is aligned. */
#include "daemon/verify/verdict_text.h"

static void put(struct buf *out, const char *before, struct str value, const char *after)
{
	if (value.len > 0)
		buf_printf(out, "%s%.*s%s", before, STR_FMT(value), after);
}

static const char *maybe_word(enum maybe value)
{
	return value == MAYBE_YES ? "yes" : value == MAYBE_NO ? "no" : "not known";
}

void verdict_text_provenance(struct buf *out, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->provenance.count; i++) {
		const struct verdict_provenance *item = &verdict->provenance.at[i];
		buf_printf(out, "Report %llu: %.*s", (unsigned long long)item->report_no + 1, STR_FMT(item->state));
		put(out, "  by ", item->domain, "");
		put(out, ", submitter ", item->submitter, "");
		buf_add_char(out, '\n');
		put(out, "  reasons: ", item->reasons, "\n");
		put(out, "  ", item->detail, "\n");
		if (item->destination.len > 0)
			buf_printf(out, "  came to %.*s, which wants such reports: %s\n", STR_FMT(item->destination),
				maybe_word(item->destination_authorised));
	}
}

void verdict_text_recheck(struct buf *out, const struct verdict *verdict)
{
	if (verdict->recheck.count > 0)
		buf_add_str(out, STR("What the reporter said, and what we find\n"));
	for (size_t i = 0; i < verdict->recheck.count; i++) {
		const struct verdict_recheck *item = &verdict->recheck.at[i];
		buf_printf(out, "  %-5.*s  %.*s, we say %.*s: %.*s", STR_FMT(item->method), STR_FMT(item->reporter),
			STR_FMT(item->ours), STR_FMT(item->difference));
		put(out, "  (", item->detail, ")");
		buf_add_char(out, '\n');
	}
}

void verdict_text_alignments(struct buf *out, const struct verdict *verdict)
{
	if (verdict->alignments.count > 0)
		buf_add_str(out, STR("Aligned (relaxed)\n"));
	for (size_t i = 0; i < verdict->alignments.count; i++) {
		const struct verdict_alignment *item = &verdict->alignments.at[i];
		buf_printf(out, "  %.*s with %.*s: %s by tree walk, %s by the public suffix list\n",
			STR_FMT(item->identifier), STR_FMT(item->author), maybe_word(item->treewalk),
			maybe_word(item->psl));
	}
}
