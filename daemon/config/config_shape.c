// SPDX-License-Identifier: Apache-2.0
#include "daemon/config/config_shape.h"

#define KIND(name, kind_value) static const struct shape name = {.kind = (kind_value)}
#define WORDS(name, ...) \
	static const struct shape name = { \
		.kind = SHAPE_WORD, .words = (const char *const[]){__VA_ARGS__, NULL}}
#define MAP(name, ...) \
	static const struct shape name = { \
		.kind = SHAPE_MAP, .keys = (const struct shape_key[]){__VA_ARGS__, {NULL, NULL, false}}}
#define LIST(name, item_shape, unique_key) \
	static const struct shape name = { \
		.kind = SHAPE_LIST, .item = &(item_shape), .unique = (unique_key)}

KIND(text, SHAPE_TEXT);
KIND(dsn, SHAPE_DSN);
KIND(boolean, SHAPE_BOOL);
KIND(duration, SHAPE_DURATION);
KIND(percent, SHAPE_PERCENT);
KIND(day_of_month, SHAPE_DAY_OF_MONTH);
KIND(date, SHAPE_DATE);
KIND(path, SHAPE_PATH);
KIND(secret, SHAPE_SECRET);
KIND(listen_address, SHAPE_LISTEN);
KIND(url, SHAPE_URL);
KIND(domain, SHAPE_DOMAIN);
KIND(email, SHAPE_EMAIL);
KIND(prefix, SHAPE_PREFIX);
KIND(server, SHAPE_SERVER);
KIND(timezone_name, SHAPE_TIMEZONE);
KIND(limits, SHAPE_LIMITS);
LIST(texts, text, NULL);
LIST(domains_list, domain, NULL);
LIST(emails, email, NULL);

WORDS(language, "en", "ja");
WORDS(done, "keep", "delete");
WORDS(ruf_store, "full", "headers", "off");
WORDS(goal, "none", "quarantine", "reject");
WORDS(unverified, "yes", "no", "flag");
WORDS(mta_kind, "own", "service", "forwarder");
WORDS(spf, "expected", "none");
WORDS(scope, "organisation", "domains");
WORDS(format, "pdf", "html", "csv", "json", "text");
WORDS(severity, "high", "warning", "info");
WORDS(digest, "none", "daily", "weekly");
LIST(languages, language, NULL);
LIST(scopes, scope, NULL);
LIST(formats, format, NULL);
LIST(prefixes, prefix, NULL);
LIST(servers, server, NULL);

MAP(database, {"dsn", &dsn, false}, {"read_dsn", &dsn, false}, {"password_file", &secret, false});
MAP(maildir, {"path", &path, true}, {"done", &done, false}, {"keep", &duration, false},
	{"shared", &boolean, false}, {"trusted_hops", &texts, false}, {"authserv_id", &text, false});
LIST(maildirs, maildir, "path");
MAP(ruf, {"store", &ruf_store, false}, {"keep", &duration, false}, {"mask", &boolean, false});
MAP(sample, {"path", &path, true}, {"trusted_hops", &texts, false},
	{"authserv_id", &text, false}, {"probe_to", &email, false});
LIST(samples, sample, "path");
MAP(http, {"listen", &listen_address, false}, {"public_url", &url, false});
MAP(dns, {"servers", &servers, false}, {"trust_anchor", &path, false});
MAP(retention, {"records", &duration, false}, {"originals", &duration, false},
	{"quarantine", &duration, false});
MAP(domain_entry, {"name", &domain, true}, {"goal", &goal, false}, {"sends_mail", &boolean, false},
	{"dkim_selectors", &domains_list, false});
LIST(domains, domain_entry, "name");
MAP(dkim_entry, {"domain", &domain, true}, {"selector", &domain, true});
LIST(dkim, dkim_entry, NULL);
MAP(mta, {"name", &text, true}, {"kind", &mta_kind, false}, {"addresses", &prefixes, false},
	{"hostnames", &domains_list, false}, {"helo", &domains_list, false},
	{"domains", &domains_list, false}, {"selectors", &domains_list, false}, {"dkim", &dkim, false},
	{"spf", &spf, false}, {"spf_include", &domain, false}, {"owner", &text, false},
	{"since", &date, false});
LIST(mtas, mta, "name");
MAP(readiness, {"quarantine_pass", &percent, false}, {"reject_pass", &percent, false},
	{"observe", &duration, false});
MAP(monthly, {"day", &day_of_month, false}, {"scopes", &scopes, false}, {"formats", &formats, false},
	{"mail_to", &emails, false}, {"languages", &languages, false});
MAP(mail, {"sendmail", &path, false}, {"from", &email, false});
MAP(alert, {"name", &text, true}, {"webhook", &url, false}, {"secret_file", &secret, false},
	{"min_severity", &severity, false}, {"mail", &email, false}, {"digest", &digest, false});
LIST(alerts, alert, "name");

MAP(root, {"organisation", &text, false}, {"language", &language, false},
	{"display_timezone", &timezone_name, false}, {"state_dir", &path, false},
	{"database", &database, false}, {"maildirs", &maildirs, false}, {"ruf", &ruf, false},
	{"samples", &samples, false}, {"http", &http, false}, {"dns", &dns, false},
	{"count_unverified", &unverified, false}, {"require_confinement", &boolean, false},
	{"retention", &retention, false}, {"limits", &limits, false}, {"domains", &domains, false},
	{"mtas", &mtas, false}, {"readiness", &readiness, false}, {"monthly", &monthly, false},
	{"mail", &mail, false}, {"alerts", &alerts, false});

const struct shape *shape_root(void)
{
	return &root;
}
