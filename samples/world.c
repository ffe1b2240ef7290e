// SPDX-License-Identifier: Apache-2.0
#include "samples/world.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define BIT(domain) (1u << (domain))

static const struct world_domain domains[] = {
	[DOMAIN_COM] = {"example.com", "quarantine", "quarantine", 1000, "quarantine",
		"dmarc-rua@example.com"},
	[DOMAIN_CO_JP] = {"example.co.jp", "none", "quarantine", 650, "none",
		"dmarc-rua@example.co.jp"},
	[DOMAIN_NEWS] = {"news.example.co.jp", "none", "none", 1000, "none",
		"dmarc-rua@example.co.jp"},
	[DOMAIN_SHOP] = {"shop.example", "reject", "reject", 1000, "reject",
		"dmarc-rua@example.com"},
	[DOMAIN_PARKED] = {"parked.example", "reject", "reject", 1000, "reject",
		"dmarc-rua@example.com"},
};

#define WELL_SET_UP {{985, SPF_ALIGNED, DKIM_ALIGNED, OVERRIDE_NONE}, \
	{9, SPF_SOFTFAILS, DKIM_ALIGNED, OVERRIDE_NONE}, \
	{6, SPF_ALIGNED, DKIM_BROKEN, OVERRIDE_NONE}}
#define FORGED {{700, SPF_FAILS, DKIM_UNSIGNED, OVERRIDE_NONE}, \
	{200, SPF_SERVICE, DKIM_UNSIGNED, OVERRIDE_NONE}, \
	{100, SPF_NO_RECORD, DKIM_SERVICE, OVERRIDE_NONE}}
#define FORWARDED {{960, SPF_SERVICE, DKIM_ALIGNED, OVERRIDE_NONE}, \
	{40, SPF_SERVICE, DKIM_BROKEN, OVERRIDE_FORWARD}}
#define MAILING_LIST {{550, SPF_SERVICE, DKIM_BROKEN, OVERRIDE_LIST}, \
	{450, SPF_SERVICE, DKIM_BROKEN, OVERRIDE_ARC}}

