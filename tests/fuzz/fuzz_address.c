// SPDX-License-Identifier: Apache-2.0
/*
 * An Author Domain is a name of the DNS that stays the same when it is read again;
 * the same From with LF for CRLF, with a comment behind it, or its mailboxes written
 * plainly one by one, has the same author; with a second From there is none.
 */
#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "dns/dns.h"
#include "verifier/address.h"
#include "verifier/domain.h"

#define ARENA_BYTES ((size_t)256 << 20)

static struct author author_of(struct arena *arena, struct str text)
{
	struct message message;
	struct author author;
	message_parse(arena, arena_str(arena, text), &message);
	address_author(arena, &message, &author);
	if ((author.state == ADDRESS_OK) != (author.domain.ptr != NULL) ||
		author.mailboxes_count > ADDRESS_MAILBOXES_MAX)
		die("state %d, domain \"%.*s\"", (int)author.state, STR_FMT(author.domain));
	return author;
}

static void expect_same(struct arena *arena, struct str text, const struct author *author)
{
	struct author again = author_of(arena, text);
	if (again.state != author->state || !str_eq(again.domain, author->domain))
		die("another author: %.*s", STR_FMT(text));
}

static void add_without_cr(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] != '\r' || i + 1 == text.len || text.ptr[i + 1] != '\n')
			buf_add_char(out, text.ptr[i]);
}

static void add_plainly(struct buf *out, const struct author *author)
{
	for (size_t i = 0; i < author->mailboxes_count; i++) {
		const struct mailbox *mailbox = &author->mailboxes[i];
		buf_add_str(out, i == 0 ? STR("From: \"") : STR(",\r\n \""));
		for (size_t at = 0; at < mailbox->local_part.len; at++) {
			if (mailbox->local_part.ptr[at] == '"' || mailbox->local_part.ptr[at] == '\\')
				buf_add_char(out, '\\');
			buf_add_char(out, mailbox->local_part.ptr[at]);
		}
		buf_printf(out, "\"@%.*s", STR_FMT(mailbox->ascii));
	}
	buf_add_str(out, STR("\r\n\r\n"));
}

static void check(struct arena *arena, struct str body)
{
	struct buf text;
	struct str ascii;
	buf_init(&text, SIZE_MAX / 2);
	buf_add_str(&text, STR("From: "));
	buf_add_str(&text, body);
	size_t field = text.len;
	buf_add_str(&text, STR("\r\n\r\n"));
	struct author author = author_of(arena, buf_str(&text));
	if (author.state == ADDRESS_OK) {
		if (!dns_name_valid(author.domain) || !domain_to_ascii(arena, author.domain, &ascii) ||
			!str_eq(ascii, author.domain))
			die("not a name: %.*s", STR_FMT(author.domain));
		text.len = field;
		buf_add_str(&text, STR(" (x)\r\n\r\n"));
		expect_same(arena, buf_str(&text), &author);
		buf_reset(&text);
		add_plainly(&text, &author);
		expect_same(arena, buf_str(&text), &author);
		buf_reset(&text);
		buf_add_str(&text, STR("From: a@example.com\r\nFrom: "));
		buf_add_str(&text, body);
		buf_add_str(&text, STR("\r\n\r\n"));
		if (author_of(arena, buf_str(&text)).state == ADDRESS_OK)
			die("two From fields");
	}
	/* Of CR CR LF nothing but CR LF is a line end. */
	if (str_ends(body, STR("\r")) || str_find(body, STR("\r\r")) != SIZE_MAX) {
		buf_fini(&text);
		return;
	}
	buf_reset(&text);
	buf_add_str(&text, STR("From: "));
	add_without_cr(&text, body);
	buf_add_str(&text, STR("\n\n"));
	struct author lf = author_of(arena, buf_str(&text));
	if (author.fields == lf.fields && (lf.state != author.state || !str_eq(lf.domain, author.domain)))
		die("another author with LF");
	buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	check(arena, (struct str){(const char *)bytes, len});
	arena_close(&arena);
	return 0;
}
