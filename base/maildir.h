// SPDX-License-Identifier: Apache-2.0
/*
 * A Maildir: new/ is what is to be read, cur/ where read mail goes. The only
 * file that moves or deletes mail. tmp/ is never looked at.
 */
#pragma once

#include "base/error.h"
#include "base/str.h"

enum maildir_done { DONE_KEEP = 0, DONE_DELETE };

struct maildir;

/* ERR_NOTFOUND when path is no folder with new/ and cur/, ERR_DENIED when it
 * may not be read. in_place: nothing in it is ever changed. */
NODISCARD enum err maildir_open(const char *path, enum maildir_done done, bool in_place,
	struct maildir **maildir_r, struct error *error);
void maildir_close(struct maildir **maildir); /* nulls the pointer */

/* True when path is a folder that has new/ and cur/. */
bool maildir_is(const char *path);

/* Absolute path without a final slash; the key of sightings. */
const char *maildir_path(const struct maildir *maildir);
bool maildir_in_place(const struct maildir *maildir);

/* A walk over the names of new/ or cur/, streaming: a million files cost no
 * memory. One walk a folder at a time. */
NODISCARD enum err maildir_walk(struct maildir *maildir, bool cur, struct error *error);
/* The next file name (dot files left out), or NULL at the end; valid until the
 * next call. */
const char *maildir_next(struct maildir *maildir);

/* Adds the files in new/ or cur/ and their bytes; *oldest_epoch_secs becomes the time of the oldest, where that
 * is less. */
void maildir_measure(struct maildir *maildir, bool cur, uint64_t *files, uint64_t *bytes,
	int64_t *oldest_epoch_secs);

/* Opens one file for reading, never a link, a pipe or a folder. ERR_NOTFOUND:
 * gone; ERR_INVALID: no regular file; ERR_DENIED; ERR_PERM: I/O. */
NODISCARD enum err maildir_open_file(struct maildir *maildir, const char *name, bool cur, int *fd_r,
	struct error *error);

/* A mail whose end is recorded leaves new/: to cur/ as seen, or away. Nothing
 * happens in place or for a file of cur/ that is to be kept. A file that is
 * gone is no error. The change is durable after maildir_sync. ERR_PERM: it is
 * this file that cannot go; other errors are the folder's. */
NODISCARD enum err maildir_finish(struct maildir *maildir, const char *name, bool cur,
	struct error *error);
/* A file of cur/ goes; false when it stays (in place, or refused by the system). */
bool maildir_remove_read(struct maildir *maildir, const char *name);
NODISCARD enum err maildir_sync(struct maildir *maildir, struct error *error);

/* The part of a file name before its flags: what stays when a reader renames it. */
struct str maildir_unique(const char *name);
