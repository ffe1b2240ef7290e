// SPDX-License-Identifier: Apache-2.0
/*
 * Failure reports (RFC 6591, RFC 9991): ARF mails with headers only or the
 * whole message, a few a week and a burst on the forger's day.
 */
#pragma once

#include "samples/kit.h"

/* Delivers the failure reports of one day of the period. */
void failure_day(struct kit *kit, unsigned day);
