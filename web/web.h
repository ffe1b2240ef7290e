// SPDX-License-Identifier: Apache-2.0
/*
 * View rows -> pages, JSON and CSV over HTTP. Reads nothing but the database
 * (read-only role) and, for original documents, a confined worker's bytes.
 * Everything from reports is hostile text: pages are written by web/html,
 * which cannot emit raw text. No request to anywhere, no script or style that
 * is not an embedded asset.
 */
#pragma once

#include "base/error.h"
#include "model/limits.h"
#include "store/store.h"

enum count_unverified { COUNT_FLAG = 0, COUNT_YES, COUNT_NO };
extern const char *const count_unverified_words[];

#define WEB_FIGURES 2

struct web_options {
	const struct store_options *store;
	const struct store_options *noting; /* where it is written down who looked at whose mail */
	const struct limits *limits;
	const char *listen;      /* "127.0.0.1:8480", "[::1]:8480" */
	const char *public_url;  /* NULL: from listen; decides which Host is ours */
	const char *const *domains; /* those that /metrics shows; count 0: the largest */
	size_t domains_count;
	const char *organisation;
	const char *worker_path; /* NULL: beside the executable */
	bool require_confinement;
	const char *notice;      /* NULL, or the file in which ingest says why it takes nothing in */
	const char *verify_notice; /* the same of verdicts */
	const char *figures[WEB_FIGURES]; /* NULL, or files in which others tell their metrics (base/figures.h) */
	enum count_unverified count_unverified; /* whether reports that are not proved genuine enter totals */
	bool show_samples;       /* a failure's page needs no second step to show the sample unmasked */
	bool demo;               /* the yellow "sample data" bar */
	unsigned port_tries;     /* 1: listen's port only; n: the next ones too (demo) */
	int ready_fd;            /* -1, or: the URL and a newline are written here once it listens */
};

/* Serves until SIGTERM or SIGINT. ERR_DENIED / ERR_TEMP when the address
 * cannot be had (the error says who has it when that can be known). */
NODISCARD enum err web_run(const struct web_options *options, struct error *error);
