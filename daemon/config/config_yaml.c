// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config_yaml.h"

#include <cyaml/cyaml.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MAYBE (CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL_STR)
#define VALUE(type, member) CYAML_FIELD_STRING_PTR(#member, MAYBE, struct type, member, 0, CYAML_UNLIMITED)
#define WORDS(type, member) \
	CYAML_FIELD_SEQUENCE(#member, MAYBE, struct type, member, &word, 0, CYAML_UNLIMITED)
#define MAP(type, member, fields) CYAML_FIELD_MAPPING_PTR(#member, MAYBE, struct type, member, fields)
#define LIST(type, member, entry) \
	CYAML_FIELD_SEQUENCE(#member, MAYBE, struct type, member, &(entry), 0, CYAML_UNLIMITED)
#define ENTRY(name, type, fields) \
	static const cyaml_schema_value_t name = { \
		CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct type, fields)}

static const cyaml_schema_value_t word = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t database_fields[] = {VALUE(raw_database, dsn),
	VALUE(raw_database, read_dsn), VALUE(raw_database, password_file), CYAML_FIELD_END};
static const cyaml_schema_field_t maildir_fields[] = {VALUE(raw_maildir, path),
	VALUE(raw_maildir, done), VALUE(raw_maildir, keep), VALUE(raw_maildir, shared),
	VALUE(raw_maildir, authserv_id), WORDS(raw_maildir, trusted_hops), CYAML_FIELD_END};
static const cyaml_schema_field_t ruf_fields[] = {
	VALUE(raw_ruf, store), VALUE(raw_ruf, keep), VALUE(raw_ruf, mask), CYAML_FIELD_END};
static const cyaml_schema_field_t sample_fields[] = {VALUE(raw_sample, path),
	VALUE(raw_sample, authserv_id), VALUE(raw_sample, probe_to), WORDS(raw_sample, trusted_hops), CYAML_FIELD_END};
static const cyaml_schema_field_t http_fields[] = {
	VALUE(raw_http, listen), VALUE(raw_http, public_url), CYAML_FIELD_END};
static const cyaml_schema_field_t dns_fields[] = {
	WORDS(raw_dns, servers), VALUE(raw_dns, trust_anchor), CYAML_FIELD_END};
static const cyaml_schema_field_t retention_fields[] = {VALUE(raw_retention, records),
	VALUE(raw_retention, originals), VALUE(raw_retention, quarantine), CYAML_FIELD_END};
static const cyaml_schema_field_t domain_fields[] = {VALUE(raw_domain, name),
	VALUE(raw_domain, goal), VALUE(raw_domain, sends_mail), WORDS(raw_domain, dkim_selectors),
	CYAML_FIELD_END};
static const cyaml_schema_field_t dkim_fields[] = {
	VALUE(raw_dkim, domain), VALUE(raw_dkim, selector), CYAML_FIELD_END};
ENTRY(dkim_entry, raw_dkim, dkim_fields);
static const cyaml_schema_field_t mta_fields[] = {VALUE(raw_mta, name), VALUE(raw_mta, kind),
	VALUE(raw_mta, spf), VALUE(raw_mta, spf_include), VALUE(raw_mta, owner), VALUE(raw_mta, since),
	WORDS(raw_mta, addresses), WORDS(raw_mta, hostnames), WORDS(raw_mta, helo),
	WORDS(raw_mta, domains), WORDS(raw_mta, selectors), LIST(raw_mta, dkim, dkim_entry),
	CYAML_FIELD_END};
static const cyaml_schema_field_t readiness_fields[] = {VALUE(raw_readiness, quarantine_pass),
	VALUE(raw_readiness, reject_pass), VALUE(raw_readiness, observe), CYAML_FIELD_END};
static const cyaml_schema_field_t monthly_fields[] = {VALUE(raw_monthly, day),
	WORDS(raw_monthly, scopes), WORDS(raw_monthly, formats), WORDS(raw_monthly, mail_to),
	WORDS(raw_monthly, languages), CYAML_FIELD_END};
static const cyaml_schema_field_t mail_fields[] = {
	VALUE(raw_mail, sendmail), VALUE(raw_mail, from), CYAML_FIELD_END};
static const cyaml_schema_field_t alert_fields[] = {VALUE(raw_alert, name),
	VALUE(raw_alert, webhook), VALUE(raw_alert, secret_file), VALUE(raw_alert, min_severity),
	VALUE(raw_alert, mail), VALUE(raw_alert, digest), CYAML_FIELD_END};
static const cyaml_schema_field_t limits_fields[] = {
#define LIMIT(name, unit, normal, ceiling, what) VALUE(raw_limits, name),
#include "model/limits_list.h"
#undef LIMIT
	CYAML_FIELD_END};

ENTRY(maildir_entry, raw_maildir, maildir_fields);
ENTRY(sample_entry, raw_sample, sample_fields);
ENTRY(domain_entry, raw_domain, domain_fields);
ENTRY(mta_entry, raw_mta, mta_fields);
ENTRY(alert_entry, raw_alert, alert_fields);

static const cyaml_schema_field_t root_fields[] = {VALUE(raw_config, organisation),
	VALUE(raw_config, language), VALUE(raw_config, display_timezone), VALUE(raw_config, state_dir),
	VALUE(raw_config, count_unverified), VALUE(raw_config, require_confinement),
	MAP(raw_config, database, database_fields), MAP(raw_config, ruf, ruf_fields),
	MAP(raw_config, http, http_fields), MAP(raw_config, dns, dns_fields),
	MAP(raw_config, retention, retention_fields), MAP(raw_config, limits, limits_fields),
	MAP(raw_config, readiness, readiness_fields), MAP(raw_config, monthly, monthly_fields),
	MAP(raw_config, mail, mail_fields), LIST(raw_config, maildirs, maildir_entry),
	LIST(raw_config, samples, sample_entry), LIST(raw_config, domains, domain_entry),
	LIST(raw_config, mtas, mta_entry), LIST(raw_config, alerts, alert_entry), CYAML_FIELD_END};

static const cyaml_schema_value_t root = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, root_fields)};

