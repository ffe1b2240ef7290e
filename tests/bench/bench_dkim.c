// SPDX-License-Identifier: Apache-2.0
/* DKIM beside the arithmetic it cannot do without, and beside libopendkim. */
#include "tests/bench/bench.h"

#include "dns/session.h"
#include "model/digest.h"
#include "tests/verifier/signer.h"
#include "verifier/dkim.h"
#include "verifier/dkim/base64.h"
#include "verifier/dkim/key_record.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define SMALL_BYTES ((size_t)10 * 1024)
#define LARGE_BYTES ((size_t)10 * 1024 * 1024)
#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define JOB_BYTES ((size_t)64 * 1024 * 1024)

static const char header[] =
	"Received: from mail.example.com (mail.example.com [192.0.2.10])\r\n"
	"\tby mx.example.net (Postfix) with ESMTPS id 4Xk2Yz1Qw2z9s1B\r\n"
	"\tfor <ann@example.net>; Mon,  2 Mar 2026 10:11:12 +0000 (UTC)\r\n"
	"From: Joe SixPack <joe@example.com>\r\nTo: Suzie Q <suzie@example.net>\r\n"
	"Subject: Re: the agenda of the meeting on Thursday, and what is left of it\r\n"
	"Date: Mon, 02 Mar 2026 10:11:10 +0000\r\nMessage-ID: <20260302101110.46341.5F8J@example.com>\r\n"
	"In-Reply-To: <20260301090807.11111.AAAA@example.net>\r\n"
	"References: <20260301090807.11111.AAAA@example.net>\r\n"
	"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
static const char line[] = "We have looked at the numbers of last week again, and they are not what we thought.\r\n";

/* The DNS in memory: one key for every question. */
struct one_key {
	struct dns dns;
	struct str record;
};

static void answer_key(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	(void)name;
	(void)type;
	*answer_r = (struct dns_answer){.status = DNS_OK, .count = 1, .records = ARENA_NEW(arena, struct dns_record)};
	answer_r->records[0].text = ((struct one_key *)dns)->record;
}

struct work {
	struct str bytes;
	struct one_key dns;
	struct dkim_keys *keys;
	struct arena *job;
	struct str spki;
	EVP_PKEY_CTX *raw;
	uint8_t signature[256];
	size_t signature_len;
	struct sha256 sum;
};

static void check(struct work *work, struct dkim_keys *keys)
{
	struct verdict verdict = {0};
	struct message message;
	struct verify verify = {.arena = work->job, .limits = verify_limits_default()};
	verify.dns = dns_session_dns(dns_session_open(work->job, &work->dns.dns, DNS_QUERIES_MAX));
	message_parse(work->job, work->bytes, &message);
	dkim_check(&verify, &message, keys, STR("example.com"), &verdict);
	if (verdict.dkim.count != 1 || verdict.dkim.at[0].result != AUTH_PASS)
		die("the message does not verify");
	arena_reset(work->job);
}

static void run_ours(void *context)
{
	struct work *work = context;
	check(work, work->keys);
}

/* As run_ours(), and the key is seen for the first time. */
static void run_first_use(void *context)
{
	struct work *work = context;
	struct dkim_keys *keys = dkim_keys_open();
	check(work, keys);
	dkim_keys_close(&keys);
}

static void run_sha256(void *context)
{
	struct work *work = context;
	work->sum = sha256_of(work->bytes.ptr, work->bytes.len);
}

/* One verification with everything at hand, and the digest of the bytes. */
static void run_raw(void *context)
{
	struct work *work = context;
	struct sha256 digest = {{1}};
	run_sha256(work);
	if (EVP_PKEY_verify(work->raw, work->signature, work->signature_len, digest.bytes, SHA256_BYTES) != 1)
		die("the raw signature does not verify");
}

static void run_d2i(void *context)
{
	struct work *work = context;
	const unsigned char *der = (const unsigned char *)work->spki.ptr;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &der, (long)work->spki.len);
	if (!key)
		die("no key");
	EVP_PKEY_free(key);
}

