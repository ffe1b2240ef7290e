// SPDX-License-Identifier: Apache-2.0
#include "model/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct digest {
	EVP_MD_CTX *context;
};

static void *allocate(size_t bytes, const char *file, int line)
{
	void *place = malloc(bytes);
	(void)file;
	(void)line;
	if (!place && bytes > 0)
		die_out_of_memory();
	return place;
}

static void *reallocate(void *old, size_t bytes, const char *file, int line)
{
	void *place = realloc(old, bytes);
	(void)file;
	(void)line;
	if (!place && bytes > 0)
		die_out_of_memory();
	return place;
}

static void release(void *place, const char *file, int line)
{
	(void)file;
	(void)line;
	free(place);
}

void digest_init(void)
{
	(void)CRYPTO_set_mem_functions(allocate, reallocate, release);
}

static void start(EVP_MD_CTX *context)
{
	if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		die("OpenSSL has no SHA-256");
}

struct digest *digest_open(void)
{
	struct digest *digest = malloc(sizeof(*digest));
	if (!digest)
		die_out_of_memory();
	digest->context = EVP_MD_CTX_new();
	if (!digest->context)
		die_out_of_memory();
	start(digest->context);
	return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t len)
{
	if (EVP_DigestUpdate(digest->context, bytes, len) != 1)
		die("SHA-256 update failed");
}

struct sha256 digest_take(struct digest *digest)
{
	struct sha256 sum;
	if (EVP_DigestFinal_ex(digest->context, sum.bytes, NULL) != 1)
		die("SHA-256 final failed");
	/* The same again: without a search for what SHA-256 is. */
	if (EVP_DigestInit_ex(digest->context, NULL, NULL) != 1)
		die("SHA-256 does not start anew");
	return sum;
}

void digest_copy(struct digest *to, const struct digest *from)
{
	if (EVP_MD_CTX_copy_ex(to->context, from->context) != 1)
		die_out_of_memory();
}

void digest_close(struct digest **digest)
{
	if (!*digest)
		return;
	EVP_MD_CTX_free((*digest)->context);
	free(*digest);
	*digest = NULL;
}

struct sha256 sha256_of(const void *bytes, size_t len)
{
	struct sha256 sum;
	if (EVP_Digest(bytes, len, sum.bytes, NULL, EVP_sha256(), NULL) != 1)
		die("OpenSSL has no SHA-256");
	return sum;
}

const char *sha256_hex(const struct sha256 *sum, char text[SHA256_HEX_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		text[2 * i] = digits[sum->bytes[i] >> 4];
		text[2 * i + 1] = digits[sum->bytes[i] & 15];
	}
	text[SHA256_HEX_BYTES - 1] = '\0';
	return text;
}

bool sha256_parse(struct str hex, struct sha256 *sum_r)
{
	if (hex.len != SHA256_HEX_BYTES - 1)
		return false;
	for (size_t i = 0; i < hex.len; i++)
		if (!ascii_is_hex(hex.ptr[i]))
			return false;
	for (size_t i = 0; i < SHA256_BYTES; i++)
		sum_r->bytes[i] =
			(uint8_t)(ascii_hex_value(hex.ptr[2 * i]) << 4 | ascii_hex_value(hex.ptr[2 * i + 1]));
	return true;
}

const char *sha256_uuid(const struct sha256 *sum, char text[UUID_TEXT_BYTES])
{
	uint8_t b[16];
	memcpy(b, sum->bytes, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x80);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)snprintf(text, UUID_TEXT_BYTES,
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
	return text;
}
