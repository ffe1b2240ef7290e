// SPDX-License-Identifier: Apache-2.0
/* Reporters whose mail comes from another organisation than the one they name. */
#pragma once

#include "base/str.h"

enum known_name {
	KNOWN_NOT,
	KNOWN_OWN,      /* another name of the same reporter */
	KNOWN_CUSTOMER, /* a service that sends the reports of whoever uses it */
};

/* author, named: organisational domains as A-labels. */
enum known_name known_reporter(struct str author, struct str named);

/* An address that anybody may have at a provider of mailboxes: its domain does not speak for the provider. */
bool known_mailbox(struct str local_part, struct str domain);

/* "example.eu" and "example.com": the same name under another suffix, which is no proof. */
bool known_same_label(struct str author, struct str named);
