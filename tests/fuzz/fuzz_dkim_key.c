// SPDX-License-Identifier: Apache-2.0
/*
 * Key records: a usable RSA key has the modulus and exponent that OpenSSL's
 * own decoder finds, and no worthless one; what is made of it verifies nothing
 * by chance; unknown tags change nothing.
 */
#include "tests/fuzz/fuzz.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "verifier/dkim/base64.h"
#include "verifier/dkim/keys.h"
#include "verifier/dkim/tag_list.h"

#define ARENA_BYTES ((size_t)64 << 20)

static void prove_number(EVP_PKEY *key, const char *name, struct str number)
{
	BIGNUM *theirs = NULL, *ours = BN_bin2bn((const unsigned char *)number.ptr, (int)number.len, NULL);
	if (EVP_PKEY_get_bn_param(key, name, &theirs) != 1 || BN_cmp(theirs, ours) != 0)
		die("%s is another for OpenSSL", name);
	BN_free(theirs);
	BN_free(ours);
}

static void prove_rsa(struct arena *arena, struct str text, const struct key_record *record)
{
	struct tag_list list;
	struct str problem, der;
	(void)tag_list_parse(arena, text, &list, &problem);
	if (!base64_decode(arena, tag_list_value(&list, STR("p")), &der))
		die("p= is no base64 after all");
	const unsigned char *at = (const unsigned char *)der.ptr;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);
	at = (const unsigned char *)der.ptr;
	if (!key)
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)der.len);
	if (!key)
		die("OpenSSL finds no key");
	prove_number(key, OSSL_PKEY_PARAM_RSA_N, record->n);
	prove_number(key, OSSL_PKEY_PARAM_RSA_E, record->e);
	if ((unsigned)EVP_PKEY_get_bits(key) != record->bits)
		die("%u bits are %d for OpenSSL", record->bits, EVP_PKEY_get_bits(key));
	if (!(record->n.ptr[record->n.len - 1] & 1) || !(record->e.ptr[record->e.len - 1] & 1) || record->e.len > 4
		|| (record->e.len == 1 && record->e.ptr[0] == 1))
		die("a key without worth");
	EVP_PKEY_free(key);
}

static void prove_unknown_tags(struct arena *arena, struct str text, const struct key_record *record)
{
	struct key_record other;
	struct tag_list list;
	struct str problem, longer = str_from(arena_printf(arena, "%.*s%sxunknown=1", STR_FMT(text),
		str_ends(str_trim(text), STR(";")) ? "" : ";"));
	if (memchr(text.ptr, '\0', text.len) || !tag_list_parse(arena, longer, &list, &problem))
		return; /* it stands there already, or is one too many */
	key_record_parse(arena, longer, &other);
	if (longer.len <= 4096 && (other.state != record->state || other.bits != record->bits))
		die("an unknown tag makes another key");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct dkim_keys *keys = dkim_keys_open();
	struct str text = arena_str(arena, (struct str){(const char *)bytes, len});
	struct known_key *known = keys_find(keys, text);
	const struct key_record *record = &known->record;
	if (keys_find(keys, text) != known)
		die("not found again");
	if ((record->state != KEY_USABLE) != (record->problem.len > 0))
		die("no ground for being unusable");
	if (record->state == KEY_USABLE && record->type == KEY_RSA)
		prove_rsa(arena, text, record);
	if (record->state == KEY_USABLE || record->state == KEY_REVOKED)
		prove_unknown_tags(arena, text, record);
	if (record->state == KEY_USABLE && record->bits <= 4096 && keys_public_key(known)) {
		static const char zeroes[512];
		struct sha256 digest = {{1}};
		struct str signature = {zeroes, record->type == KEY_RSA ? record->n.len : 64};
		if (record->type == KEY_RSA && public_key_rsa_verify(known->key, signature, &digest, NULL, NULL))
			die("zeroes are a signature");
	}
	dkim_keys_close(&keys);
	arena_close(&arena);
	return 0;
}
