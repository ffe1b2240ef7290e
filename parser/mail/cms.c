// SPDX-License-Identifier: Apache-2.0
#include "parser/mail/cms.h"

#include <limits.h>
#include <openssl/pem.h> /* before cms.h, which declares its PEM readers only then */

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/objects.h>

void cms_init(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	struct buf out;
	buf_init(&out, 16);
	(void)cms_unwrap(STR("x"), &out);
	buf_fini(&out);
}

/* RFC 5652 section 3: SEQUENCE { contentType id-signedData or id-envelopedData, … }. */
bool cms_sniff(struct str head)
{
	struct str type = STR("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"), length;
	if (head.len < 2 || head.ptr[0] != 0x30)
		return false;
	length = str_from_offset(head, 1);
	size_t more = (unsigned char)length.ptr[0] > 0x80 ? (unsigned char)length.ptr[0] & 0x7fu : 0;
	struct str content = str_from_offset(length, 1 + more);
	if (more > 4 || content.len <= type.len || !str_starts(content, type))
		return false;
	return content.ptr[type.len] == 2 || content.ptr[type.len] == 3;
}

static CMS_ContentInfo *read_cms(struct str bytes)
{
	BIO *bio = BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
	if (bio == NULL)
		die_out_of_memory();
	CMS_ContentInfo *cms = str_starts(str_trim(bytes), STR("-----BEGIN "))
		? PEM_read_bio_CMS(bio, NULL, NULL, NULL)
		: d2i_CMS_bio(bio, NULL);
	BIO_free(bio);
	ERR_clear_error();
	return cms;
}

static enum cms_kind take_content(CMS_ContentInfo *cms, struct buf *out)
{
	int kind = OBJ_obj2nid(CMS_get0_type(cms));
	if (kind == NID_pkcs7_enveloped || kind == NID_pkcs7_encrypted ||
	    kind == NID_id_smime_ct_authEnvelopedData || kind == NID_pkcs7_signedAndEnveloped)
		return CMS_ENCRYPTED;
	if (kind != NID_pkcs7_signed)
		return CMS_HOLLOW;
	ASN1_OCTET_STRING **content = CMS_get0_content(cms);
	if (content == NULL || *content == NULL)
		return CMS_HOLLOW;
	buf_add(out, ASN1_STRING_get0_data(*content), (size_t)ASN1_STRING_length(*content));
	return CMS_SIGNED;
}

enum cms_kind cms_unwrap(struct str bytes, struct buf *out)
{
	if (bytes.len == 0 || bytes.len > INT_MAX)
		return CMS_UNREADABLE;
	CMS_ContentInfo *cms = read_cms(bytes);
	if (cms == NULL)
		return CMS_UNREADABLE;
	enum cms_kind kind = take_content(cms, out);
	CMS_ContentInfo_free(cms);
	return kind;
}
