// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config.h"

#include "daemon/config/config_value.h"
#include "model/json.h"

#include <string.h>

/* One writer for both spellings: JSON through model/json, YAML in block form
 * with every text quoted as JSON quotes it (which is YAML as well). */
struct show {
	struct buf *out;
	struct json json;
	bool yaml;
	unsigned depth;
	bool dash; /* the next key stands behind "- " */
};

static void show_key(struct show *show, const char *key)
{
	if (!show->yaml) {
		json_key(&show->json, key);
		return;
	}
	if (show->dash)
		buf_printf(show->out, "%*s- ", (int)(show->depth - 1) * 2, "");
	else
		buf_printf(show->out, "%*s", (int)show->depth * 2, "");
	show->dash = false;
	buf_printf(show->out, "%s:", key);
}

static void show_map(struct show *show, const char *key)
{
	if (key)
		show_key(show, key);
	if (!show->yaml)
		json_object(&show->json);
	else if (key)
		buf_add_char(show->out, '\n');
	else
		show->dash = true;
	show->depth++;
}

static void show_map_end(struct show *show)
{
	show->depth--;
	if (!show->yaml)
		json_object_end(&show->json);
}

/* count 0 is written at once as an empty list: then there is no end. */
static bool show_list(struct show *show, const char *key, unsigned count)
{
	show_key(show, key);
	if (!show->yaml)
		json_array(&show->json);
	else
		buf_printf(show->out, "%s", count > 0 ? "\n" : " []\n");
	if (count == 0 && !show->yaml)
		json_array_end(&show->json);
	return count > 0;
}

static void show_list_end(struct show *show)
{
	if (!show->yaml)
		json_array_end(&show->json);
}

static void add_quoted(struct buf *out, struct str text)
{
	struct json one;
	json_init(&one, out);
	json_str(&one, text);
}

/* NULL: left out. */
static void show_text(struct show *show, const char *key, const char *value)
{
	if (!value)
		return;
	show_key(show, key);
	if (!show->yaml) {
		json_cstr(&show->json, value);
		return;
	}
	buf_add_char(show->out, ' ');
	add_quoted(show->out, str_from(value));
	buf_add_char(show->out, '\n');
}

static void show_bool(struct show *show, const char *key, bool value)
{
	show_key(show, key);
	if (show->yaml)
		buf_printf(show->out, " %s\n", value ? "yes" : "no");
	else
		json_bool(&show->json, value);
}

static void show_number(struct show *show, const char *key, uint64_t value)
{
	show_key(show, key);
	if (show->yaml)
		buf_printf(show->out, " %llu\n", (unsigned long long)value);
	else
		json_u64(&show->json, value);
}

/* A word with a unit: bare in YAML, text in JSON. */
static void show_units(struct show *show, const char *key, bool is_bytes, uint64_t value)
{
	struct buf text;
	buf_init(&text, 64);
	if (is_bytes)
		value_add_bytes(&text, value);
	else
		value_add_duration(&text, (int64_t)value);
	show_key(show, key);
	if (show->yaml)
		buf_printf(show->out, " %s\n", buf_cstr(&text));
	else
		json_str(&show->json, buf_str(&text));
	buf_fini(&text);
}

static void show_duration(struct show *show, const char *key, int64_t secs)
{
	show_units(show, key, false, (uint64_t)secs);
}

static void show_words(struct show *show, const char *key, const char *const *items, unsigned count)
{
	show_key(show, key);
	if (show->yaml)
		buf_printf(show->out, " [");
	else
		json_array(&show->json);
	for (unsigned i = 0; i < count; i++) {
		if (!show->yaml) {
			json_cstr(&show->json, items[i]);
			continue;
		}
		if (i > 0)
			buf_printf(show->out, ", ");
		add_quoted(show->out, str_from(items[i]));
	}
	if (show->yaml)
		buf_printf(show->out, "]\n");
	else
		json_array_end(&show->json);
}