static void raw_open(struct work *work)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	struct sha256 digest = {{1}};
	work->signature_len = sizeof(work->signature);
	work->raw = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	if (EVP_PKEY_sign_init(sign) != 1 || EVP_PKEY_CTX_set_rsa_padding(sign, RSA_PKCS1_PADDING) != 1
		|| EVP_PKEY_CTX_set_signature_md(sign, EVP_sha256()) != 1
		|| EVP_PKEY_sign(sign, work->signature, &work->signature_len, digest.bytes, SHA256_BYTES) != 1
		|| EVP_PKEY_verify_init(work->raw) != 1
		|| EVP_PKEY_CTX_set_rsa_padding(work->raw, RSA_PKCS1_PADDING) != 1
		|| EVP_PKEY_CTX_set_signature_md(work->raw, EVP_sha256()) != 1)
		die("OpenSSL does not sign");
	EVP_PKEY_CTX_free(sign);
	EVP_PKEY_free(key);
}

static struct str made_message(struct arena *arena, size_t bytes, struct signer *signer)
{
	char *text = arena_alloc(arena, bytes);
	size_t len = sizeof(header) - 1;
	memcpy(text, header, len);
	for (; len + sizeof(line) - 1 <= bytes; len += sizeof(line) - 1)
		memcpy(text + len, line, sizeof(line) - 1);
	return signer_sign(arena, signer, STR("v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=sel2026;\r\n"
		"\tt=1772446270; h=from:to:subject:date:message-id:in-reply-to:references:mime-version:\r\n"
		"\tcontent-type:content-transfer-encoding:from"), (struct str){text, len});
}

/* As a Maildir has it. */
static struct str with_lf(struct arena *arena, struct str bytes)
{
	char *text = arena_alloc(arena, bytes.len);
	size_t len = 0;
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.ptr[i] != '\r')
			text[len++] = bytes.ptr[i];
	return (struct str){text, len};
}

static void compare_opendkim(const char *name, struct work *work)
{
	struct opendkim_bench *opendkim = opendkim_bench_open(work->bytes, work->dns.record);
	bench_compare(name, run_first_use, work, opendkim_bench_run, opendkim, 1);
	opendkim_bench_close(&opendkim);
}

void bench_dkim(void)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct signer *signer = signer_rsa(2048, 65537);
	struct work work = {.dns.dns.query = answer_key, .job = arena_open(JOB_BYTES), .keys = dkim_keys_open()};
	work.dns.record = signer_record(arena, signer);
	if (!base64_decode(arena, str_from_offset(work.dns.record, str_find(work.dns.record, STR("p=")) + 2),
		&work.spki))
		die("no key in the record");
	raw_open(&work);
	work.bytes = made_message(arena, SMALL_BYTES, signer);
	bench_compare("DKIM 10 KB, key at hand; raw RSA and SHA-256", run_ours, &work, run_raw, &work, 2);
	bench_compare("DKIM 10 KB, new key; raw RSA and SHA-256", run_first_use, &work, run_raw, &work, 3);
	bench_compare("DKIM 10 KB, new key; d2i_PUBKEY alone", run_first_use, &work, run_d2i, &work, 1);
	compare_opendkim("DKIM 10 KB, new key; libopendkim", &work);
	work.bytes = made_message(arena, LARGE_BYTES, signer);
	bench_compare("DKIM 10 MB; SHA-256", run_ours, &work, run_sha256, &work, 2);
	compare_opendkim("DKIM 10 MB; libopendkim", &work);
	work.bytes = with_lf(arena, work.bytes);
	bench_compare("DKIM 10 MB with LF line ends; SHA-256", run_ours, &work, run_sha256, &work, 2);
	EVP_PKEY_CTX_free(work.raw);
	dkim_keys_close(&work.keys);
	arena_close(&work.job);
	arena_close(&arena);
	signer_close(&signer);
}
