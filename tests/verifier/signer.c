// SPDX-License-Identifier: Apache-2.0
#include "tests/verifier/signer.h"

#include "verifier/dkim/base64.h"
#include "verifier/dkim/judge.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#define PLACEHOLDER "AAAA"

struct signer {
	EVP_PKEY *key;
};

static struct signer *signer_of(EVP_PKEY *key)
{
	struct signer *signer = malloc(sizeof(*signer));
	if (!key || !signer)
		die("no key");
	signer->key = key;
	return signer;
}

struct signer *signer_rsa(unsigned bits, unsigned exponent)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	size_t size = bits;
	uint64_t e = exponent;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_size_t(OSSL_PKEY_PARAM_RSA_BITS, &size),
		OSSL_PARAM_construct_uint64(OSSL_PKEY_PARAM_RSA_E, &e),
		OSSL_PARAM_construct_end(),
	};
	if (EVP_PKEY_keygen_init(context) != 1 || EVP_PKEY_CTX_set_params(context, params) != 1
		|| EVP_PKEY_generate(context, &key) != 1)
		die("no RSA key");
	EVP_PKEY_CTX_free(context);
	return signer_of(key);
}

struct signer *signer_ed25519(void)
{
	return signer_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

void signer_close(struct signer **signer)
{
	if (!*signer)
		return;
	EVP_PKEY_free((*signer)->key);
	free(*signer);
	*signer = NULL;
}

static bool is_rsa(const struct signer *signer)
{
	return EVP_PKEY_is_a(signer->key, "RSA") == 1;
}

static struct str base64_of(struct arena *arena, unsigned char *der, int len)
{
	struct str text = base64_encode(arena, (struct str){(const char *)der, (size_t)len});
	OPENSSL_free(der);
	return text;
}

struct str signer_record(struct arena *arena, const struct signer *signer)
{
	unsigned char *der = NULL, raw[32];
	size_t raw_len = sizeof(raw);
	struct str p;
	if (is_rsa(signer)) {
		int len = i2d_PUBKEY(signer->key, &der);
		p = base64_of(arena, der, len);
	} else {
		if (EVP_PKEY_get_raw_public_key(signer->key, raw, &raw_len) != 1)
			die("no public key");
		p = base64_encode(arena, (struct str){(const char *)raw, raw_len});
	}
	return str_from(arena_printf(arena, "v=DKIM1; k=%s; p=%.*s", is_rsa(signer) ? "rsa" : "ed25519", STR_FMT(p)));
}

struct str signer_bare_p(struct arena *arena, const struct signer *signer)
{
	unsigned char *der = NULL;
	int len = i2d_PublicKey(signer->key, &der);
	return base64_of(arena, der, len);
}

/* b= over a digest: what the digest's maker would have got from hashing itself. */
static struct str sign_digest(struct arena *arena, struct signer *signer, const struct sha256 *digest)
{
	unsigned char signature[2048];
	size_t len = sizeof(signature);
	bool done;
	if (is_rsa(signer)) {
		EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, signer->key, NULL);
		done = EVP_PKEY_sign_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
			&& EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1
			&& EVP_PKEY_sign(context, signature, &len, digest->bytes, SHA256_BYTES) == 1;
		EVP_PKEY_CTX_free(context);
	} else {
		EVP_MD_CTX *context = EVP_MD_CTX_new();
		done = EVP_DigestSignInit(context, NULL, NULL, NULL, signer->key) == 1
			&& EVP_DigestSign(context, signature, &len, digest->bytes, SHA256_BYTES) == 1;
		EVP_MD_CTX_free(context);
	}
	if (!done)
		die("no signature");
	return base64_encode(arena, (struct str){(const char *)signature, len});
}

struct bench {
	struct verify verify;
	struct dkim_keys *keys;
	struct message message;
	struct judge judge;
	struct signature signature;
};

/* bytes begin with the field to be signed. What cannot be read gets the placeholder for its signature. */
static void bench_open(struct bench *bench, struct arena *arena, enum signature_kind kind, struct str bytes)
{
	bench->verify = (struct verify){.arena = arena, .limits = verify_limits_default()};
	bench->keys = dkim_keys_open();
	message_parse(arena, bytes, &bench->message);
	judge_open(&bench->judge, &bench->verify, &bench->message, bench->keys, PART_DKIM);
	signature_parse(arena, kind, &bench->message.fields[0], &bench->signature);
}