static const struct world_source sources[] = {
	/* own machines */
	{"tokyo-out1", "192.0.2.", 10, 1, DOMAIN_CO_JP, "example.co.jp", 900, 250, 0, 1000, 0,
		NULL, NULL, "s2026a", WELL_SET_UP},
	{"tokyo-out1 (v6)", "2001:db8:1::", 10, 1, DOMAIN_CO_JP, "example.co.jp", 240, 250, 0, 1000,
		0, NULL, NULL, "s2026a", WELL_SET_UP},
	{"tokyo-out1 news", "192.0.2.", 10, 1, DOMAIN_NEWS, "news.example.co.jp", 700, 700, 0, 1000,
		0, NULL, NULL, "s2026a", WELL_SET_UP},
	{"osaka-out1", "192.0.2.", 20, 1, DOMAIN_CO_JP, "example.co.jp", 420, 200, 0, 1000, 0, NULL,
		NULL, "s2026b", WELL_SET_UP},
	{"osaka-out1 com", "192.0.2.", 20, 1, DOMAIN_COM, "example.com", 310, 300, 0, 1000, 0, NULL,
		NULL, "s2026b", WELL_SET_UP},
	{"london-out1", "192.0.2.", 30, 2, DOMAIN_COM, "example.com", 1200, 220, 0, 1000, 0, NULL,
		NULL, "ldn1", WELL_SET_UP},
	{"london-out1 (v6)", "2001:db8:2::", 30, 1, DOMAIN_COM, "example.com", 380, 220, 0, 1000, 0,
		NULL, NULL, "ldn1", WELL_SET_UP},
	/* new in mid-period, and nobody thought of its DKIM key */
	{"london-out2", "192.0.2.", 40, 1, DOMAIN_COM, "example.com", 260, 300, 600, 1000, 0, NULL,
		NULL, NULL, {{1000, SPF_ALIGNED, DKIM_UNSIGNED, OVERRIDE_NONE}}},
	/* an old batch machine under a subdomain, and a fax gateway nobody remembers */
	{"legacy-batch", "203.0.113.", 44, 1, DOMAIN_CO_JP, "batch.example.co.jp", 90, 1000, 0, 1000,
		0, NULL, NULL, NULL, {{940, SPF_ALIGNED, DKIM_UNSIGNED, OVERRIDE_NONE},
		{60, SPF_SOFTFAILS, DKIM_UNSIGNED, OVERRIDE_NONE}}},
	{"fax-gw", "203.0.113.", 7, 1, DOMAIN_CO_JP, "example.co.jp", 45, 100, 0, 1000, 0,
		"fax-gw.example.co.jp", NULL, NULL, {{1000, SPF_NO_RECORD, DKIM_UNSIGNED,
		OVERRIDE_NONE}}},
	/* services */
	{"crm", "198.51.100.", 20, 8, DOMAIN_COM, "example.com", 520, 150, 0, 1000, 0,
		"bounce.crm.example", "crm.example", "s1", {{580, SPF_SERVICE, DKIM_BOTH,
		OVERRIDE_NONE}, {420, SPF_SERVICE, DKIM_SERVICE, OVERRIDE_NONE}}},
	{"crm news", "198.51.100.", 20, 8, DOMAIN_NEWS, "news.example.co.jp", 1500, 400, 0, 1000, 0,
		"bounce.news.example.co.jp", "crm.example", "s1", {{992, SPF_ALIGNED, DKIM_BOTH,
		OVERRIDE_NONE}, {8, SPF_SOFTFAILS, DKIM_SERVICE, OVERRIDE_NONE}}},
	{"shop platform", "198.51.100.", 64, 3, DOMAIN_SHOP, "shop.example", 340, 1300, 0, 1000, 0,
		NULL, "platform.example", "shop1", {{996, SPF_ALIGNED, DKIM_BOTH, OVERRIDE_NONE},
		{4, SPF_SOFTFAILS, DKIM_SERVICE, OVERRIDE_NONE}}},
	/* on the way */
	{"alumni forwarder", "203.0.113.", 150, 2, DOMAIN_COM, "example.com", 70, 600, 0, 1000, 0,
		"alumni.example.org", NULL, "ldn1", FORWARDED},
	{"campus forwarder", "203.0.113.", 155, 1, DOMAIN_CO_JP, "example.co.jp", 55, 500, 0, 1000,
		0, "mail.example.org", NULL, "s2026a", FORWARDED},
	{"mailing list", "203.0.113.", 160, 1, DOMAIN_COM, "example.com", 40, 500, 0, 1000, 0,
		"lists.example.org", "lists.example.org", "ldn1", MAILING_LIST},
	{"mailing list jp", "2001:db8:40::", 160, 1, DOMAIN_CO_JP, "example.co.jp", 35, 500, 0, 1000,
		0, "lists.example.org", "lists.example.org", "s2026a", MAILING_LIST},
	/* forgers */
	{"forger", "203.0.113.", 200, 16, DOMAIN_COM, "example.com", 35, 1000, 0, 1000, 40,
		"bulk.example.net", "bulk.example.net", NULL, FORGED},
	{"forger jp", "203.0.113.", 220, 8, DOMAIN_CO_JP, "example.co.jp", 25, 1000, 0, 1000, 6,
		"bulk.example.net", "bulk.example.net", NULL, FORGED},
	{"forger shop", "2001:db8:bad::", 1, 6, DOMAIN_SHOP, "shop.example", 18, 1000, 0, 1000, 4,
		"bulk.example.net", "bulk.example.net", NULL, FORGED},
	{"forger parked", "203.0.113.", 240, 6, DOMAIN_PARKED, "parked.example", 22, 1000, 0, 1000,
		3, "bulk.example.net", "bulk.example.net", NULL, FORGED},
};

#define DAY 86400u
#define ALL_DOMAINS (BIT(DOMAIN_COM) | BIT(DOMAIN_CO_JP) | BIT(DOMAIN_NEWS) | BIT(DOMAIN_SHOP) | \
	BIT(DOMAIN_PARKED))