/* "password=…" of the keyword form, ":…@" of the URI form. */
static void show_dsn(struct show *show, const char *key, const char *dsn)
{
	struct buf masked;
	struct str rest = str_from(dsn);
	if (!dsn)
		return;
	buf_init(&masked, (size_t)16 * 1024);
	size_t scheme = str_find(rest, STR("://")), at = str_find_char(rest, '@');
	size_t colon = scheme == SIZE_MAX ? SIZE_MAX :
		str_find_char(str_from_offset(rest, scheme + 3), ':');
	if (at != SIZE_MAX && colon != SIZE_MAX && scheme + 3 + colon < at) {
		buf_add_str(&masked, str_sub(rest, 0, scheme + 3 + colon + 1));
		buf_printf(&masked, "***");
		rest = str_from_offset(rest, at);
	}
	size_t found;
	while ((found = str_find_nocase(rest, STR("password"))) != SIZE_MAX) {
		size_t from = found + 8;
		while (from < rest.len && (rest.ptr[from] == '=' || ascii_is_space(rest.ptr[from])))
			from++;
		bool quoted = false;
		size_t end = from;
		for (; end < rest.len && (quoted || (!ascii_is_space(rest.ptr[end]) && rest.ptr[end] != '&')); end++) {
			quoted ^= rest.ptr[end] == '\'';
			end += rest.ptr[end] == '\\' && end + 1 < rest.len;
		}
		buf_add_str(&masked, str_sub(rest, 0, from));
		buf_printf(&masked, "***");
		rest = str_from_offset(rest, end);
	}
	buf_add_str(&masked, rest);
	show_text(show, key, buf_cstr(&masked));
	buf_fini(&masked);
}

static void show_word_list(struct show *show, const char *key, const struct config_words *words)
{
	show_words(show, key, words->items, words->count);
}

static void show_maildirs(struct show *show, const struct config *config)
{
	if (!show_list(show, "maildirs", config->maildirs_count))
		return;
	for (unsigned i = 0; i < config->maildirs_count; i++) {
		show_map(show, NULL);
		show_text(show, "path", config->maildirs[i].path);
		show_text(show, "done", config->maildirs[i].done == DONE_DELETE ? "delete" : "keep");
		if (config->maildirs_keep_secs[i] >= 0)
			show_duration(show, "keep", config->maildirs_keep_secs[i]);
		show_bool(show, "shared", config->maildirs[i].shared);
		show_word_list(show, "trusted_hops", &config->maildirs_hints[i].trusted_hops);
		show_text(show, "authserv_id", config->maildirs_hints[i].authserv_id);
		show_map_end(show);
	}
	show_list_end(show);
}

static void show_limits(struct show *show, const struct config *config)
{
	size_t count;
	const struct limit_info *table = limits_table(&count);
	struct limits limits = config->limits;
	show_map(show, "limits");
	for (size_t i = 0; i < count; i++) {
		uint64_t value = *limits_field(&limits, &table[i]);
		if (table[i].unit == LIMIT_COUNT)
			show_number(show, table[i].key, value);
		else
			show_units(show, table[i].key, table[i].unit == LIMIT_BYTES, value);
	}
	show_map_end(show);
}

static void show_domains(struct show *show, const struct config *config)
{
	if (!show_list(show, "domains", config->domains_count))
		return;
	for (unsigned i = 0; i < config->domains_count; i++) {
		const struct config_domain *domain = &config->domains[i];
		show_map(show, NULL);
		show_text(show, "name", domain->name);
		show_text(show, "goal", domain->goal);
		show_bool(show, "sends_mail", domain->sends_mail);
		show_words(show, "dkim_selectors", domain->dkim_selectors, domain->dkim_selectors_count);
		show_map_end(show);
	}
	show_list_end(show);
}

static void show_mta(struct show *show, const struct config_mta *mta)
{
	show_map(show, NULL);
	show_text(show, "name", mta->name);
	show_text(show, "kind", mta->kind);
	show_word_list(show, "addresses", &mta->addresses);
	show_word_list(show, "hostnames", &mta->hostnames);
	show_word_list(show, "helo", &mta->helo);
	show_word_list(show, "domains", &mta->domains);
	if (mta->selectors_given)
		show_word_list(show, "selectors", &mta->selectors);
	if (mta->dkim_count > 0 && show_list(show, "dkim", mta->dkim_count)) {
		show->depth++;
		for (unsigned i = 0; i < mta->dkim_count; i++) {
			show_map(show, NULL);
			show_text(show, "domain", mta->dkim[i].domain);
			show_text(show, "selector", mta->dkim[i].selector);
			show_map_end(show);
		}
		show->depth--;
		show_list_end(show);
	}
	show_text(show, "spf", mta->spf);
	show_text(show, "spf_include", mta->spf_include);
	show_text(show, "owner", mta->owner);
	show_text(show, "since", mta->since);
	show_map_end(show);
}

