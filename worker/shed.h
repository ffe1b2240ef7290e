// SPDX-License-Identifier: Apache-2.0
/*
 * Libraries that other libraries bring along and no parser calls. A child does
 * not have them at all: less to copy at fork, less for an attacker to find.
 */
#pragma once

/* After everything is loaded, before the first fork. Where it cannot tell what
 * is mapped, children keep everything. */
void shed_libraries(void);
