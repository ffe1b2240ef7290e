// SPDX-License-Identifier: Apache-2.0
#include "daemon/database/db.h"
#include "store/transfer.h"

#include <sysexits.h>

static int refuse(const struct error *error)
{
	if (error->code != ERR_LIMIT)
		return cli_fail(cli_status(error), error);
	(void)cli_fail(EX_CANTCREAT, error);
	cli_hint("fill one that is empty: nothing is ever mixed or overwritten");
	return EX_CANTCREAT;
}

int db_target_open(struct arena *arena, struct services *services, const struct cluster *programs_of,
	struct db_target *target_r)
{
	struct error error = {0};
	unsigned changed;
	*target_r = (struct db_target){.services = services, .login = {.passfile_fd = -1}};
	int status = pgclient_find(arena, programs_of, "pg_restore", &target_r->pg_restore);
	if (status != EX_OK)
		return status;
	status = services_migrate(services, &changed, &error);
	if (status == EX_OK)
		status = services_store_open(services, SERVICE_OWNER, &target_r->store, &error);
	if (status != EX_OK)
		return cli_fail(status, &error);
	return pgclient_login(arena, services_store_options(services, SERVICE_OWNER), &target_r->login);
}

void db_target_close(struct db_target *target)
{
	pgclient_forget(&target->login);
	store_close(&target->store);
}

/* What came may be an older version's; what did not come left no schema behind. */
static int bring_up_to_date(struct db_target *target)
{
	struct error error = {0};
	unsigned changed;
	int status = services_migrate(target->services, &changed, &error);
	return status == EX_OK ? EX_OK : cli_fail(status, &error);
}

int db_target_fill(struct db_target *target, const struct db_program *from_dump, const char *file)
{
	struct error error = {0};
	const struct db_program restore = {
		.path = target->pg_restore,
		.argv = {"pg_restore", "--no-owner", "--single-transaction", "--exit-on-error", "-d",
			target->login.conninfo, file},
		.login = &target->login,
		.out_fd = -1,
	};
	struct db_program both[2] = {restore, restore};
	if (from_dump)
		both[0] = *from_dump;
	if (transfer_clear(target->store, &error) != ERR_OK)
		return refuse(&error);
	int status = db_programs_run(both, from_dump ? 2 : 1);
	int after = bring_up_to_date(target);
	if (status == EX_IOERR)
		(void)cli_failf(status, "nothing was changed: what the database is given, it gets as a whole");
	if (status == EX_OK)
		status = after;
	if (status == EX_OK && transfer_analyze(target->store, &error) != ERR_OK)
		status = cli_fail(cli_status(&error), &error);
	return status;
}
