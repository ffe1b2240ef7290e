// SPDX-License-Identifier: Apache-2.0
/*
 * A fuzz target is one file with this entry: it feeds the bytes to the
 * production code and dies when a property of its file's first comment does
 * not hold. libFuzzer calls it, or fuzz_replay.c with the files of a folder.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

#define FUZZ_NOW ((int64_t)1790000000)

/* Once, before all; where a target needs nothing it has none. */
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
