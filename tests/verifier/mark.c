// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/verifier/mark.h"

#include "base/buf.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <zlib.h>

#define EKU_BIMI "1.3.6.1.5.5.7.3.31"
#define LOGOTYPE "1.3.6.1.5.5.7.1.12"
#define BYTES_MAX ((size_t)1 << 20)

struct mark_options mark_good(void)
{
	return (struct mark_options){
		.domain = "example.com",
		.mark_type = "Registered Mark",
		.eku = EKU_BIMI,
		.ca_eku = EKU_BIMI,
		.svg = STR(MARK_SVG),
		.media_type = "image/svg+xml",
		.days_from_now = -10,
		.days = 20,
	};
}

static struct str der(struct arena *arena, unsigned char tag, struct str content)
{
	struct buf buf;
	buf_init(&buf, BYTES_MAX);
	buf_add_char(&buf, (char)tag);
	buf_add_char(&buf, (char)0x83);
	for (int shift = 16; shift >= 0; shift -= 8)
		buf_add_char(&buf, (char)(content.len >> shift & 0xff));
	buf_add_str(&buf, content);
	struct str out = arena_str(arena, buf_str(&buf));
	buf_fini(&buf);
	return out;
}

static struct str cat(struct arena *arena, struct str a, struct str b)
{
	char *both = arena_alloc(arena, a.len + b.len + 1);
	if (a.len > 0)
		memcpy(both, a.ptr, a.len);
	if (b.len > 0)
		memcpy(both + a.len, b.ptr, b.len);
	return (struct str){both, a.len + b.len};
}

static struct str gzipped(struct arena *arena, struct str bytes)
{
	z_stream stream = {0};
	size_t room = bytes.len + 1024;
	char *out = arena_alloc(arena, room);
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)bytes.ptr;
	stream.avail_in = (uInt)bytes.len;
	stream.next_out = (Bytef *)out;
	stream.avail_out = (uInt)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&stream);
	return (struct str){out, stream.total_out};
}

/* LogotypeExtn of RFC 3709 section 4.1, from the inside out. */
static struct str logotype(struct arena *arena, const struct mark_options *options)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct str image = options->plain_svg ? options->svg : gzipped(arena, options->svg);
	char *base64 = arena_alloc(arena, image.len / 3 * 4 + 8);
	(void)EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)image.ptr, (int)image.len);
	assert_true(EVP_Digest(options->svg.ptr, options->svg.len, sum, &len,
		options->sha256 ? EVP_sha256() : EVP_sha1(), NULL));
	sum[0] ^= options->wrong_hash;
	struct str oid = options->sha256 ? STR("\x60\x86\x48\x01\x65\x03\x04\x02\x01") : STR("\x2b\x0e\x03\x02\x1a");
	struct str hash = der(arena, 0x30, cat(arena, der(arena, 0x30, der(arena, 0x06, oid)),
		der(arena, 0x04, (struct str){(const char *)sum, len})));
	struct str uri = der(arena, 0x16, cat(arena, STR("data:image/svg+xml;base64,"), str_from(base64)));
	struct str details = cat(arena, der(arena, 0x16, str_from(options->media_type)),
		cat(arena, der(arena, 0x30, hash), der(arena, 0x30, uri)));
	struct str images = der(arena, 0x30, der(arena, 0x30, der(arena, 0x30, details)));
	return der(arena, 0x30, der(arena, 0xa2, der(arena, 0xa0, der(arena, 0x30,
		str_from_offset(images, 5)))));
}

static void add_bytes(X509 *certificate, const char *oid, struct str value)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *string = ASN1_OCTET_STRING_new();
	assert_true(ASN1_OCTET_STRING_set(string, (const unsigned char *)value.ptr, (int)value.len));
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, string);
	assert_true(X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(string);
	ASN1_OBJECT_free(object);
}

