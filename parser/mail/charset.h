// SPDX-License-Identifier: Apache-2.0
/*
 * The charsets that a header or a file name may be written in. glibc loads a
 * module from disk for any other that a sender names; a confined worker cannot,
 * and what GMime asks for comes from strangers: so iconv_open() is this file's,
 * for every library of the process, and knows these only (RELIABILITY 0.4).
 */
#pragma once

#include "base/str.h"

/* Loads them; before confinement. */
void charset_init(void);
/* Any spelling of case; a language behind a "*" is no part of the name (RFC 2231 section 5). */
bool charset_is_loaded(struct str name);
