// SPDX-License-Identifier: Apache-2.0
/*
 * The mails that a report mailbox also gets: damaged and hostile reports,
 * which dmarcd must set aside with a reason, and mail that is no report.
 */
#pragma once

#include "samples/kit.h"

/* Delivers one of each kind, spread over the period. Needs ten days or more
 * to spread well; shorter periods get all of them on few days. */
void odd_mails(struct kit *kit, struct arena *arena);
