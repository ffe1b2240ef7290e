// SPDX-License-Identifier: Apache-2.0
#include "parser/budget.h"

bool budget_charge(struct budget_share *share, size_t len, uint64_t consumed, struct reject *reject)
{
	const struct limits *limits = share->budget->limits;
	share->stalls = 0;
	share->produced_bytes += len;
	share->member_bytes += len;
	share->budget->unpacked_bytes += len;
	if (share->produced_bytes > limits->archive_ratio_bytes && consumed > 0 &&
	    share->produced_bytes / limits->archive_ratio > consumed) {
		reject_set(reject, REASON_ARCHIVE_RATIO, "more than %llu:1",
			(unsigned long long)limits->archive_ratio);
		return false;
	}
	if (share->member_bytes > limits->report_bytes) {
		reject_set(reject, REASON_ARCHIVE_TOO_LARGE, "a report above %llu bytes",
			(unsigned long long)limits->report_bytes);
		return false;
	}
	if (share->budget->unpacked_bytes > limits->unpacked_bytes) {
		reject_set(reject, REASON_ARCHIVE_TOO_LARGE, "a mail above %llu bytes",
			(unsigned long long)limits->unpacked_bytes);
		return false;
	}
	return true;
}

bool budget_stall(struct budget_share *share, struct reject *reject)
{
	const struct limits *limits = share->budget->limits;
	if (++share->stalls <= limits->archive_stalls)
		return true;
	reject_set(reject, REASON_ARCHIVE_STALLED, "%llu reads without output",
		(unsigned long long)limits->archive_stalls);
	return false;
}
