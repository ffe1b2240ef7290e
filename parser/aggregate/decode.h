// SPDX-License-Identifier: Apache-2.0
/*
 * A document's bytes, whatever their encoding -> UTF-8 that XML allows. Bytes
 * are repaired here, each repair an issue: byte order marks, what is not in
 * the declared encoding (read as windows-1252), control characters. The XML
 * declaration is read and taken away; its line ends stay, so that lines are
 * counted as in the original.
 */
#pragma once

#include "parser/payload.h"
#include "parser/unicode.h"

enum encoding { ENCODING_UTF8, ENCODING_ASCII, ENCODING_1252, ENCODING_8859_1, ENCODING_8859_15, ENCODING_UTF16 };

struct decode {
	struct issue_list *issues;
	enum encoding encoding;
	enum unicode unicode;         /* the order of UTF-16 */
	bool started;
	unsigned char carry[4]; /* the beginning of a character */
	size_t carry_len;
	struct buf head;        /* bytes held until the declaration is known */
};

void decode_init(struct decode *decode, struct issue_list *issues);
void decode_fini(struct decode *decode);

/* Appends what these bytes give; final: no more come. False: *reject says why. */
NODISCARD bool decode_add(struct decode *decode, struct str bytes, bool final, struct buf *out,
	struct reject *reject);
