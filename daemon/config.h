// SPDX-License-Identifier: Apache-2.0
/*
 * The configuration file: YAML, read strictly by libcyaml into these structs,
 * with drop-ins. Every error names file, line, column and key. dmarcd.conf(5)
 * documents every key.
 */
#pragma once

#include "base/error.h"
#include "ingest/ingest.h"
#include "model/limits.h"

struct config_database {
	const char *dsn; /* NULL: the private cluster in state_dir */
	const char *read_dsn;
	const char *password_file;
};

struct config_domain {
	const char *name;
	const char *goal; /* none | quarantine | reject; NULL: none given */
	bool sends_mail;  /* default true */
	const char **dkim_selectors;
	unsigned dkim_selectors_count;
};

struct config {
	const char *organisation;
	const char *language;         /* en | ja */
	const char *display_timezone; /* default UTC */
	const char *state_dir;
	struct config_database database;
	struct ingest_maildir *maildirs;
	unsigned maildirs_count;
	enum ruf_store ruf_store;
	int64_t ruf_keep_secs;
	const char *http_listen;
	const char *http_public_url;
	bool require_confinement;
	int64_t keep_records_secs, keep_originals_secs, keep_quarantine_secs; /* 0: keep none; -1 n/a */
	struct limits limits;
	struct config_domain *domains;
	unsigned domains_count;
};

/* path NULL: /etc/dmarcd/dmarcd.yaml when it exists, else the defaults.
 * ERR_NOTFOUND: a named file does not exist (exit 66); ERR_INVALID: error.text
 * is "file:line:column: …" (exit 78). */
NODISCARD enum err config_load(const char *path, struct config **config_r, struct error *error);
void config_free(struct config **config);