static struct str with_field(struct arena *arena, const char *name, struct str tags, const char *bh, struct str b,
	struct str bytes)
{
	return str_from(arena_printf(arena, "%s: %.*s%s; b=%.*s\r\n%.*s", name, STR_FMT(tags), bh, STR_FMT(b),
		STR_FMT(bytes)));
}

static struct str sign(struct arena *arena, struct signer *signer, enum signature_kind kind, struct str tags,
	struct str bh, struct str bytes)
{
	const char *name = kind == SIGNATURE_DKIM ? "DKIM-Signature" : "ARC-Message-Signature";
	struct bench bench;
	if (!bh.ptr) {
		bench_open(&bench, arena, kind,
			with_field(arena, name, tags, "; bh=" PLACEHOLDER, STR(PLACEHOLDER), bytes));
		const struct judged_body *body = judge_body(&bench.judge, &bench.signature);
		bh = base64_encode(arena, (struct str){(const char *)body->sum.bytes, SHA256_BYTES});
		dkim_keys_close(&bench.keys);
	}
	const char *bh_tag = arena_printf(arena, "; bh=%.*s", STR_FMT(bh));
	bench_open(&bench, arena, kind, with_field(arena, name, tags, bh_tag, STR(PLACEHOLDER), bytes));
	struct str b = STR(PLACEHOLDER);
	if (!bench.signature.fault.reason) {
		struct sha256 digest = judge_header(&bench.judge, &bench.signature, NULL);
		b = sign_digest(arena, signer, &digest);
	}
	dkim_keys_close(&bench.keys);
	return with_field(arena, name, tags, bh_tag, b, bytes);
}

struct str signer_sign(struct arena *arena, struct signer *signer, struct str tags, struct str bytes)
{
	return sign(arena, signer, SIGNATURE_DKIM, tags, STR_NONE, bytes);
}

struct str signer_sign_hash(struct arena *arena, struct signer *signer, struct str tags, struct str bh,
	struct str bytes)
{
	return sign(arena, signer, SIGNATURE_DKIM, tags, bh, bytes);
}

static void add_field(struct canon *canon, const struct message_field *field)
{
	canon_field_relaxed(canon, field->name, field->body);
	canon_line_end(canon);
}

/* Sets stand above each other: seal, message signature, results. The one being made has its seal at the top. */
static struct sha256 seal_digest(struct bench *bench, unsigned instance)
{
	struct digest *digest = digest_open();
	struct canon canon;
	canon_begin(&canon, digest, NULL, UINT64_MAX);
	for (unsigned i = 1; i <= instance; i++) {
		size_t at = (size_t)(instance - i) * 3;
		add_field(&canon, &bench->message.fields[at + 2]);
		add_field(&canon, &bench->message.fields[at + 1]);
		if (i < instance)
			add_field(&canon, &bench->message.fields[at]);
	}
	judge_add_unsigned(&canon, &bench->signature);
	canon_end(&canon);
	struct sha256 sum = digest_take(digest);
	digest_close(&digest);
	return sum;
}

struct str signer_seal(struct arena *arena, struct signer *signer, unsigned instance, struct str results,
	struct str tags, struct str seal_tags, struct str bytes)
{
	struct bench bench;
	struct str i = str_from(arena_printf(arena, "i=%u; ", instance));
	struct str message = str_from(arena_printf(arena, "%.*s%.*s", STR_FMT(i), STR_FMT(tags)));
	struct str seal = str_from(arena_printf(arena, "%.*s%.*s", STR_FMT(i), STR_FMT(seal_tags)));
	bytes = str_from(arena_printf(arena, "ARC-Authentication-Results: %.*s%.*s\r\n%.*s", STR_FMT(i),
		STR_FMT(results), STR_FMT(bytes)));
	bytes = sign(arena, signer, SIGNATURE_ARC_MESSAGE, message, STR_NONE, bytes);
	bench_open(&bench, arena, SIGNATURE_ARC_SEAL, with_field(arena, "ARC-Seal", seal, "", STR(PLACEHOLDER), bytes));
	struct sha256 digest = seal_digest(&bench, instance);
	dkim_keys_close(&bench.keys);
	return with_field(arena, "ARC-Seal", seal, "", sign_digest(arena, signer, &digest), bytes);
}
