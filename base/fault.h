// SPDX-License-Identifier: Apache-2.0
/*
 * Places where a test may kill the process: kill -9 of one's own at a named
 * step. In builds without DMARCD_FAULTS (every release) nothing of it is left.
 */
#pragma once

#ifdef DMARCD_FAULTS
/* Kills the process when the environment says DMARCD_FAULT=name, or name:n for
 * the n-th time this place is passed (counted from 1). DMARCD_FAULT_SIGNAL=STOP
 * stops it there instead, so that a test can do something to others meanwhile. */
void fault_point(const char *name);
#else
#define fault_point(name) ((void)0)
#endif
