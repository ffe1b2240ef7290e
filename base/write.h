// SPDX-License-Identifier: Apache-2.0
/*
 * write(2) until everything is written. For files and memory files: a
 * descriptor that does not block fails where it would wait. And what makes a
 * name outlast a power cut: fsync of its folder.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* False with errno set when it could not be written whole. */
bool write_all(int fd, const void *bytes, size_t len);

/* What was made, renamed or removed in this folder is on disk; false with errno set. */
bool write_sync_folder(const char *path);
/* ... in the folder that path, absolute or not, is in. */
bool write_sync_parent(const char *path);
