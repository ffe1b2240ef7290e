// SPDX-License-Identifier: Apache-2.0
#include "dns/dns.h"

#include <stdio.h>
#include <string.h>

static const struct {
	enum dns_type type;
	const char *word;
} types[] = {
	{DNS_A, "A"}, {DNS_NS, "NS"}, {DNS_CNAME, "CNAME"}, {DNS_SOA, "SOA"}, {DNS_PTR, "PTR"}, {DNS_MX, "MX"},
	{DNS_TXT, "TXT"}, {DNS_AAAA, "AAAA"}, {DNS_TLSA, "TLSA"},
};

#define TYPES_COUNT (sizeof(types) / sizeof(types[0]))

bool dns_name_valid(struct str name)
{
	struct str rest = name, label;
	if (name.len == 0 || name.len > DNS_NAME_BYTES_MAX)
		return false;
	while (str_split(&rest, '.', &label))
		if (label.len == 0 || label.len > DNS_LABEL_BYTES_MAX)
			return false;
	return true;
}

bool dns_server_valid(struct str server)
{
	struct ip ip;
	uint64_t port = 53;
	size_t at = str_find_char(server, '@');
	if (at != SIZE_MAX && !str_to_u64(str_from_offset(server, at + 1), 65535, &port))
		return false;
	return port > 0 && ip_parse(str_sub(server, 0, at), &ip);
}

const struct dns_answer *dns_query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type)
{
	struct dns_answer *answer = ARENA_NEW(arena, struct dns_answer);
	struct str plain = str_ends(name, STR(".")) ? str_sub(name, 0, name.len - 1) : name;
	char *lower = arena_alloc(arena, plain.len + 1);
	for (size_t i = 0; i < plain.len; i++)
		lower[i] = ascii_lower(plain.ptr[i]);
	plain.ptr = lower;
	if (dns_name_valid(plain)) {
		dns->query(dns, arena, plain, type, answer);
	} else {
		answer->status = DNS_NXDOMAIN;
		answer->note = STR("not a name of the DNS");
	}
	answer->name = plain;
	answer->type = type;
	return answer;
}

const char *dns_type_word(enum dns_type type, char text[DNS_TYPE_TEXT_BYTES])
{
	for (size_t i = 0; i < TYPES_COUNT; i++)
		if (types[i].type == type)
			return types[i].word;
	(void)snprintf(text, DNS_TYPE_TEXT_BYTES, "TYPE%u", (unsigned)type & 0xffff);
	return text;
}

bool dns_type_parse(struct str word, enum dns_type *type_r)
{
	uint64_t number;
	for (size_t i = 0; i < TYPES_COUNT; i++)
		if (str_eq_nocase(word, str_from(types[i].word))) {
			*type_r = types[i].type;
			return true;
		}
	if (!str_starts_nocase(word, STR("TYPE")) || !str_to_u64(str_from_offset(word, 4), 0xffff, &number))
		return false;
	*type_r = (enum dns_type)number;
	return true;
}

const char *dns_status_word(enum dns_status status)
{
	switch (status) {
	case DNS_OK:
		return "NOERROR";
	case DNS_NODATA:
		return "NODATA";
	case DNS_NXDOMAIN:
		return "NXDOMAIN";
	case DNS_SERVFAIL:
		return "SERVFAIL";
	case DNS_TIMEOUT:
		return "TIMEOUT";
	case DNS_BOGUS:
		return "BOGUS";
	}
	die("no DNS status %d", (int)status);
}

bool dns_failed(const struct dns_answer *answer)
{
	return answer->status == DNS_SERVFAIL || answer->status == DNS_TIMEOUT || answer->status == DNS_BOGUS;
}