/* libcyaml's one allocator function, served from the arena: a block carries
 * its size in front so that it can grow; freeing waits for the arena. */
static void *arena_mem(void *ctx, void *ptr, size_t size)
{
	const size_t head = 16;
	if (size == 0)
		return NULL;
	char *block = arena_alloc(ctx, head + size);
	memcpy(block, &size, sizeof(size));
	if (ptr) {
		size_t old;
		memcpy(&old, (char *)ptr - head, sizeof(old));
		memcpy(block + head, ptr, old < size ? old : size);
	}
	return block + head;
}

/* Keeps the first message of the back trace. */
__attribute__((format(printf, 3, 0)))
static void keep_message(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
	char *text = ctx;
	if (level >= CYAML_LOG_ERROR && text[0] == '\0')
		(void)vsnprintf(text, 256, fmt, args);
	text[strcspn(text, "\n")] = '\0';
}

enum err config_yaml_load(struct arena *arena, const char *file, struct str text,
	struct raw_config **raw_r, struct error *error)
{
	char message[256] = "";
	const cyaml_config_t config = {
		.log_fn = keep_message,
		.log_ctx = message,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = arena_mem,
		.mem_ctx = arena,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	cyaml_data_t *data = NULL;
	cyaml_err_t status =
		cyaml_load_data((const uint8_t *)text.ptr, text.len, &config, &root, &data, NULL);
	if (status != CYAML_OK)
		return error_set(error, ERR_INVALID, "%s:1:1: could not be loaded: %s (%s)", file,
			cyaml_strerror(status), message);
	*raw_r = (struct raw_config *)data;
	return ERR_OK;
}
