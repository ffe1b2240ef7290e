// SPDX-License-Identifier: Apache-2.0
/*
 * Received fields (RFC 5321 section 4.4) as Postfix, sendmail, Exim, Exchange,
 * Gmail and qmail write them: "from HELO (rdns [ip]) by host …" and its kin.
 */
#pragma once

#include "base/ip.h"

struct received {
	struct str from; /* the word behind "from": HELO, or what DNS says where a comment gives HELO; may be absent */
	struct str helo; /* absent when there is no "from" */
	struct str rdns; /* what the writer found in DNS; absent: not said, or unknown */
	struct str by;   /* absent: not said */
	struct str mail_from; /* of "(envelope-from <path>)" behind "by"; absent: not said */
	struct ip ip;    /* family 0: none */
};

/* text: unfolded; what is found are views of it. Of several comments with an address the last one is
 * believed: HELO is the client's word, and may look like a comment. */
void received_parse(struct str text, struct received *received_r);

/* "192.0.2.1", "[192.0.2.1]", "[IPv6:2001:db8::1]:25"; an IPv4-mapped address becomes IPv4. */
bool received_ip(struct str text, struct ip *ip_r);
