// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config_merge.h"

#include "daemon/config/config_value.h"
#include "daemon/config/config_yaml.h"

#include <string.h>

#define DAY ((int64_t)86400)
#define PATH_BYTES ((size_t)4096)

void config_merge_defaults(struct config *config)
{
	config->language = "en";
	config->display_timezone = "UTC";
	config->state_dir = CONFIG_STATE_DIR;
	config->ruf_store = RUF_FULL;
	config->ruf_mask = true;
	config->ruf_keep_secs = 30 * DAY;
	config->http_listen = CONFIG_LISTEN;
	config->keep_records_secs = 800 * DAY;
	config->keep_originals_secs = 400 * DAY;
	config->keep_quarantine_secs = 90 * DAY;
	config->limits = limits_default();
	config->later.count_unverified = "flag";
	config->later.quarantine_pass = "98%";
	config->later.reject_pass = "99.5%";
	config->later.observe_secs = 28 * DAY;
	config->later.monthly_day = 4;
	config->later.sendmail = "/usr/sbin/sendmail";
}

/* The checker has read every value with the same functions. */
static void agree(bool fine, const char *text)
{
	if (!fine)
		die("checker and loader of the configuration disagree about \"%s\"", text);
}

static void take_text(const char **to, const char *text)
{
	if (text)
		*to = text[0] ? text : NULL;
}

static void take_word(const char **to, const char *text)
{
	if (text)
		*to = text;
}

static void take_duration(int64_t *to, const char *text)
{
	if (text)
		agree(value_duration(str_from(text), to), text);
}

static void take_bool(bool *to, const char *text)
{
	if (text)
		agree(value_bool(str_from(text), to), text);
}

static const char *expanded(struct config *config, const char *text)
{
	struct buf path;
	buf_init(&path, PATH_BYTES);
	agree(value_expand_path(str_from(text), &path) == NULL, text);
	const char *copy = arena_cstr(config->arena, buf_str(&path));
	buf_fini(&path);
	return copy;
}

static void take_path(struct config *config, const char **to, const char *text)
{
	if (text)
		*to = expanded(config, text);
}

/* A copy of list with room for more members; never NULL. */
static void *grown(struct config *config, const void *list, unsigned count, unsigned more, size_t size)
{
	void *copy = arena_array(config->arena, (size_t)count + more + 1, size);
	if (count > 0)
		memcpy(copy, list, count * size);
	return copy;
}

