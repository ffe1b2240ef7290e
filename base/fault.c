// SPDX-License-Identifier: Apache-2.0
#include "base/fault.h"

#ifdef DMARCD_FAULTS
#include "base/str.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

void fault_point(const char *name)
{
	static uint64_t passed;
	struct str wanted = str_from(getenv("DMARCD_FAULT")), place;
	uint64_t nth = 1;
	if (!wanted.ptr || !str_split(&wanted, ':', &place) || !str_eq(place, str_from(name)))
		return;
	if (wanted.ptr && !str_to_u64(wanted, UINT64_MAX, &nth))
		return;
	if (++passed == nth)
		(void)kill(getpid(), str_eq(str_from(getenv("DMARCD_FAULT_SIGNAL")), STR("STOP")) ? SIGSTOP : SIGKILL);
}
#endif
