// SPDX-License-Identifier: Apache-2.0
/* S/MIME wrappers, made with a key of the test's own (RFC 8551). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/parser/carry_case.h"

#include <openssl/pem.h>

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

static EVP_PKEY *key;
static X509 *cert;

static int make_key(void **state)
{
	carry_setup(state);
	key = EVP_EC_gen("P-256");
	cert = X509_new();
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"signer", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	return X509_sign(cert, key, EVP_sha256()) > 0 ? 0 : -1;
}

static int drop_key(void **state)
{
	X509_free(cert);
	EVP_PKEY_free(key);
	return carry_teardown(state);
}

static struct str written(CMS_ContentInfo *cms, bool pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes;
	assert_int_equal(pem ? PEM_write_bio_CMS(bio, cms) : i2d_CMS_bio(bio, cms), 1);
	long len = BIO_get_mem_data(bio, &bytes);
	struct str copy = arena_str(carry_arena(), (struct str){bytes, (size_t)len});
	BIO_free(bio);
	CMS_ContentInfo_free(cms);
	return copy;
}

static struct str signed_data(struct str content, unsigned flags, bool pem)
{
	BIO *in = BIO_new_mem_buf(content.ptr, (int)content.len);
	CMS_ContentInfo *cms = CMS_sign(cert, key, NULL, in, CMS_BINARY | flags);
	assert_non_null(cms);
	BIO_free(in);
	return written(cms, pem);
}

static struct str enveloped(struct str content)
{
	STACK_OF(X509) *to = sk_X509_new_null();
	sk_X509_push(to, cert);
	BIO *in = BIO_new_mem_buf(content.ptr, (int)content.len);
	CMS_ContentInfo *cms = CMS_encrypt(to, in, EVP_aes_128_cbc(), CMS_BINARY);
	assert_non_null(cms);
	BIO_free(in);
	sk_X509_free(to);
	return written(cms, false);
}

static struct str wrapped(const char *type, struct str bytes)
{
	return carry_single(arena_printf(carry_arena(), "%s; name=smime.p7m", type), bytes);
}

static void test_wrappers(void **state)
{
	(void)state;
	const char *opaque = "application/pkcs7-mime; smime-type=signed-data";
	struct str report = carry_part("application/gzip; name=x.xml.gz", carry_gzip(carry_xml("r1")));
	struct str parts[] = {STR("Content-Type: text/plain\n\nhello\n"), report};
	struct str mixed = carry_multipart(STR(""), "mixed", parts, 2);
	struct str twice = carry_part("application/pkcs7-mime; smime-type=signed-data",
		signed_data(mixed, 0, false));
	struct str der = signed_data(mixed, 0, false);
	struct str good = carry_part("application/gzip", carry_gzip(carry_xml("r2")));
	struct str detached = carry_part("application/octet-stream; name=smime.p7s",
		signed_data(mixed, CMS_DETACHED, false));
	struct carry_case cases[] = {
		{"signed, DER", wrapped(opaque, der), "", 1, ""},
		{"signed, PEM", wrapped(opaque, signed_data(mixed, 0, true)), "", 1, ""},
		{"signed, not said", wrapped("application/octet-stream", der), "", 1, ""},
		{"enveloped, of no type", wrapped("application/octet-stream", enveloped(mixed)),
			"mail.encrypted", 0, NULL},
		{"signed, not said, cut", wrapped("application/octet-stream", str_sub(der, 0, der.len / 2)),
			"mail.smime", 0, NULL},
		{"signature beside", carry_multipart(carry_header(), "signed", (struct str[]){good, detached}, 2),
			"", 1, ""},
		{"signed, one part", wrapped(opaque, signed_data(report, 0, false)), "", 1, ""},
		{"signed, old type", wrapped("application/x-pkcs7-mime", der), "", 1, ""},
		{"signed, CRLF inside", wrapped(opaque, signed_data(carry_replace(mixed, STR("\n"),
			STR("\r\n")), 0, false)),
			"", 1, ""},
		{"signed twice", wrapped(opaque, signed_data(twice, 0, false)), "", 1, ""},
		{"signed, no report", wrapped(opaque,
			signed_data(STR("Content-Type: text/plain\n\nhi\n"), 0, false)),
			"not_a_report.mail", 0, NULL},
		{"signed, content elsewhere", wrapped(opaque, signed_data(mixed, CMS_DETACHED, false)),
			"mail.smime", 0, NULL},
		{"signed, cut", wrapped(opaque, str_sub(der, 0, der.len / 2)), "mail.smime", 0, NULL},
		{"enveloped", wrapped("application/pkcs7-mime; smime-type=enveloped-data", enveloped(mixed)),
			"mail.encrypted", 0, NULL},
		{"enveloped, not said", wrapped("application/pkcs7-mime", enveloped(mixed)),
			"mail.encrypted", 0, NULL},
		{"empty", wrapped(opaque, STR("")), "mail.smime", 0, NULL},
	};
	CARRY_CHECK(cases, NULL);
}

static void test_wrappers_within_wrappers_end(void **state)
{
	(void)state;
	struct str mail = carry_part("application/gzip", carry_gzip(carry_xml("r1")));
	for (int i = 0; i < 8; i++)
		mail = carry_part("application/pkcs7-mime; smime-type=signed-data", signed_data(mail, 0, false));
	const struct carried *carried = carry_bytes(carry_join(carry_header(), mail), NULL);
	assert_string_equal(carry_code(carried), "mail.too_many_parts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrappers),
		cmocka_unit_test(test_wrappers_within_wrappers_end),
	};
	return cmocka_run_group_tests(tests, make_key, drop_key);
}
