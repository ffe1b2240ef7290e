// SPDX-License-Identifier: Apache-2.0
/*
 * What `ingest` and `demo` share.
 */
#pragma once

#include "daemon/cmd.h"
#include "ingest/ingest.h"

void cmd_ingest_options(const struct cli *cli, struct services *services, struct ingest_options *options_r);
void cmd_ingest_print(const struct ingest_balance *balance, bool json);
