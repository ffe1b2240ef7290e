// SPDX-License-Identifier: Apache-2.0
/*
 * The configuration file: YAML, read strictly into these structs, with
 * drop-ins from conf.d/ beside it. Every error names file, line, column and
 * key. dmarcd.conf(5) documents every key.
 *
 * Three steps, one file each: config_check.c walks the YAML events against the
 * table of keys (config_shape.c) and finds every mistake with its place;
 * libcyaml (config_yaml.c) loads what is then known to be right; config.c
 * merges the files. Keys of parts that come later (readiness, monthly, mail,
 * alerts) are checked and kept.
 *
 * All of it lives in one arena and dies at config_free().
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "ingest/ingest.h"
#include "model/limits.h"

#define CONFIG_PATH "/etc/dmarcd/dmarcd.yaml"
#define CONFIG_STATE_DIR "/var/lib/dmarcd"
#define CONFIG_LISTEN "127.0.0.1:8480"
#define CONFIG_BYTES_MAX ((size_t)1024 * 1024)

/* A list of texts. */
struct config_words {
	const char **items;
	unsigned count;
};

/* What the host that wrote a Maildir adds to its mails' headers. */
struct config_hints {
	const char *authserv_id;           /* of its Authentication-Results; NULL: none is believed */
	struct config_words trusted_hops;  /* names in Received fields of its own */
};

struct config_database {
	const char *dsn; /* NULL: the private cluster in state_dir */
	const char *read_dsn;
	const char *password_file;
};

struct config_dns {
	struct config_words servers; /* none: from the root */
	const char *trust_anchor;    /* NULL: none given */
};

struct config_domain {
	const char *name;
	const char *goal; /* none | quarantine | reject; NULL: none given */
	bool sends_mail;  /* default true */
	const char **dkim_selectors;
	unsigned dkim_selectors_count;
};

struct config_dkim {
	const char *domain;
	const char *selector;
};

struct config_mta {
	const char *name;
	const char *kind; /* own | service | forwarder */
	const char *spf;  /* expected | none */
	const char *spf_include;
	const char *owner;
	const char *since;
	struct config_words addresses, hostnames, helo, domains;
	struct config_words selectors;
	bool selectors_given; /* [] means: no DKIM expected */
	struct config_dkim *dkim;
	unsigned dkim_count;
};

struct config_sample {
	const char *path;
	const char *authserv_id;
	const char *probe_to; /* whose mail comes here; NULL: not given */
	struct config_words trusted_hops;
};

struct config_alert {
	const char *name;
	const char *webhook, *secret_file, *min_severity, *mail, *digest;
};

/* Used by later parts; checked now so that one file serves them all. */
struct config_later {
	const char *count_unverified; /* yes | no | flag */
	struct config_sample *samples;
	unsigned samples_count;
	struct config_mta *mtas;
	unsigned mtas_count;
	const char *quarantine_pass, *reject_pass;
	int64_t observe_secs;
	unsigned monthly_day;
	struct config_words monthly_scopes, monthly_formats, monthly_mail_to, monthly_languages;
	const char *sendmail, *mail_from;
	struct config_alert *alerts;
	unsigned alerts_count;
};

struct config {
	const char *organisation;     /* NULL: not given */
	const char *language;         /* en | ja */
	const char *display_timezone; /* default UTC */
	const char *state_dir;
	struct config_database database;
	struct ingest_maildir *maildirs;
	int64_t *maildirs_keep_secs;  /* beside maildirs; -1: for ever */
	struct config_hints *maildirs_hints; /* beside maildirs */
	unsigned maildirs_count;
	enum ruf_store ruf_store;
	int64_t ruf_keep_secs;
	bool ruf_mask;                /* pages show samples masked first */
	const char *http_listen;
	const char *http_public_url;
	struct config_dns dns;
	bool require_confinement;
	int64_t keep_records_secs, keep_originals_secs, keep_quarantine_secs; /* 0: keep none; -1 n/a */
	struct limits limits;
	struct config_domain *domains;
	unsigned domains_count;
	struct config_later later;

	const char *path; /* the file it came from; NULL: no file, the defaults */
	struct arena *arena;
};

/* path NULL: /etc/dmarcd/dmarcd.yaml when it exists, else the defaults.
 * ERR_NOTFOUND: a named file does not exist (exit 66); ERR_DENIED: it may not
 * be read (77); ERR_INVALID: error.text is "file:line:column: …" (exit 78). */
NODISCARD enum err config_load(const char *path, struct config **config_r, struct error *error);
void config_free(struct config **config);

/* The effective configuration as YAML (passwords inside dsn masked). */
void config_write(const struct config *config, struct buf *out);
/* The same as one JSON object. */
void config_write_json(const struct config *config, struct buf *out);
/* doc/dmarcd.yaml.example, as installed. */
struct str config_example(void);
