// SPDX-License-Identifier: Apache-2.0
/*
 * A mail's MIME tree, flattened: an array of parts in the order they stand in,
 * each with its container. GMime does the parsing and stays inside mail.c. The
 * content of a part is read lazily through a payload and never held here. Run
 * mail_scan() over the bytes first: GMime itself has no limits.
 */
#pragma once

#include "base/arena.h"
#include "model/report.h"
#include "parser/mail/base64.h"
#include "parser/payload.h"

struct mail;

enum mail_node {
	MAIL_LEAF,
	MAIL_MULTIPART,
	MAIL_MESSAGE, /* message/rfc822 and its kin; the part behind it is its body */
};

struct mail_part {
	enum mail_node node;
	size_t parent; /* index of the container; of the root: itself */
	size_t end;    /* index behind its last descendant */
	struct str type; /* "text/plain", lower case; "text/plain" when not declared */
	struct str name; /* file name, decoded and cleaned; absent when none */
	bool typed;      /* has a Content-Type */
	bool encoded;    /* base64, quoted-printable or uuencode */
};

/* Once, before confinement: types, charsets. */
void mail_init(void);

/* Parses the mail at the bytes from…to of fd, or the bytes given (which must live until
 * mail_close()). NULL: it breaks a limit (*reject says which). */
struct mail *mail_open_fd(int fd, uint64_t from, uint64_t to, const struct limits *limits,
	struct reject *reject);
struct mail *mail_open_bytes(struct str bytes, const struct limits *limits, struct reject *reject);
void mail_close(struct mail **mail);

/* The parts; at least one. Strings live as long as the mail. */
const struct mail_part *mail_parts(const struct mail *mail, size_t *count_r);

/* A parameter of the part's Content-Type ("smime-type"); absent when it has none. */
struct str mail_parameter(const struct mail *mail, size_t part, const char *name);

/* The first header field of that name of the mail itself, as sent; absent when there is none. */
struct str mail_header(struct mail *mail, const char *name);

/* From, Subject, Message-ID and Date for people: decoded, cleaned. */
struct mail_head mail_head(struct mail *mail, struct arena *arena);

/* RFC 2047 text decoded to clean UTF-8, in the charsets that were loaded before confinement;
 * with any other charset the text stays as sent. */
struct str mail_decode_text(struct arena *arena, struct str raw, size_t max_bytes);

/* The decoded content of a leaf, or the text before the first part of a multipart that has no
 * part at all. */
struct mail_content;
struct mail_content *mail_content_open(struct mail *mail, size_t part);
struct payload *mail_content_payload(struct mail_content *content);
/* True when base64 was damaged in what has been read so far. */
bool mail_content_repaired(const struct mail_content *content);
void mail_content_close(struct mail_content **content);

/* Appends the message inside a MAIL_MESSAGE as it stands in the mail. */
void mail_message_bytes(struct mail *mail, size_t part, struct buf *out);
