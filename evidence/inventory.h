// SPDX-License-Identifier: Apache-2.0
/*
 * The mail servers of the configuration (`mtas:`), and which of them sent a
 * mail: by the connecting address, else by what it called itself in HELO, else
 * by the names in Received. An address was seen by our own border; HELO is the
 * client's word, and the names below our border are too, so that how a server
 * was found is told beside which.
 *
 * No DNS: `hostnames` are names here. Copies what it is given.
 */
#pragma once

#include "base/error.h"
#include "base/ip.h"

struct inventory_words {
	const char *const *at;
	size_t count;
};

struct inventory_mta {
	const char *name;
	struct inventory_words addresses; /* addresses and prefixes */
	struct inventory_words hostnames, helo;
};

struct inventory;

/* ERR_INVALID: something among addresses is none. */
NODISCARD enum err inventory_open(const struct inventory_mta *mtas, size_t count, struct inventory **inventory_r,
	struct error *error);
void inventory_close(struct inventory **inventory); /* nulls the pointer */

/* What is known of a mail's sender. */
struct inventory_seen {
	struct ip ip;            /* family 0: not known */
	struct str helo;         /* absent: not known */
	const struct str *names; /* of Received */
	size_t names_count;
};

enum inventory_found { INVENTORY_NONE = 0, INVENTORY_IP, INVENTORY_HELO, INVENTORY_RECEIVED };
/* "" "ip" "helo" "received" */
struct str inventory_found_word(enum inventory_found found);

/* It is one of ours, but has neither address nor name to be found by (a service known by its SPF record). */
bool inventory_is_unmarked(const struct inventory *inventory, struct str mta);

/* The MTA's name in *name_r (absent when it is none of ours). Of several prefixes the longest counts; of
 * several servers behind one address the one of that HELO, else of those names, else the first in the
 * configuration. Names compare without case and final dot. */
enum inventory_found inventory_find(const struct inventory *inventory, const struct inventory_seen *seen,
	struct str *name_r);
