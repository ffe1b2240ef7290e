// SPDX-License-Identifier: Apache-2.0
/*
 * The author of a message: RFC 5322 section 3.4 mailbox lists with comments,
 * groups, quoted local parts, domain literals and what is sent in the wild. One
 * parser for DMARC, DKIM's flags and display, so that none of them can be shown
 * another author.
 */
#pragma once

#include "verifier/message.h"

struct mailbox {
	struct str display;    /* as sent, trimmed; may be absent */
	struct str local_part; /* without quotes */
	struct str domain;     /* as sent */
	struct str ascii;      /* A-labels; absent when it is no domain */
};

enum address_state {
	ADDRESS_OK = 1,
	ADDRESS_NONE,    /* no field, or no address in it */
	ADDRESS_SEVERAL, /* several fields, or several domains */
	ADDRESS_BROKEN,  /* not an address list */
};

#define ADDRESS_MAILBOXES_MAX 100

struct author {
	enum address_state state;
	struct mailbox *mailboxes;
	size_t mailboxes_count;
	struct str domain; /* the one Author Domain as A-label; absent unless state is OK */
	size_t fields;     /* From fields in the message */
	struct str detail; /* what is wrong, for people */
};

/* RFC 9989 section 5.3.1 (and RFC 6854 for groups). */
void address_author(struct arena *arena, const struct message *message, struct author *author_r);

/* The mailboxes of one field body. False: not an address list. */
bool address_list(struct arena *arena, struct str body, struct mailbox **mailboxes_r, size_t *count_r);