/* list and list_count of a struct grow by more; the place of the first new member. */
#define GROW(list, more) \
	((list) = grown(config, (list), list##_count, (more), sizeof(*(list))), \
		list##_count += (more), (list) + list##_count - (more))

static void take_words(struct config *config, struct config_words *to, const char **items, unsigned count)
{
	to->items = grown(config, to->items, to->count, count, sizeof(*to->items));
	for (unsigned i = 0; i < count; i++)
		to->items[to->count++] = items[i];
}

static void take_maildirs(struct config *config, const struct raw_config *raw)
{
	unsigned count = config->maildirs_count;
	config->maildirs_keep_secs = grown(config, config->maildirs_keep_secs, count,
		raw->maildirs_count, sizeof(*config->maildirs_keep_secs));
	config->maildirs_hints = grown(config, config->maildirs_hints, count, raw->maildirs_count,
		sizeof(*config->maildirs_hints));
	int64_t *keep = config->maildirs_keep_secs + count;
	struct config_hints *hints = config->maildirs_hints + count;
	struct ingest_maildir *maildir = GROW(config->maildirs, raw->maildirs_count);
	for (unsigned i = 0; i < raw->maildirs_count; i++) {
		const struct raw_maildir *from = &raw->maildirs[i];
		maildir[i].path = expanded(config, from->path);
		maildir[i].done = from->done && strcmp(from->done, "delete") == 0 ? DONE_DELETE : DONE_KEEP;
		take_bool(&maildir[i].shared, from->shared);
		hints[i] = (struct config_hints){from->authserv_id, {from->trusted_hops, from->trusted_hops_count}};
		keep[i] = -1;
		take_duration(&keep[i], from->keep);
	}
}

static void take_domains(struct config *config, const struct raw_config *raw)
{
	struct config_domain *domain = GROW(config->domains, raw->domains_count);
	for (unsigned i = 0; i < raw->domains_count; i++) {
		const struct raw_domain *from = &raw->domains[i];
		char *name = arena_cstr(config->arena, str_from(from->name));
		for (char *c = name; *c; c++)
			*c = ascii_lower(*c);
		domain[i] = (struct config_domain){
			.name = name,
			.goal = from->goal,
			.sends_mail = true,
			.dkim_selectors = from->dkim_selectors,
			.dkim_selectors_count = from->dkim_selectors_count,
		};
		take_bool(&domain[i].sends_mail, from->sends_mail);
	}
}

static void take_mtas(struct config *config, const struct raw_config *raw)
{
	struct config_later *later = &config->later;
	struct config_mta *mta = GROW(later->mtas, raw->mtas_count);
	for (unsigned i = 0; i < raw->mtas_count; i++, mta++) {
		const struct raw_mta *from = &raw->mtas[i];
		*mta = (struct config_mta){
			.name = from->name,
			.kind = from->kind ? from->kind : "own",
			.spf = from->spf ? from->spf : "expected",
			.spf_include = from->spf_include,
			.owner = from->owner,
			.since = from->since,
			.addresses = {from->addresses, from->addresses_count},
			.hostnames = {from->hostnames, from->hostnames_count},
			.helo = {from->helo, from->helo_count},
			.domains = {from->domains, from->domains_count},
			.selectors = {from->selectors, from->selectors_count},
			.selectors_given = from->selectors != NULL,
			.dkim_count = from->dkim_count,
		};
		mta->dkim = ARENA_ARRAY(config->arena, from->dkim_count + 1, struct config_dkim);
		for (unsigned j = 0; j < from->dkim_count; j++)
			mta->dkim[j] = (struct config_dkim){from->dkim[j].domain, from->dkim[j].selector};
	}
}

static void take_later_lists(struct config *config, const struct raw_config *raw)
{
	struct config_later *later = &config->later;
	struct config_sample *sample = GROW(later->samples, raw->samples_count);
	for (unsigned i = 0; i < raw->samples_count; i++)
		sample[i] = (struct config_sample){
			.path = expanded(config, raw->samples[i].path),
			.authserv_id = raw->samples[i].authserv_id,
			.probe_to = raw->samples[i].probe_to,
			.trusted_hops = {raw->samples[i].trusted_hops, raw->samples[i].trusted_hops_count},
		};
	struct config_alert *alert = GROW(later->alerts, raw->alerts_count);
	for (unsigned i = 0; i < raw->alerts_count; i++) {
		const struct raw_alert *from = &raw->alerts[i];
		alert[i] = (struct config_alert){from->name, from->webhook, NULL, from->min_severity,
			from->mail, from->digest};
		take_path(config, &alert[i].secret_file, from->secret_file);
	}
}

static void take_later(struct config *config, const struct raw_config *raw)
{
	struct config_later *later = &config->later;
	take_word(&later->count_unverified, raw->count_unverified);
	if (raw->readiness) {
		take_word(&later->quarantine_pass, raw->readiness->quarantine_pass);
		take_word(&later->reject_pass, raw->readiness->reject_pass);
		take_duration(&later->observe_secs, raw->readiness->observe);
	}
	if (raw->mail) {
		take_path(config, &later->sendmail, raw->mail->sendmail);
		take_word(&later->mail_from, raw->mail->from);
	}
	const struct raw_monthly *monthly = raw->monthly;
	if (!monthly)
		return;
	uint64_t day;
	if (monthly->day) {
		agree(str_to_u64(str_from(monthly->day), 28, &day), monthly->day);
		later->monthly_day = (unsigned)day;
	}
	take_words(config, &later->monthly_scopes, monthly->scopes, monthly->scopes_count);
	take_words(config, &later->monthly_formats, monthly->formats, monthly->formats_count);
	take_words(config, &later->monthly_mail_to, monthly->mail_to, monthly->mail_to_count);
	take_words(config, &later->monthly_languages, monthly->languages, monthly->languages_count);
}

static void take_limit(struct config *config, const struct limit_info *info, const char *text)
{
	uint64_t *to = limits_field(&config->limits, info);
	int64_t secs = 0;
	if (!text)
		return;
	switch (info->unit) {
	case LIMIT_BYTES:
		agree(value_bytes(str_from(text), to), text);
		return;
	case LIMIT_COUNT:
		agree(str_to_u64(str_from(text), info->ceiling, to), text);
		return;
	case LIMIT_SECS:
		agree(value_duration(str_from(text), &secs), text);
		*to = (uint64_t)secs;
		return;
	}
}

static void take_limits(struct config *config, const struct raw_limits *raw)
{
	size_t count, i = 0;
	const struct limit_info *table = limits_table(&count);
	/* raw and table are made from the same list, in the same order */
#define LIMIT(name, unit, normal, ceiling, what) take_limit(config, &table[i++], raw->name);
#include "model/limits_list.h"
#undef LIMIT
}

static void take_ruf(struct config *config, const struct raw_ruf *raw)
{
	take_duration(&config->ruf_keep_secs, raw->keep);
	take_bool(&config->ruf_mask, raw->mask);
	if (raw->store)
		config->ruf_store = strcmp(raw->store, "headers") == 0 ? RUF_HEADERS :
			strcmp(raw->store, "off") == 0 ? RUF_OFF : RUF_FULL;
}

void config_merge(struct config *config, const struct raw_config *raw)
{
	take_text(&config->organisation, raw->organisation);
	take_word(&config->language, raw->language);
	take_word(&config->display_timezone, raw->display_timezone);
	take_path(config, &config->state_dir, raw->state_dir);
	take_bool(&config->require_confinement, raw->require_confinement);
	if (raw->database) {
		take_text(&config->database.dsn, raw->database->dsn);
		take_text(&config->database.read_dsn, raw->database->read_dsn);
		take_path(config, &config->database.password_file, raw->database->password_file);
	}
	if (raw->ruf)
		take_ruf(config, raw->ruf);
	if (raw->http) {
		take_word(&config->http_listen, raw->http->listen);
		take_word(&config->http_public_url, raw->http->public_url);
	}
	if (raw->dns) {
		take_words(config, &config->dns.servers, raw->dns->servers, raw->dns->servers_count);
		take_path(config, &config->dns.trust_anchor, raw->dns->trust_anchor);
	}
	if (raw->retention) {
		take_duration(&config->keep_records_secs, raw->retention->records);
		take_duration(&config->keep_originals_secs, raw->retention->originals);
		take_duration(&config->keep_quarantine_secs, raw->retention->quarantine);
	}
	if (raw->limits)
		take_limits(config, raw->limits);
	take_maildirs(config, raw);
	take_domains(config, raw);
	take_mtas(config, raw);
	take_later_lists(config, raw);
	take_later(config, raw);
}
