// SPDX-License-Identifier: Apache-2.0
/*
 * Through a mail's parts, in their order, to every report in it. Decides what
 * is opened (forwarded messages, S/MIME wrappers), what is left alone
 * (messages inside failure reports and bounces: nothing in them is a report of
 * its own), and what kind of mail it is when it holds no report.
 */
#pragma once

#include "parser/carrier.h"

/* The mail in the bytes from…to of input->fd. Writes MAIL_HEAD (not when extracting) and the
 * reports. *other_r: the not_a_report reason to give when there is nothing else to say. False:
 * job->hard. */
NODISCARD bool mail_walk(struct carrier_job *job, uint64_t from, enum reason *other_r);
