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
