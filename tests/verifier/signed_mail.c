// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/signed_mail.h"

#include "dns/replay.h"
#include "dns/session.h"

#include <stdlib.h>

#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define ZONE_BYTES ((size_t)64 * 1024 * 1024)
#define STRING_BYTES 200

int signed_mail_open(void **state)
{
	struct signed_mail *mail = calloc(1, sizeof(*mail));
	assert_non_null(mail);
	mail->arena = arena_open(ARENA_BYTES);
	buf_init(&mail->zone, ZONE_BYTES);
	mail->verify.arena = mail->arena;
	mail->verify.now_epoch_secs = MAIL_NOW;
	mail->verify.limits = verify_limits_default();
	*state = mail;
	return 0;
}

int signed_mail_close(void **state)
{
	struct signed_mail *mail = *state;
	dkim_keys_close(&mail->keys);
	buf_fini(&mail->zone);
	arena_close(&mail->arena);
	free(mail);
	return 0;
}

void signed_mail_txt(struct signed_mail *mail, struct str name, struct str text)
{
	struct buf *zone = &mail->zone;
	buf_printf(zone, "%.*s TXT", STR_FMT(name));
	for (size_t i = 0; i < text.len || i == 0; i++) {
		if (i % STRING_BYTES == 0)
			buf_add_str(zone, i > 0 ? STR("\" \"") : STR(" \""));
		if (i < text.len)
			buf_printf(zone, "\\%03u", (unsigned)(uint8_t)text.ptr[i]);
	}
	buf_add_str(zone, STR("\"\n"));
}

void signed_mail_status(struct signed_mail *mail, struct str name, const char *word)
{
	buf_printf(&mail->zone, "%.*s TXT !%s\n", STR_FMT(name), word);
}

static void begin(struct signed_mail *mail)
{
	struct error error;
	struct dns *replay;
	struct str zone = arena_str(mail->arena, buf_str(&mail->zone));
	if (dns_replay_open(mail->arena, STR("zone"), zone, &replay, &error) != ERR_OK)
		fail_msg("%s", error.text);
	mail->verify.dns = dns_session_dns(dns_session_open(mail->arena, replay, DNS_QUERIES_MAX));
	mail->verify.trace = mail->traced ? trace_open(mail->arena) : NULL;
	mail->verdict = (struct verdict){0};
}

void signed_mail_check(struct signed_mail *mail, struct str bytes)
{
	struct message message;
	begin(mail);
	message_parse(mail->arena, bytes, &message);
	dkim_check(&mail->verify, &message, mail->keys, STR_NONE, &mail->verdict);
}

void signed_mail_arc(struct signed_mail *mail, struct str bytes, const struct str *trusted, size_t trusted_count)
{
	struct message message;
	begin(mail);
	message_parse(mail->arena, bytes, &message);
	arc_check(&mail->verify, &message, mail->keys, trusted, trusted_count, &mail->verdict);
}

const struct trace_step *signed_mail_step(const struct signed_mail *mail, const char *kind, const char *name, size_t n)
{
	size_t count;
	const struct trace_step *steps = trace_steps(mail->verify.trace, &count);
	for (size_t i = 0; i < count; i++)
		if (str_eq(steps[i].kind, str_from(kind)) && (!name || str_eq(steps[i].name, str_from(name)))
			&& n-- == 0)
			return &steps[i];
	return NULL;
}
