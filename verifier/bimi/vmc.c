// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi/vmc.h"

#include "base/buf.h"
#include "verifier/bimi/logotype.h"
#include "verifier/verify.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <limits.h>
#include <string.h>

#define OID_EKU_BIMI "1.3.6.1.5.5.7.3.31"
#define OID_LOGOTYPE "1.3.6.1.5.5.7.1.12"
#define OID_MARK_TYPE "1.3.6.1.4.1.53087.1.13"
#define OID_TRADEMARK "1.3.6.1.4.1.53087.1.4"
#define OID_EXPERIMENTAL "1.3.6.1.4.1.53087.4.1"
#define CHAIN_DEPTH_MAX 4
#define SECURITY_LEVEL 2 /* of OpenSSL: 112 bits, which leaves out SHA-1 and RSA below 2048 */
#define DETAIL_BYTES_MAX 2048

struct check {
	struct arena *arena;
	const struct vmc_request *request;
	struct vmc *vmc;
	struct buf detail;
	STACK_OF(X509) *certificates; /* of the document, in its order */
};

/* The first fault gives the word, all of them the sentence. */
static void fault(struct check *check, const char *reason, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void fault(struct check *check, const char *reason, const char *fmt, ...)
{
	va_list args;
	check->vmc->state = VMC_FAIL;
	if (!check->vmc->reason)
		check->vmc->reason = reason;
	if (check->detail.len > 0)
		buf_add_str(&check->detail, STR("; "));
	va_start(args, fmt);
	buf_vprintf(&check->detail, fmt, args);
	va_end(args);
}

/* Appends the certificates of a PEM text. False: broken, empty or more than max. */
static bool read_pem(struct str text, int max, STACK_OF(X509) *list)
{
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	long der_len = 0;
	bool good = text.len > 0 && text.len <= INT_MAX;
	int before = sk_X509_num(list);
	BIO *bio = good ? BIO_new_mem_buf(text.ptr, (int)text.len) : NULL;
	if (!bio)
		return false;
	while (good && PEM_read_bio(bio, &name, &header, &der, &der_len)) {
		const unsigned char *at = der;
		X509 *certificate = strcmp(name, "CERTIFICATE") == 0 ? d2i_X509(NULL, &at, der_len) : NULL;
		good = certificate && at == der + der_len && sk_X509_num(list) - before < max;
		if (certificate && (!good || !sk_X509_push(list, certificate)))
			X509_free(certificate);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(der);
	}
	/* What ends the reading is "no more", not a block that is damaged. */
	good = good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	BIO_free(bio);
	return good && sk_X509_num(list) > before;
}

static X509_EXTENSION *extension_of(const X509 *certificate, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	if (!object)
		die_out_of_memory();
	int at = X509_get_ext_by_OBJ(certificate, object, -1);
	ASN1_OBJECT_free(object);
	return at >= 0 ? X509_get_ext(certificate, at) : NULL;
}

static bool is_oid(const ASN1_OBJECT *object, const char *oid)
{
	char text[80];
	return OBJ_obj2txt(text, sizeof(text), object, 1) > 0 && strcmp(text, oid) == 0;
}

static bool has_bimi_eku(X509 *certificate)
{
	bool found = false;
	EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
		found = found || is_oid(sk_ASN1_OBJECT_value(usages, i), OID_EKU_BIMI);
	sk_ASN1_OBJECT_pop_free(usages, ASN1_OBJECT_free);
	return found;
}

static struct str string_text(struct arena *arena, const ASN1_STRING *string)
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, string);
	if (len < 0)
		return STR_NONE;
	struct str text = verify_text(arena, (struct str){(const char *)utf8, (size_t)len});
	OPENSSL_free(utf8);
	return text;
}

/* The last value of that type in a name. */
static struct str name_value(struct arena *arena, const X509_NAME *name, const char *oid)
{
	struct str value = STR_NONE;
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
		if (is_oid(X509_NAME_ENTRY_get_object(entry), oid))
			value = string_text(arena, X509_NAME_ENTRY_get_data(entry));
	}
	return value;
}

