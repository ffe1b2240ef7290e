// SPDX-License-Identifier: Apache-2.0
/*
 * write(2) until everything is written. For files and memory files: a
 * descriptor that does not block fails where it would wait.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* False with errno set when it could not be written whole. */
bool write_all(int fd, const void *bytes, size_t len);
