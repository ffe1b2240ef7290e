// SPDX-License-Identifier: Apache-2.0
/* Where envelope sender, HELO and address come from, and what an attacker writes into the same places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "verifier/identity.h"
#include "verifier/identity/received.h"

#include <string.h>

#define ARENA_CEILING_BYTES ((size_t)64 * 1024 * 1024)

static struct arena *arena;

static void test_received(void **state)
{
	static const struct { const char *text, *helo, *rdns, *ip, *by; } cases[] = {
		/* Postfix */
		{"from helo.example (rdns.example [192.0.2.1]) by mx.example (Postfix) with ESMTP id X for <a@b>; date",
			"helo.example", "rdns.example", "192.0.2.1", "mx.example"},
		{"from helo.example (unknown [IPv6:2001:db8::1]) (using TLSv1.3 with cipher X (256/256 bits)) "
			"(No client certificate requested) by mx.example (Postfix) with ESMTPS id X",
			"helo.example", "", "2001:db8::1", "mx.example"},
		{"from [10.0.0.5] (rdns.example [192.0.2.1]) (Authenticated sender: a@b.example) by mx.example",
			"[10.0.0.5]", "rdns.example", "192.0.2.1", "mx.example"},
		/* sendmail */
		{"from helo.example (IDENT:root@rdns.example [192.0.2.1] (may be forged)) by mx.example (8.17.1)",
			"helo.example", "rdns.example", "192.0.2.1", "mx.example"},
		{"from helo.example ([192.0.2.1]) by mx.example", "helo.example", "", "192.0.2.1", "mx.example"},
		/* Exim */
		{"from rdns.example ([192.0.2.1] helo=helo.example) by mx.example with esmtps (Exim 4.96)",
			"helo.example", "rdns.example", "192.0.2.1", "mx.example"},
		{"from rdns.example ([192.0.2.1]:2525 helo=helo.example) by mx.example",
			"helo.example", "rdns.example",
			"192.0.2.1", "mx.example"},
		{"from [192.0.2.1] (helo=helo.example) by mx.example", "helo.example", "", "192.0.2.1", "mx.example"},
		{"from [192.0.2.1] (port=1234 helo=helo.example) by mx.example", "helo.example", "", "192.0.2.1",
			"mx.example"},
		{"from rdns.example ([2001:db8::1]) by mx.example", "rdns.example", "", "2001:db8::1", "mx.example"},
		/* Exchange */
		{"from A.PROD.EXAMPLE (2001:db8::1) by B.PROD.EXAMPLE (2001:db8::2) with Microsoft SMTP Server",
			"A.PROD.EXAMPLE", "", "2001:db8::1", "B.PROD.EXAMPLE"},
		{"from A.example (192.0.2.1) by B.example (192.0.2.2) with Microsoft SMTP Server id 15.20",
			"A.example", "",
			"192.0.2.1", "B.example"},
		{"from A.example ([fe80::1]) by A.example ([fe80::1%6]) with mapi id 15.20", "A.example", "", "fe80::1",
			"A.example"},
		/* Gmail */
		{"from rdns.example (rdns.example. [192.0.2.1]) by mx.google.com with ESMTPS id X for <a@b>",
			"rdns.example",
			"rdns.example", "192.0.2.1", "mx.google.com"},
		{"by 2002:a05:6000:1:b0:3:4:5 with SMTP id X; date", NULL, "", "", "2002:a05:6000:1:b0:3:4:5"},
		/* qmail, CommuniGate */
		{"from unknown (HELO helo.example) (192.0.2.1) by mx.example with SMTP", "helo.example", "",
			"192.0.2.1",
			"mx.example"},
		{"from rdns.example (HELO helo.example) (user@192.0.2.1) by mx.example",
			"helo.example", "rdns.example",
			"192.0.2.1", "mx.example"},
		{"from [192.0.2.1] (account a@b.example HELO [10.0.0.1]) by mx.example", "[10.0.0.1]", "", "192.0.2.1",
			"mx.example"},
		{"(qmail 123 invoked by uid 0); date", NULL, "", "", ""},
		{"from local.example by mx.example with LMTP id X", "local.example", "", "", "mx.example"},
		{"from x ([::ffff:192.0.2.1]) by mx.example.", "x", "", "192.0.2.1", "mx.example"},
		/* HELO that looks like a finding. */
		{"from x (bank.example [198.51.100.1]) (rdns.example [192.0.2.1]) by mx.example", "x", "rdns.example",
			"192.0.2.1", "mx.example"},
		{"from x (unclosed [192.0.2.1] by mx.example", "x", "", "192.0.2.1", ""},
		{"", NULL, "", "", ""},
		{"from", NULL, "", "", ""},
		{"from a by", "a", "", "", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char ip[IP_TEXT_BYTES];
		struct received received;
		received_parse(str_from(cases[i].text), &received);
		if (!str_eq(received.helo, str_from(cases[i].helo)) || !str_eq(received.rdns,
			str_from(cases[i].rdns)) ||
			strcmp(ip_format(&received.ip, ip), cases[i].ip) != 0 || !str_eq(received.by,
				str_from(cases[i].by)))
			fail_msg("%s: %.*s, %.*s, %s, %.*s", cases[i].text, STR_FMT(received.helo),
				STR_FMT(received.rdns), ip,
				STR_FMT(received.by));
	}
}

