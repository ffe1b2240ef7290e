// SPDX-License-Identifier: Apache-2.0
/*
 * Everything that is to be read in a run, one mail at a time: Maildirs,
 * folders, files, mboxes and stdin, in the order given. It opens and hashes;
 * it decides nothing.
 */
#pragma once

#include "ingest/load.h"
#include "ingest/taken.h"

struct source;

/* Looks at every PATH first: ERR_NOTFOUND or ERR_DENIED names the one that
 * cannot be opened, before anything is read. A configured Maildir that is not
 * there is no error (it may be mounted later) unless it is a one-time run. */
NODISCARD enum err source_open(const struct ingest_options *options, struct load *load,
	struct source **source_r, struct error *error);
void source_close(struct source **source);

/* What a pass will read, as far as known. */
struct source_size {
	uint64_t files, bytes;
	int64_t oldest_epoch_secs; /* of the files in Maildirs; INT64_MAX: there are none */
};
struct source_size source_measure(struct source *source);

/* Begins a pass over everything. */
void source_rewind(struct source *source);
/* The next mail, or NULL with ERR_OK at the end of the pass. Files that are not
 * to be read (links, pipes, vanished ones) are passed over with a log line.
 * ERR_TEMP: no room to hold it, try again later. */
NODISCARD enum err source_next(struct source *source, struct taken **taken_r, struct error *error);

/* Syncs the folders from which mails were moved. */
NODISCARD enum err source_sync(struct source *source, struct error *error);

/* The mail of this name was settled in this process: it is not read again in place. */
void source_settled(struct source *source, const struct taken *taken);

/* Files that could not be read in this pass: ERR_OK when none. */
enum err source_trouble(const struct source *source, struct error *error);
/* A Maildir that could not be read in this pass at all: ERR_OK when none. */
enum err source_away(const struct source *source, struct error *error);
/* Lets go of all Maildirs until the next pass; none of its mails may be in hand. */
void source_release(struct source *source);

/* The folders to be watched for arrivals, NULL at i == count. */
const char *source_watch_path(const struct source *source, size_t i, bool *cur_too_r);
