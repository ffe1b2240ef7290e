// SPDX-License-Identifier: Apache-2.0
/*
 * SMTP TLS reports (RFC 8460): a quiet daily one and a second reporter that
 * now and then met an expired certificate.
 */
#pragma once

#include "samples/kit.h"

/* Delivers the TLS reports of one day of the period. */
void tlsrpt_day(struct kit *kit, unsigned day);