static struct str time_text(struct arena *arena, const ASN1_TIME *time)
{
	struct tm tm;
	if (!ASN1_TIME_to_tm(time, &tm))
		return STR_NONE;
	return str_from(arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec));
}

static struct str digest_hex(struct arena *arena, const EVP_MD *kind, struct str bytes)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	char *hex = arena_alloc(arena, 2 * EVP_MAX_MD_SIZE + 1);
	if (!EVP_Digest(bytes.ptr ? bytes.ptr : "", bytes.len, sum, &len, kind, NULL))
		die_out_of_memory();
	for (unsigned i = 0; i < len; i++) {
		hex[2 * i] = "0123456789abcdef"[sum[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
	}
	return (struct str){hex, 2 * (size_t)len};
}

static void describe(struct check *check, X509 *leaf)
{
	struct vmc *vmc = check->vmc;
	struct arena *arena = check->arena;
	const X509_NAME *subject = X509_get_subject_name(leaf), *issuer = X509_get_issuer_name(leaf);
	unsigned char *der = NULL;
	vmc->organization = name_value(arena, subject, "2.5.4.10");
	vmc->mark_type = name_value(arena, subject, OID_MARK_TYPE);
	vmc->trademark = name_value(arena, subject, OID_TRADEMARK);
	vmc->issuer = name_value(arena, issuer, "2.5.4.3");
	vmc->not_before = time_text(arena, X509_get0_notBefore(leaf));
	vmc->not_after = time_text(arena, X509_get0_notAfter(leaf));
	vmc->has_scts = X509_get_ext_by_NID(leaf, NID_ct_precert_scts, -1) >= 0;
	vmc->experimental = extension_of(leaf, OID_EXPERIMENTAL) != NULL;
	if (str_eq(vmc->mark_type, STR("Registered Mark")) || str_eq(vmc->mark_type, STR("Government Mark")))
		vmc->kind = "VMC";
	else if (str_eq(vmc->mark_type, STR("Prior Use Mark")) ||
		str_eq(vmc->mark_type, STR("Modified Registered Mark")))
		vmc->kind = "CMC";
	int len = i2d_X509(leaf, &der);
	if (len > 0)
		vmc->sha256 = digest_hex(arena, EVP_sha256(), (struct str){(const char *)der, (size_t)len});
	OPENSSL_free(der);
}

/* The names that a certificate may carry for this record: the domain, also of the organisation above it, alone
 * or below the selector. */
static bool name_matches(struct check *check, struct str name)
{
	const struct str domains[] = {check->request->domain, check->request->org_domain};
	for (size_t i = 0; i < 2; i++) {
		if (domains[i].len == 0)
			continue;
		struct str selected = str_from(arena_printf(check->arena, "%.*s._bimi.%.*s",
			STR_FMT(check->request->selector), STR_FMT(domains[i])));
		if (str_eq_nocase(name, domains[i]) || str_eq_nocase(name, selected))
			return true;
	}
	return false;
}

static void check_names(struct check *check, X509 *leaf)
{
	bool match = false;
	struct buf names;
	GENERAL_NAMES *list = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	buf_init(&names, DETAIL_BYTES_MAX);
	for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
		const GENERAL_NAME *entry = sk_GENERAL_NAME_value(list, i);
		if (entry->type != GEN_DNS)
			continue;
		struct str name = {(const char *)ASN1_STRING_get0_data(entry->d.dNSName),
			(size_t)ASN1_STRING_length(entry->d.dNSName)};
		match = match || name_matches(check, name);
		if (names.len > 0)
			buf_add_str(&names, STR(", "));
		buf_add_str(&names, name);
	}
	GENERAL_NAMES_free(list);
	check->vmc->names = verify_text(check->arena, buf_str(&names));
	buf_fini(&names);
	if (!match && check->vmc->names.len > 0)
		fault(check, "vmc.domain", "it is for %.*s, not for %.*s", STR_FMT(check->vmc->names),
			STR_FMT(check->request->domain));
	else if (!match)
		fault(check, "vmc.domain", "it names no domain");
}