static const struct world_reporter reporters[] = {
	{"google.com", "google.com", "noreply-dmarc-support@google.com",
		"noreply-dmarc-support@google.com", "https://support.google.com/a/answer/2466580",
		NULL, SUBJECT_PLAIN, ID_DECIMAL, CARRIER_ZIP_BODY, XML_NP, 360, 985,
		ALL_DOMAINS, 0, DAY - 1, 3601, -480},
	{"enterprise.protection.outlook.com", "Enterprise Outlook", "dmarcreport@microsoft.com",
		"\"DMARC Aggregate Report\" <dmarcreport@microsoft.com>", NULL, "corp.example.net",
		SUBJECT_BRACKETS, ID_HEX, CARRIER_GZIP, XML_VERSION | XML_ENVELOPE_FROM |
		XML_ENVELOPE_TO | XML_SPF_SCOPE | XML_FO | XML_XSD_ATTRIBUTES, 190, 650,
		BIT(DOMAIN_COM) | BIT(DOMAIN_CO_JP) | BIT(DOMAIN_NEWS), 0, DAY, 21600, 0},
	{"protection.outlook.com", "Outlook.com", "dmarcreport@microsoft.com",
		"\"DMARC Aggregate Report\" <dmarcreport@microsoft.com>", NULL, "outlook.com",
		SUBJECT_BRACKETS, ID_HEX, CARRIER_GZIP, XML_VERSION | XML_ENVELOPE_FROM |
		XML_ENVELOPE_TO | XML_SPF_SCOPE | XML_FO | XML_XSD_ATTRIBUTES, 120, 700,
		BIT(DOMAIN_COM) | BIT(DOMAIN_SHOP), 0, DAY, 25200, 0},
	{"yahoo.com", "Yahoo", "dmarchelp@yahooinc.com", "noreply@dmarc.yahoo.com", NULL, NULL,
		SUBJECT_BRACKETS, ID_TIME, CARRIER_GZIP, XML_NO_SP, 110, 650,
		BIT(DOMAIN_COM) | BIT(DOMAIN_CO_JP), 0, DAY - 1, 9000, -420},
	{"nihon-mail.example", "日本メール株式会社", "dmarc@nihon-mail.example",
		"=?ISO-2022-JP?B?GyRCRnxLXCVhITwlazN0PDAycTxSGyhC?= <dmarc@nihon-mail.example>",
		"https://nihon-mail.example/dmarc?lang=ja&from=report", NULL, SUBJECT_JAPANESE,
		ID_ADDRESS, CARRIER_ZIP, XML_VERSION | XML_ENVELOPE_FROM | XML_SPF_SCOPE, 90, 700,
		BIT(DOMAIN_CO_JP) | BIT(DOMAIN_NEWS), 0, DAY - 1, 14400, 540},
	{"gmx.net", "GMX", "noreply-dmarc@sicher.gmx.net", "noreply-dmarc@sicher.gmx.net",
		"https://postmaster.gmx.net/en/case?c=r2002", NULL, SUBJECT_RFC9990, ID_HEX,
		CARRIER_GZIP_BODY, XML_RFC9990 | XML_VERSION | XML_ENVELOPE_FROM | XML_SPF_SCOPE, 45,
		450, BIT(DOMAIN_COM) | BIT(DOMAIN_SHOP), 0, DAY - 1, 18000, 60},
	{"mail.ru", "Mail.Ru", "dmarc_support@corp.mail.ru", "dmarc_support@corp.mail.ru",
		"http://help.mail.ru/mail-help", NULL, SUBJECT_PLAIN, ID_MAILRU, CARRIER_GZIP,
		XML_ONE_LINE | XML_SPF_SCOPE, 20, 350, BIT(DOMAIN_COM) | BIT(DOMAIN_PARKED), 0, DAY,
		5400, 180},
	{"esa1.hc1234-56.iphmx.com", "esa1.hc1234-56.iphmx.com",
		"MAILER-DAEMON@esa1.hc1234-56.iphmx.com", "MAILER-DAEMON@esa1.hc1234-56.iphmx.com",
		"", NULL, SUBJECT_PLAIN, ID_APPLIANCE, CARRIER_GZIP, XML_VERSION | XML_SP_EMPTY, 30,
		300, BIT(DOMAIN_COM), 81608, DAY, 120, 0},
	{"mx.tiny.example", "tiny.example", "postmaster@tiny.example",
		"DMARC <postmaster@tiny.example>", NULL, NULL, SUBJECT_PLAIN, ID_DOMAIN_TIME,
		CARRIER_XML, XML_ENVELOPE_FROM | XML_SPF_SCOPE | XML_HUMAN_RESULT, 8, 200,
		BIT(DOMAIN_COM) | BIT(DOMAIN_CO_JP), 7200, DAY - 1, 600, 540},
	{"fastmail.example", "Fastmail Example Pty Ltd", "reports@fastmail.example",
		"DMARC Reporter <reports@fastmail.example>", NULL, NULL, SUBJECT_RFC9990, ID_ADDRESS,
		CARRIER_GZIP_OCTETS, XML_VERSION | XML_ENVELOPE_FROM | XML_SPF_SCOPE | XML_BOM, 27,
		400, BIT(DOMAIN_COM), 0, DAY - 1, 7200, 600},
};

const struct world_domain *world_domains(size_t *count_r)
{
	*count_r = COUNT(domains);
	return domains;
}

const struct world_source *world_sources(size_t *count_r)
{
	*count_r = COUNT(sources);
	return sources;
}

const struct world_reporter *world_reporters(size_t *count_r)
{
	*count_r = COUNT(reporters);
	return reporters;
}