static struct identity_hints hints;
static struct verdict verdict;

static bool is_trail(struct str kind)
{
	return str_eq(kind, STR("rdns")) || str_eq(kind, STR("received")) || str_eq(kind, STR("message_id")) ||
		str_eq(kind, STR("probe"));
}

/* "mail_from=a@b (source); …" in the order of the verdict, the header's From left out; or the rest, the trail. */
static const char *found_of(const char *header, bool trail)
{
	struct verify verify = {.arena = arena};
	struct identity identity;
	struct message message;
	struct buf buf;
	verdict = (struct verdict){.answers = STR_NONE};
	message_parse(arena, str_from(arena_printf(arena, "%s\r\n", header)), &message);
	identity_find(&verify, &message, &hints, &identity, &verdict);
	buf_init(&buf, SIZE_MAX / 2);
	for (size_t i = 0; i < verdict.identities.count; i++) {
		const struct verdict_identity *at = &verdict.identities.at[i];
		if (str_eq(at->kind, STR("header_from")) || is_trail(at->kind) != trail)
			continue;
		buf_printf(&buf, "%s%.*s=%.*s (%.*s)", buf.len > 0 ? "; " : "", STR_FMT(at->kind), STR_FMT(at->value),
			STR_FMT(at->source));
	}
	const char *text = arena_cstr(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

static const char *found(const char *header)
{
	return found_of(header, false);
}

#define NO_HOP " (no trusted hop is configured)"
#define NO_ID " (no authserv-id is configured, the top-most field is believed)"
#define CLIENT "Received: from h.example (r.example [192.0.2.1]) by mx.example with ESMTP; date\r\n"

static void test_order(void **state)
{
	(void)state;
	hints = (struct identity_hints){.helo = STR_NONE};
	assert_string_equal(found("Subject: x\r\n"), "");
	assert_string_equal(found("Return-Path: <a@example.com>\r\n" CLIENT),
		"mail_from=a@example.com (Return-Path); ip=192.0.2.1 (Received by mx.example" NO_HOP "); "
		"helo=h.example (Received by mx.example" NO_HOP ")");
	assert_string_equal(found("Return-Path: <>\r\n"), "mail_from= (Return-Path)");
	assert_string_equal(found("Return-Path: a@example.com\r\n"), "mail_from=a@example.com (Return-Path)");
	assert_string_equal(found("Return-Path: <a@example.com\r\n"), "");
	assert_string_equal(found("Authentication-Results: mx.example; "
		"spf=pass (designates 192.0.2.7 as permitted sender)"
		" smtp.mailfrom=b@example.com smtp.helo=k.example\r\nReturn-Path:\r\n"),
		"mail_from=b@example.com (Authentication-Results of mx.example" NO_ID "); "
		"ip=192.0.2.7 (Authentication-Results of mx.example" NO_ID "); "
		"helo=k.example (Authentication-Results of mx.example" NO_ID ")");
	assert_string_equal(found("Received-SPF: pass client-ip=2001:db8::5; envelope-from=c@example.com; "
		"helo=l.example;"
		" receiver=mx.example\r\nAuthentication-Results: mx.example; spf=pass smtp.remote-ip=192.0.2.8\r\n"),
		"mail_from=c@example.com (Received-SPF of mx.example" NO_ID "); "
		"ip=2001:db8::5 (Received-SPF of mx.example" NO_ID "); "
		"helo=l.example (Received-SPF of mx.example" NO_ID ")");
	static const char *const said[] = {"(envelope-from <e@example.com>)", "envelope-from <e@example.com>",
		"(8.17) (envelope-from e@example.com) for <b@example.net>", "(envelope-from <>)"};
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(found(arena_printf(arena, "Received: from h.example (r.example [192.0.2.1]) by "
			"mx.example %s with ESMTP; (envelope-from <no@example.com>)\r\n", said[i])),
			arena_printf(arena, "mail_from=%s (Received by mx.example" NO_HOP "); "
			"ip=192.0.2.1 (Received by mx.example" NO_HOP "); "
			"helo=h.example (Received by mx.example" NO_HOP ")",
			i < 3 ? "e@example.com" : ""));
	assert_string_equal(found("Received: from (envelope-from <a@example.com>) (r [192.0.2.1]) by mx.example "
		"(envelope-from) with x envelope-from\r\n"), "ip=192.0.2.1 (Received by mx.example" NO_HOP ")");
	/* What was given goes first, and another client's HELO is not taken. */
	hints = (struct identity_hints){.mail_from = STR(""), .helo = STR_NONE};
	assert_true(ip_parse(STR("192.0.2.9"), &hints.ip));
	assert_string_equal(found("Return-Path: <a@example.com>\r\n" CLIENT),
		"mail_from= (given); ip=192.0.2.9 (given)");
	hints.mail_from = STR_NONE;
	assert_string_equal(found("Received: from h.example ([192.0.2.1]) by mx.example "
		"(envelope-from <e@example.com>)\r\n"), "ip=192.0.2.9 (given)");
	hints.mail_from = STR("<a@example.net>");
	assert_string_equal(found(""), "mail_from=a@example.net (given); ip=192.0.2.9 (given)");
	hints.mail_from = STR("<>");
	hints.helo = STR("given.example");
	hints.ip.family = 0;
	assert_string_equal(found(CLIENT), "mail_from= (given); helo=given.example (given); "
		"ip=192.0.2.1 (Received by mx.example" NO_HOP ")");
}

static void test_private_hops(void **state)
{
	(void)state;
	hints = (struct identity_hints){.helo = STR_NONE};
	assert_string_equal(found("Received: from mx.example by mx.example with LMTP id X; date\r\n"
		"Received: from localhost (localhost [127.0.0.1]) by mx.example; date\r\n" CLIENT),
		"ip=192.0.2.1 (Received by mx.example" NO_HOP "); helo=h.example (Received by mx.example" NO_HOP ")");
	assert_string_equal(found("Received: from a (b.example [10.0.0.1]) by mx.example\r\n"
		"Received: from c (d.example [10.0.0.2]) by mx.example\r\n"),
		"ip=10.0.0.1 (Received by mx.example" NO_HOP "); helo=a (Received by mx.example" NO_HOP ")");
}

static void test_trusted_hops(void **state)
{
	(void)state;
	struct str hops[] = {STR("mx.example"), STR("backup.example"), STR("203.0.113.7")};
	hints = (struct identity_hints){.trusted_hops = hops, .trusted_hops_count = 3};
	assert_string_equal(found("Received: from backup.example (backup.example [198.51.100.1]) by MX.example; "
		"date\r\n"
		"Received: from h.example (r.example [192.0.2.1]) by backup.example.; date\r\n"
		"Received: from forged.example (f.example [192.0.2.66]) by mx.example; date\r\n"),
		"ip=192.0.2.1 (Received by backup.example); helo=h.example (Received by backup.example)");
	assert_string_equal(found("Received: from x.example (y.example [203.0.113.7]) by mx.example; date\r\n" CLIENT),
		"ip=192.0.2.1 (Received by mx.example); helo=h.example (Received by mx.example)");
	/* HELO is the client's word. */
	assert_string_equal(found("Received: from backup.example (evil.example [192.0.2.66]) by mx.example; date\r\n"
		"Received: from h.example (r.example [192.0.2.1]) by backup.example; date\r\n"),
		"ip=192.0.2.66 (Received by mx.example); helo=backup.example (Received by mx.example)");
	/* A field that no host of ours wrote. */
	assert_string_equal(found("Received: from h.example (r.example [192.0.2.1]) by other.example; date\r\n"), "");
	assert_string_equal(found("Received: from localhost (localhost [127.0.0.1]) by mx.example; date\r\n"
		"Received: from h.example (r.example [192.0.2.1]) by other.example; date\r\n"), "");
}

static void test_trusted_results(void **state)
{
	(void)state;
	struct str ids[] = {STR("mx.example")};
	hints = (struct identity_hints){.authserv_ids = ids, .authserv_ids_count = 1};
	assert_string_equal(found("Authentication-Results: evil.example; spf=pass smtp.mailfrom=x@victim.example\r\n"
		"Received-SPF: pass envelope-from=x@victim.example; client-ip=192.0.2.66; receiver=evil.example\r\n"
		"Authentication-Results: MX.example; dkim=none\r\n"
		"Authentication-Results: mx.example; spf=fail smtp.mailfrom=a@example.com\r\n"),
		"mail_from=a@example.com (Authentication-Results of mx.example)");
	/* What stands below a foreign Received was there when the mail came. */
	hints.trusted_hops = ids;
	hints.trusted_hops_count = 1;
	assert_string_equal(found("Return-Path: <x@victim.example>\r\nAuthentication-Results: mx.example; "
		"spf=pass smtp.mailfrom=x@victim.example smtp.remote-ip=192.0.2.66\r\n"), "");
	assert_string_equal(found("Received: from a.example by b.example; date\r\nReturn-Path: <x@victim.example>\r\n"
		"Authentication-Results: mx.example; spf=pass smtp.mailfrom=x@victim.example\r\n"), "");
	assert_string_equal(found(CLIENT "Authentication-Results: mx.example; spf=pass smtp.mailfrom=a@example.com\r\n"
		"Received: from a.example by b.example; date\r\n"
		"Received-SPF: pass receiver=mx.example; envelope-from=x@victim.example\r\n"),
		"mail_from=a@example.com (Authentication-Results of mx.example); "
		"ip=192.0.2.1 (Received by mx.example); "
		"helo=h.example (Received by mx.example)");
	hints = (struct identity_hints){.helo = STR_NONE};
	assert_string_equal(found("Authentication-Results: mx.example; dkim=none\r\n"
		"Authentication-Results: evil.example; spf=pass smtp.mailfrom=x@victim.example\r\n"), "");
}

#define INSIDE "Received: from mx.example (mx.example [192.0.2.250]) by store.example; date\r\n"
#define INNER "Received: from out1 (out1.inside.example [10.0.0.7]) by mx.example; date\r\n"
#define OUT "Received: from pc.example (pc.example [10.1.2.3]) by out1.example; date\r\n"

static void test_trail(void **state)
{
	struct str hops[] = {STR("mx.example"), STR("store.example")};
	struct buf many;
	(void)state;
	hints = (struct identity_hints){.trusted_hops = hops, .trusted_hops_count = 2};
	assert_string_equal(found_of(INSIDE CLIENT OUT "Received: by first.example id 1; date\r\n", true),
		"rdns=r.example (Received); received=out1.example (Received); received=first.example (Received)");
	assert_string_equal(found_of(INSIDE INNER OUT, true), "rdns=out1.inside.example (Received); "
		"received=out1 (Received); received=out1.example (Received)");
	assert_string_equal(found_of("Received: by mx.example (Postfix, from userid 1); d\r\n", true), "");
	assert_string_equal(found_of(OUT "Message-ID:\r\n <1@out1.example>\r\nX-Dmarcd-Probe: abc\r\n"
		"X-Dmarcd-Probe: def\r\n", true), "received=out1.example (Received); "
		"message_id=<1@out1.example> (Message-ID); probe=abc (X-Dmarcd-Probe)");
	hints = (struct identity_hints){.helo = STR_NONE};
	assert_string_equal(found_of(CLIENT OUT, true), "rdns=r.example (Received); received=out1.example (Received)");
	assert_string_equal(found_of("Received: by out1.example (Postfix, from userid 1); d\r\n", true),
		"received=out1.example (Received)");
	assert_string_equal(found_of("Message-ID: \r\nX-Dmarcd-Probe:\r\n", true), "");
	buf_init(&many, SIZE_MAX / 2);
	for (int i = 0; i < 40; i++)
		buf_add_str(&many, STR(OUT));
	(void)found_of(buf_cstr(&many), true);
	buf_fini(&many);
	assert_int_equal(verdict.identities.count, 2 + 12);
}

static void test_texts(void **state)
{
	(void)state;
	hints = (struct identity_hints){.mail_from = STR("a\x1b[31m\xff@example.com")};
	assert_string_equal(found("From: a@example.com, B <b@example.net>\r\n"),
		"mail_from=a\\x1b[31m\\xff@example.com (given)");
	assert_int_equal(verdict.identities.count, 3);
	assert_true(str_eq(verdict.identities.at[1].value, STR("b@example.net")));
	assert_true(str_eq(verdict.identities.at[1].source, STR("From")));
}

static int setup(void **state)
{
	(void)state;
	arena = arena_open(ARENA_CEILING_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_received),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_private_hops),
		cmocka_unit_test(test_trusted_hops),
		cmocka_unit_test(test_trusted_results),
		cmocka_unit_test(test_trail),
		cmocka_unit_test(test_texts),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
