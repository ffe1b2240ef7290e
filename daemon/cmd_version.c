// SPDX-License-Identifier: Apache-2.0
#include "daemon/cmd.h"

#include "store/migrate.h"

void cmd_version(void)
{
	(void)printf("dmarcd %s (schema %u)\n", DMARCD_VERSION, migrate_version());
}