/* RFC 3709 section 4.1 wants the digest of what the URI leads to; authorities give that of the SVG in it. */
static const char *matching_hash(struct check *check, const struct logotype *logotype)
{
	const struct str images[] = {check->vmc->svg.bytes, logotype->image};
	for (size_t i = 0; i < logotype->hashes_count; i++) {
		const struct logotype_hash *hash = &logotype->hashes[i];
		const EVP_MD *kind = hash->algorithm == LOGOTYPE_SHA256 ? EVP_sha256() :
			hash->algorithm == LOGOTYPE_SHA1 ? EVP_sha1() : NULL;
		unsigned char sum[EVP_MAX_MD_SIZE];
		unsigned len = 0;
		for (size_t k = 0; kind && k < 2; k++)
			if (EVP_Digest(images[k].ptr ? images[k].ptr : "", images[k].len, sum, &len, kind, NULL) &&
				str_eq(hash->value, (struct str){(const char *)sum, len}))
				return hash->algorithm == LOGOTYPE_SHA256 ? "sha256" : "sha1";
	}
	return NULL;
}

static void check_logotype(struct check *check, X509 *leaf)
{
	X509_EXTENSION *extension = extension_of(leaf, OID_LOGOTYPE);
	struct logotype logotype;
	const char *detail;
	if (!extension) {
		fault(check, "vmc.logotype", "it has no logotype extension");
		return;
	}
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
	struct str der = {(const char *)ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)};
	if (!logotype_parse(check->arena, der, &logotype, &detail)) {
		fault(check, "vmc.logotype", "%s", detail);
		return;
	}
	svg_check(check->arena, logotype.image, check->request->svg_bytes_max, &check->vmc->svg);
	if (!check->vmc->svg.valid)
		fault(check, "vmc.svg", "its logo is no SVG Tiny PS: %.*s", STR_FMT(check->vmc->svg.detail));
	check->vmc->hash_algorithm = matching_hash(check, &logotype);
	if (!check->vmc->hash_algorithm)
		fault(check, "vmc.hash", "the digest in it is not that of its logo");
}

/* Common name, else organisation. */
static struct str subject_of(struct check *check, const X509 *certificate)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	struct str name = name_value(check->arena, subject, "2.5.4.3");
	return name.len > 0 ? name : name_value(check->arena, subject, "2.5.4.10");
}

static void chain_fault(struct check *check, int error, X509_STORE_CTX *context)
{
	const X509 *bad = X509_STORE_CTX_get_current_cert(context);
	struct str name = bad ? subject_of(check, bad) : STR_NONE;
	if (error == X509_V_ERR_CERT_HAS_EXPIRED)
		fault(check, "vmc.expired", "\"%.*s\" expired at %.*s", STR_FMT(name),
			STR_FMT(time_text(check->arena, X509_get0_notAfter(bad))));
	else if (error == X509_V_ERR_CERT_NOT_YET_VALID)
		fault(check, "vmc.not_yet_valid", "\"%.*s\" is valid from %.*s on", STR_FMT(name),
			STR_FMT(time_text(check->arena, X509_get0_notBefore(bad))));
	else
		fault(check, "vmc.chain", "no path to a root: %s (at \"%.*s\")", X509_verify_cert_error_string(error),
			STR_FMT(name));
}