static void add_text(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(extension);
	assert_true(X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static void add_name(X509_NAME *name, const char *oid, const char *value)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	assert_true(X509_NAME_add_entry_by_OBJ(name, object, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0));
	ASN1_OBJECT_free(object);
}

/* kind: of the name, "2.5.4.3" or, as marks may have it alone, "2.5.4.10". */
static X509 *certificate(const char *kind, const char *name, long serial, EVP_PKEY *key, const char *issuer, int from,
	int days)
{
	X509 *made = X509_new();
	X509_NAME *issued_by = X509_NAME_new();
	assert_true(X509_set_version(made, 2));
	assert_true(ASN1_INTEGER_set(X509_get_serialNumber(made), serial));
	ASN1_TIME_set(X509_getm_notBefore(made), (time_t)(MARK_NOW + (int64_t)from * 86400));
	ASN1_TIME_set(X509_getm_notAfter(made), (time_t)(MARK_NOW + (int64_t)(from + days) * 86400));
	add_name(X509_get_subject_name(made), kind, name);
	add_name(issued_by, "2.5.4.3", issuer);
	assert_true(X509_set_issuer_name(made, issued_by));
	X509_NAME_free(issued_by);
	assert_true(X509_set_pubkey(made, key));
	return made;
}

static struct str pem(struct arena *arena, X509 *made)
{
	char *text;
	BIO *bio = BIO_new(BIO_s_mem());
	assert_true(PEM_write_bio_X509(bio, made));
	long len = BIO_get_mem_data(bio, &text);
	struct str out = arena_str(arena, (struct str){text, (size_t)len});
	BIO_free(bio);
	return out;
}

static X509 *make_leaf(struct arena *arena, const struct mark_options *options, EVP_PKEY *key, const char *issuer)
{
	X509 *leaf = certificate("2.5.4.10", "leaf", 3, key, issuer, options->days_from_now, options->days);
	if (options->mark_type)
		add_name(X509_get_subject_name(leaf), "1.3.6.1.4.1.53087.1.13", options->mark_type);
	if (options->domain)
		add_text(leaf, NID_subject_alt_name, arena_printf(arena, "DNS:%s", options->domain));
	if (options->eku)
		add_text(leaf, NID_ext_key_usage, options->eku);
	if (options->svg.ptr)
		add_bytes(leaf, LOGOTYPE, logotype(arena, options));
	return leaf;
}

struct mark mark_make(struct arena *arena, const struct mark_options *options)
{
	EVP_PKEY *root_key = EVP_EC_gen("P-256"), *ca_key = EVP_EC_gen("P-256");
	EVP_PKEY *key = options->rsa_bits > 0 ? EVP_RSA_gen((unsigned)options->rsa_bits) : EVP_EC_gen("P-256");
	static int made;
	const char *root_name = arena_printf(arena, "root %d", ++made);
	const char *ca_name = arena_printf(arena, "authority %d", made);
	X509 *root = certificate("2.5.4.3", root_name, 1, root_key, root_name, -1000, 2000);
	X509 *ca = certificate("2.5.4.3", ca_name, 2, ca_key, root_name, -1000, 2000);
	X509 *leaf = make_leaf(arena, options, key, ca_name);
	add_text(root, NID_basic_constraints, "critical,CA:TRUE");
	add_text(ca, NID_basic_constraints, "critical,CA:TRUE");
	if (options->ca_eku)
		add_text(ca, NID_ext_key_usage, options->ca_eku);
	assert_true(X509_sign(root, root_key, EVP_sha256()) > 0);
	assert_true(X509_sign(ca, root_key, EVP_sha256()) > 0);
	assert_true(X509_sign(leaf, ca_key, EVP_sha256()) > 0);
	struct mark mark = {.root = pem(arena, root)};
	mark.evidence = cat(arena, pem(arena, leaf), pem(arena, ca));
	mark.reversed = cat(arena, pem(arena, ca), pem(arena, leaf));
	X509_free(root);
	X509_free(ca);
	X509_free(leaf);
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	return mark;
}
