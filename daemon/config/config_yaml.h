// SPDX-License-Identifier: Apache-2.0
/*
 * One configuration file as libcyaml loads it: every value still text, a NULL
 * where the key is absent. Only files that config_check() has passed come
 * here, so a failure is a disagreement between the two tables, a bug.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"


struct raw_maildir {
	const char *path, *done, *keep, *shared, *authserv_id;
	const char **trusted_hops;
	unsigned trusted_hops_count;
};

struct raw_sample {
	const char *path, *authserv_id, *probe_to;
	const char **trusted_hops;
	unsigned trusted_hops_count;
};

struct raw_domain {
	const char *name, *goal, *sends_mail;
	const char **dkim_selectors;
	unsigned dkim_selectors_count;
};

struct raw_dkim {
	const char *domain, *selector;
};

struct raw_mta {
	const char *name, *kind, *spf, *spf_include, *owner, *since;
	const char **addresses, **hostnames, **helo, **domains, **selectors;
	unsigned addresses_count, hostnames_count, helo_count, domains_count, selectors_count;
	struct raw_dkim *dkim;
	unsigned dkim_count;
};

struct raw_alert {
	const char *name, *webhook, *secret_file, *min_severity, *mail, *digest;
};

struct raw_database {
	const char *dsn, *read_dsn, *password_file;
};
struct raw_ruf {
	const char *store, *keep, *mask;
};
struct raw_http {
	const char *listen, *public_url;
};
struct raw_dns {
	const char *trust_anchor;
	const char **servers;
	unsigned servers_count;
};
struct raw_retention {
	const char *records, *originals, *quarantine;
};
struct raw_readiness {
	const char *quarantine_pass, *reject_pass, *observe;
};
struct raw_monthly {
	const char *day;
	const char **scopes, **formats, **mail_to, **languages;
	unsigned scopes_count, formats_count, mail_to_count, languages_count;
};
struct raw_mail {
	const char *sendmail, *from;
};
struct raw_limits {
#define LIMIT(name, unit, normal, ceiling, what) const char *name;
#include "model/limits_list.h"
#undef LIMIT
};

struct raw_config {
	const char *organisation, *language, *display_timezone, *state_dir;
	const char *count_unverified, *require_confinement;
	struct raw_database *database;
	struct raw_ruf *ruf;
	struct raw_http *http;
	struct raw_dns *dns;
	struct raw_retention *retention;
	struct raw_limits *limits;
	struct raw_readiness *readiness;
	struct raw_monthly *monthly;
	struct raw_mail *mail;
	struct raw_maildir *maildirs;
	struct raw_sample *samples;
	struct raw_domain *domains;
	struct raw_mta *mtas;
	struct raw_alert *alerts;
	unsigned maildirs_count, samples_count, domains_count, mtas_count, alerts_count;
};

/* Everything in *raw_r lives in the arena. */
NODISCARD enum err config_yaml_load(struct arena *arena, const char *file, struct str text,
	struct raw_config **raw_r, struct error *error);