static void check_path(struct check *check, X509_STORE *store)
{
	X509 *leaf = sk_X509_value(check->certificates, 0);
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	if (!context || !X509_STORE_CTX_init(context, store, leaf, check->certificates))
		die_out_of_memory();
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(param, (time_t)check->request->now_epoch_secs);
	X509_VERIFY_PARAM_set_depth(param, CHAIN_DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	if (X509_verify_cert(context) != 1) {
		chain_fault(check, X509_STORE_CTX_get_error(context), context);
	} else {
		STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
		if (sk_X509_num(chain) > 1 && !has_bimi_eku(sk_X509_value(chain, 1)))
			fault(check, "vmc.ca_eku", "its issuer lacks the extended key usage of BIMI ("
				OID_EKU_BIMI ")");
	}
	X509_STORE_CTX_free(context);
	ERR_clear_error();
}

/* What a path would have said of the certificate itself. */
static void check_dates(struct check *check, X509 *leaf)
{
	X509_VERIFY_PARAM *param = X509_VERIFY_PARAM_new();
	if (!param)
		die_out_of_memory();
	X509_VERIFY_PARAM_set_time(param, (time_t)check->request->now_epoch_secs);
	int when = X509_cmp_timeframe(param, X509_get0_notBefore(leaf), X509_get0_notAfter(leaf));
	X509_VERIFY_PARAM_free(param);
	if (when > 0)
		fault(check, "vmc.expired", "it expired at %.*s", STR_FMT(check->vmc->not_after));
	else if (when < 0)
		fault(check, "vmc.not_yet_valid", "it is valid from %.*s on", STR_FMT(check->vmc->not_before));
}

static bool self_issued(const X509 *certificate)
{
	return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
}

/* Without roots of the operator's, the path is tried to the root that the document itself carries. */
static void check_chain(struct check *check)
{
	const struct vmc_request *request = check->request;
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *roots = sk_X509_new_null();
	int anchors = 0;
	if (!store || !roots)
		die_out_of_memory();
	for (size_t i = 0; i < request->roots_count; i++)
		if (!read_pem(request->roots[i], VMC_ROOTS_MAX, roots))
			fault(check, "vmc.roots", "the file of roots cannot be read as PEM certificates");
	for (int i = 0; i < sk_X509_num(roots); i++)
		anchors += X509_STORE_add_cert(store, sk_X509_value(roots, i));
	bool trusted = request->roots_count > 0;
	for (int i = 1; !trusted && i < sk_X509_num(check->certificates); i++)
		if (self_issued(sk_X509_value(check->certificates, i)))
			anchors += X509_STORE_add_cert(store, sk_X509_value(check->certificates, i));
	if (anchors > 0)
		check_path(check, store);
	else if (self_issued(sk_X509_value(check->certificates, 0)))
		fault(check, "vmc.chain", "it is self-signed, no authority issued it");
	else
		check_dates(check, sk_X509_value(check->certificates, 0));
	if (check->vmc->state == VMC_PASS && !trusted) {
		check->vmc->state = VMC_UNTRUSTED;
		check->vmc->reason = "vmc.no_roots";
		buf_add_str(&check->detail, STR("no roots for mark certificates were given, so none is trusted"));
	}
	sk_X509_pop_free(roots, X509_free);
	X509_STORE_free(store);
}

static void check_document(struct check *check)
{
	int marks = 0;
	X509 *leaf = sk_X509_value(check->certificates, 0);
	for (int i = 0; i < sk_X509_num(check->certificates); i++)
		marks += extension_of(sk_X509_value(check->certificates, i), OID_LOGOTYPE) != NULL;
	if (marks > 1)
		fault(check, "vmc.several", "the document holds %d mark certificates", marks);
	else if (marks == 1 && !extension_of(leaf, OID_LOGOTYPE))
		fault(check, "vmc.order", "the mark certificate is not the first one");
	describe(check, leaf);
	if (!has_bimi_eku(leaf))
		fault(check, "vmc.eku", "it lacks the extended key usage of BIMI (" OID_EKU_BIMI ")");
	check_logotype(check, leaf);
	check_names(check, leaf);
	check_chain(check);
}

void vmc_check(struct arena *arena, const struct vmc_request *request, struct vmc *vmc_r)
{
	struct check check = {.arena = arena, .request = request, .vmc = vmc_r};
	*vmc_r = (struct vmc){.state = VMC_PASS};
	buf_init(&check.detail, DETAIL_BYTES_MAX);
	check.certificates = sk_X509_new_null();
	if (!check.certificates)
		die_out_of_memory();
	if (request->evidence.len > request->evidence_bytes_max)
		fault(&check, "vmc.pem", "the evidence document has more than %zu bytes", request->evidence_bytes_max);
	else if (!read_pem(request->evidence, VMC_CERTIFICATES_MAX, check.certificates))
		fault(&check, "vmc.pem", "the evidence document is not PEM with 1 to %d certificates",
			VMC_CERTIFICATES_MAX);
	else
		check_document(&check);
	vmc_r->detail = verify_text(arena, buf_str(&check.detail));
	sk_X509_pop_free(check.certificates, X509_free);
	buf_fini(&check.detail);
}
