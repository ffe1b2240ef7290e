// SPDX-License-Identifier: Apache-2.0
#include "verifier/provenance/known.h"

/* As seen in real reports. named NULL: anybody. */
static const struct {
	const char *author, *named;
} pairs[] = {
	{"microsoft.com", "outlook.com"}, /* Submitter protection.outlook.com */
	{"microsoft.com", "hotmail.com"},
	{"mimecastreport.com", "mimecast.org"},
	{"mimecastreport.com", "mimecast.com"},
	{"yahoo.com", "yahooinc.com"},
	{"yahooinc.com", "yahoo.com"},
	{"yahooinc.com", "aol.com"},
	{"yahoo.com", "aol.com"},
	{"fastmaildmarc.com", "fastmail.com"},
	{"dmarc25.jp", NULL}, /* for docomo.ne.jp and others */
	{"iphmx.com", NULL},  /* gateways that are rented */
};

enum known_name known_reporter(struct str author, struct str named)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (!str_eq(author, str_from(pairs[i].author)))
			continue;
		if (!pairs[i].named)
			return KNOWN_CUSTOMER;
		if (str_eq(named, str_from(pairs[i].named)))
			return KNOWN_OWN;
	}
	return KNOWN_NOT;
}

bool known_same_label(struct str author, struct str named)
{
	size_t a = str_find_char(author, '.'), b = str_find_char(named, '.');
	return a != SIZE_MAX && b != SIZE_MAX && str_eq(str_sub(author, 0, a), str_sub(named, 0, b));
}

/* Where anybody has an address of the very domain, by which mail passes DMARC. Operators mostly report from a domain
 * below it (dmarc.yahoo.com, corp.mail.ru, sicher.gmx.net). */
static const char *const mailbox_domains[] = {
	"126.com", "163.com", "aol.com", "bk.ru", "comcast.net", "daum.net", "docomo.ne.jp", "fastmail.com", "free.fr",
	"gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com", "icloud.com",
	"inbox.ru", "interia.pl", "laposte.net", "libero.it", "list.ru", "live.com", "mac.com", "mail.ru", "me.com",
	"msn.com", "naver.com", "nifty.com", "o2.pl", "orange.fr", "outlook.com", "proton.me", "protonmail.com",
	"qq.com", "rambler.ru", "seznam.cz", "t-online.de", "web.de", "wp.pl", "yahoo.co.jp", "yahoo.com", "yandex.com",
	"yandex.ru", "yeah.net", "ymail.com", "zoho.com",
};

/* RFC 2142, and what reports come from. */
static const char *const operators[] = {
	"abuse", "dmarc", "dmarc-admin", "dmarc-noreply", "dmarc-report", "dmarc-reports", "dmarc-support",
	"dmarc_support", "mailer-daemon", "no-reply", "no_reply", "noreply", "noreply-dmarc",
	"noreply-dmarc-support", "postmaster", "tlsrpt-noreply",
};

static bool is_in(struct str word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq_nocase(word, str_from(words[i])))
			return true;
	return false;
}

bool known_mailbox(struct str local_part, struct str domain)
{
	return is_in(domain, mailbox_domains, sizeof(mailbox_domains) / sizeof(mailbox_domains[0])) &&
		!is_in(local_part, operators, sizeof(operators) / sizeof(operators[0]));
}
