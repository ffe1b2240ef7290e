// SPDX-License-Identifier: Apache-2.0
/*
 * IPv4 and IPv6 addresses as values. Parsing is strict (RFC 3986 section 3.2.2
 * forms, no brackets, no zone, no leading zeros in IPv4); the tolerant reading
 * of what reporters send is the parser's job.
 */
#pragma once

#include "base/str.h"

struct ip {
	uint8_t family; /* 4, 6, or 0 for "none" */
	uint8_t bytes[16];
};

#define IP_TEXT_BYTES 48

bool ip_parse(struct str text, struct ip *ip_r);
/* Canonical text (RFC 5952 for IPv6); "" for none. */
const char *ip_format(const struct ip *ip, char text[IP_TEXT_BYTES]);
bool ip_eq(const struct ip *a, const struct ip *b);
/* Of the same family, and the same in its first bits (at most 32 or 128) as the network. */
bool ip_in(const struct ip *ip, const struct ip *network, unsigned bits);
/* "192.0.2.0/24", or an address, which has all its bits. False too when a host bit is set. */
bool ip_prefix_parse(struct str text, struct ip *network_r, unsigned *bits_r);
/* ::ffff:192.0.2.1 becomes 192.0.2.1; anything else stays. */
void ip_unmap(struct ip *ip);
/* Private, loopback, link-local, unspecified or otherwise not globally routed. */
bool ip_is_private(const struct ip *ip);
