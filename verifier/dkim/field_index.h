// SPDX-License-Identifier: Apache-2.0
/*
 * Which field of a message h= means (RFC 6376 section 5.4.2): the instances of
 * a name from the bottom up, one for each time it is named. Sorted once, so
 * that neither many fields nor a long h= costs more than in proportion.
 */
#pragma once

#include "verifier/message.h"

struct field_index;

struct field_index *field_index_open(struct arena *arena, const struct message *message);
/* A new h= begins. */
void field_index_begin(struct field_index *index);
/* The next field of this name; NULL when no more are there. own, the signature being verified, is passed over. */
const struct message_field *field_index_take(struct field_index *index, struct str name,
	const struct message_field *own);
