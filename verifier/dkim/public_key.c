// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

struct public_key {
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *recover; /* RSA: made at the key's first use, then kept */
	size_t bytes;          /* RSA: of the modulus */
};

/* DigestInfo of SHA-256 up to the digest (RFC 8017 section 9.2, note 1). */
static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
	0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

#define ENCODED_TAIL (sizeof(sha256_info) + SHA256_BYTES)
#define PADDING_MIN 11 /* 00 01, at least eight FF, 00 */

static struct public_key *new_key(EVP_PKEY *pkey, size_t bytes)
{
	struct public_key *key;
	if (!pkey) {
		ERR_clear_error();
		return NULL;
	}
	key = malloc(sizeof(*key));
	if (!key)
		die_out_of_memory();
	*key = (struct public_key){.pkey = pkey, .bytes = bytes};
	return key;
}

/* OSSL_PARAM has integers in the order of the machine. */
static void native_number(struct str big_endian, uint8_t *native)
{
	BIGNUM *number = BN_bin2bn((const uint8_t *)big_endian.ptr, (int)big_endian.len, NULL);
	if (!number || BN_bn2nativepad(number, native, (int)big_endian.len) < 0)
		die_out_of_memory();
	BN_free(number);
}

struct public_key *public_key_rsa(struct str n, struct str e)
{
	uint8_t modulus[RSA_BYTES_MAX], exponent[8];
	EVP_PKEY *pkey = NULL;
	if (n.len == 0 || n.len > sizeof(modulus) || e.len == 0 || e.len > sizeof(exponent))
		return NULL;
	native_number(n, modulus);
	native_number(e, exponent);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, n.len),
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, e.len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	if (!context)
		die("OpenSSL has no RSA");
	if (EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(context);
	return new_key(pkey, n.len);
}

struct public_key *public_key_ed25519(struct str point)
{
	if (point.len != ED25519_KEY_BYTES)
		return NULL;
	return new_key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const uint8_t *)point.ptr, point.len), 0);
}

void public_key_close(struct public_key **key)
{
	if (!*key)
		return;
	EVP_PKEY_CTX_free((*key)->recover);
	EVP_PKEY_free((*key)->pkey);
	free(*key);
	*key = NULL;
}

/* The bare operation: padding is compared here, byte for byte, so that nothing is parsed out of it. */
static bool raw_rsa(struct public_key *key, struct str signature, uint8_t *encoded)
{
	size_t len = RSA_BYTES_MAX;
	if (!key->recover) {
		key->recover = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
		if (!key->recover)
			die_out_of_memory();
		if (EVP_PKEY_verify_recover_init(key->recover) != 1
			|| EVP_PKEY_CTX_set_rsa_padding(key->recover, RSA_NO_PADDING) != 1)
			die("OpenSSL has no bare RSA");
	}
	bool done = EVP_PKEY_verify_recover(key->recover, encoded, &len, (const uint8_t *)signature.ptr,
		signature.len) == 1;
	if (!done)
		ERR_clear_error();
	return done && len == key->bytes;
}

static bool padding_is_right(const uint8_t *encoded, size_t bytes)
{
	const uint8_t *tail = encoded + bytes - ENCODED_TAIL;
	if (encoded[0] != 0 || encoded[1] != 1 || tail[-1] != 0)
		return false;
	for (const uint8_t *at = encoded + 2; at < tail - 1; at++)
		if (*at != 0xff)
			return false;
	return memcmp(tail, sha256_info, sizeof(sha256_info)) == 0;
}

bool public_key_rsa_verify(struct public_key *key, struct str signature, const struct sha256 *digest,
	struct sha256 *signed_r, bool *readable_r)
{
	uint8_t encoded[RSA_BYTES_MAX];
	if (readable_r)
		*readable_r = false;
	if (signature.len != key->bytes || key->bytes < ENCODED_TAIL + PADDING_MIN || !raw_rsa(key, signature, encoded)
		|| !padding_is_right(encoded, key->bytes))
		return false;
	const uint8_t *is = encoded + key->bytes - SHA256_BYTES;
	if (signed_r)
		memcpy(signed_r->bytes, is, SHA256_BYTES);
	if (readable_r)
		*readable_r = true;
	return memcmp(is, digest->bytes, SHA256_BYTES) == 0;
}

bool public_key_ed25519_verify(struct public_key *key, struct str signature, const struct sha256 *digest)
{
	if (signature.len != ED25519_SIGNATURE_BYTES)
		return false;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	if (!context)
		die_out_of_memory();
	bool good = EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1
		&& EVP_DigestVerify(context, (const uint8_t *)signature.ptr, signature.len, digest->bytes,
			SHA256_BYTES) == 1;
	EVP_MD_CTX_free(context);
	if (!good)
		ERR_clear_error();
	return good;
}

void public_key_warm_up(void)
{
	/* The base point (RFC 8032 section 5.1), and any odd number for a modulus. */
	char point[ED25519_KEY_BYTES], number[2 * SHA256_BYTES * 4];
	const struct sha256 digest = {{0}};
	memset(point, 0x66, sizeof(point));
	point[0] = 0x58;
	memset(number, 0x55, sizeof(number));
	number[0] = (char)0xd5;
	const struct str all = {number, sizeof(number)};
	struct public_key *rsa = public_key_rsa(all, (struct str){"\x01\x00\x01", 3});
	struct public_key *ed25519 = public_key_ed25519((struct str){point, sizeof(point)});
	number[0] = 0x55;
	if (rsa)
		(void)public_key_rsa_verify(rsa, all, &digest, NULL, NULL);
	if (ed25519)
		(void)public_key_ed25519_verify(ed25519, str_sub(all, 0, ED25519_SIGNATURE_BYTES), &digest);
	public_key_close(&rsa);
	public_key_close(&ed25519);
}
