// SPDX-License-Identifier: Apache-2.0
/*
 * The seccomp filters of base/confine, as BPF programs. Only for confine.c.
 */
#pragma once

#include <stdbool.h>

/* The allow-list; fork is in it. */
bool confine_filter_template(void);
/* Takes fork out again, for a process that has the filter above. */
bool confine_filter_child(void);
/* The allow-list with sockets of the internet and threads, without fork. */
bool confine_filter_resolver(void);