static void show_later_lists(struct show *show, const struct config_later *later)
{
	if (show_list(show, "samples", later->samples_count)) {
		for (unsigned i = 0; i < later->samples_count; i++) {
			show_map(show, NULL);
			show_text(show, "path", later->samples[i].path);
			show_word_list(show, "trusted_hops", &later->samples[i].trusted_hops);
			show_text(show, "authserv_id", later->samples[i].authserv_id);
			show_text(show, "probe_to", later->samples[i].probe_to);
			show_map_end(show);
		}
		show_list_end(show);
	}
	if (show_list(show, "mtas", later->mtas_count)) {
		for (unsigned i = 0; i < later->mtas_count; i++)
			show_mta(show, &later->mtas[i]);
		show_list_end(show);
	}
	if (!show_list(show, "alerts", later->alerts_count))
		return;
	for (unsigned i = 0; i < later->alerts_count; i++) {
		const struct config_alert *alert = &later->alerts[i];
		show_map(show, NULL);
		show_text(show, "name", alert->name);
		show_text(show, "webhook", alert->webhook);
		show_text(show, "secret_file", alert->secret_file);
		show_text(show, "min_severity", alert->min_severity);
		show_text(show, "mail", alert->mail);
		show_text(show, "digest", alert->digest);
		show_map_end(show);
	}
	show_list_end(show);
}

static void show_later(struct show *show, const struct config_later *later)
{
	show_text(show, "count_unverified", later->count_unverified);
	show_map(show, "readiness");
	show_text(show, "quarantine_pass", later->quarantine_pass);
	show_text(show, "reject_pass", later->reject_pass);
	show_duration(show, "observe", later->observe_secs);
	show_map_end(show);
	show_map(show, "monthly");
	show_number(show, "day", later->monthly_day);
	show_word_list(show, "scopes", &later->monthly_scopes);
	show_word_list(show, "formats", &later->monthly_formats);
	show_word_list(show, "mail_to", &later->monthly_mail_to);
	show_word_list(show, "languages", &later->monthly_languages);
	show_map_end(show);
	show_map(show, "mail");
	show_text(show, "sendmail", later->sendmail);
	show_text(show, "from", later->mail_from);
	show_map_end(show);
	show_later_lists(show, later);
}

static void show_database(struct show *show, const struct config_database *database)
{
	if (!database->dsn && !database->read_dsn && !database->password_file) {
		show_key(show, "database");
		if (show->yaml) {
			buf_printf(show->out, " {}\n");
		} else {
			json_object(&show->json);
			json_object_end(&show->json);
		}
		return;
	}
	show_map(show, "database");
	show_dsn(show, "dsn", database->dsn);
	show_dsn(show, "read_dsn", database->read_dsn);
	show_text(show, "password_file", database->password_file);
	show_map_end(show);
}

static void show_all(struct show *show, const struct config *config)
{
	static const char *const ruf[] = {[RUF_FULL] = "full", [RUF_HEADERS] = "headers", [RUF_OFF] = "off"};
	show_text(show, "organisation", config->organisation);
	show_text(show, "language", config->language);
	show_text(show, "display_timezone", config->display_timezone);
	show_text(show, "state_dir", config->state_dir);
	show_database(show, &config->database);
	show_maildirs(show, config);
	show_map(show, "ruf");
	show_text(show, "store", ruf[config->ruf_store]);
	show_duration(show, "keep", config->ruf_keep_secs);
	show_bool(show, "mask", config->ruf_mask);
	show_map_end(show);
	show_map(show, "http");
	show_text(show, "listen", config->http_listen);
	show_text(show, "public_url", config->http_public_url);
	show_map_end(show);
	show_map(show, "dns");
	show_word_list(show, "servers", &config->dns.servers);
	show_text(show, "trust_anchor", config->dns.trust_anchor);
	show_map_end(show);
	show_bool(show, "require_confinement", config->require_confinement);
	show_map(show, "retention");
	show_duration(show, "records", config->keep_records_secs);
	show_duration(show, "originals", config->keep_originals_secs);
	show_duration(show, "quarantine", config->keep_quarantine_secs);
	show_map_end(show);
	show_limits(show, config);
	show_domains(show, config);
	show_later(show, &config->later);
}

void config_write(const struct config *config, struct buf *out)
{
	struct show show = {.out = out, .yaml = true};
	buf_printf(out, "# %s\n", config->path ? config->path : "no file: the defaults");
	show_all(&show, config);
}

void config_write_json(const struct config *config, struct buf *out)
{
	struct show show = {.out = out};
	json_init(&show.json, out);
	json_object(&show.json);
	show_all(&show, config);
	json_object_end(&show.json);
	buf_add_char(out, '\n');
}
