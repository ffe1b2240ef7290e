// SPDX-License-Identifier: Apache-2.0
/*
 * Delivery into a Maildir: written whole in tmp/, then renamed into new/.
 * Names and times of the files depend on the mail's date alone, so that two
 * runs make the same folder. Any failure ends the process (EX_CANTCREAT or
 * EX_IOERR) with a sentence.
 */
#pragma once

#include "samples/kit.h"

#define DELIVER_NAME_BYTES 128

/* Makes dir and its three folders; refuses a dir with a manifest. */
void deliver_open(const char *dir);
/* Writes one mail; file_r: its name below dir, "new/…". */
void deliver_mail(const char *dir, const struct sample_mail *mail, unsigned serial,
	char file_r[DELIVER_NAME_BYTES]);
/* Writes dir/manifest.json, whole or not at all. */
void deliver_manifest(const char *dir, struct str text);
