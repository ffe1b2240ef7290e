// SPDX-License-Identifier: Apache-2.0
#include "verifier/dkim/key_record.h"

#include "dns/dns.h"
#include "verifier/dkim/base64.h"
#include "verifier/dkim/tag_list.h"

#define ED25519_BYTES 32

#define DER_INTEGER 0x02
#define DER_BIT_STRING 0x03
#define DER_NULL 0x05
#define DER_OID 0x06
#define DER_SEQUENCE 0x30

/* Takes the element of this type at the front of *rest (X.690 section 8.1, definite lengths as DER has them). */
static bool der_take(struct str *rest, uint8_t type, struct str *content_r)
{
	const uint8_t *bytes = (const uint8_t *)rest->ptr;
	size_t head = 2, len;
	if (rest->len < 2 || bytes[0] != type)
		return false;
	len = bytes[1];
	if (len >= 0x80) {
		size_t octets = len & 0x7f;
		if (octets == 0 || octets > 4 || rest->len < 2 + octets || bytes[2] == 0)
			return false;
		len = 0;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | bytes[2 + i];
		if (len < 0x80)
			return false;
		head += octets;
	}
	if (len > rest->len - head)
		return false;
	*content_r = str_sub(*rest, head, len);
	*rest = str_from_offset(*rest, head + len);
	return true;
}

/* A positive INTEGER without its sign octet. */
static bool der_number(struct str *rest, struct str *number_r)
{
	struct str octets;
	if (!der_take(rest, DER_INTEGER, &octets) || octets.len == 0 || (octets.ptr[0] & 0x80))
		return false;
	if (octets.len > 1 && octets.ptr[0] == 0 && !(octets.ptr[1] & 0x80))
		return false;
	*number_r = octets.ptr[0] == 0 ? str_from_offset(octets, 1) : octets;
	return true;
}

/* RFC 8017 appendix A.1.1 */
static bool rsa_public_key(struct str der, struct key_record *record)
{
	struct str inside;
	return der_take(&der, DER_SEQUENCE, &inside) && der.len == 0 && der_number(&inside, &record->n)
		&& der_number(&inside, &record->e) && inside.len == 0;
}

/* RFC 5280 section 4.1.2.7, with rsaEncryption of RFC 8017 appendix A.1 (its NULL is left out at times). */
static bool subject_public_key_info(struct str der, struct key_record *record)
{
	struct str inside, algorithm, oid, null, bits;
	if (!der_take(&der, DER_SEQUENCE, &inside) || der.len > 0 || !der_take(&inside, DER_SEQUENCE, &algorithm)
		|| !der_take(&inside, DER_BIT_STRING, &bits) || inside.len > 0)
		return false;
	if (!der_take(&algorithm, DER_OID, &oid) || !str_eq(oid, STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01")))
		return false;
	if (algorithm.len > 0 && (!der_take(&algorithm, DER_NULL, &null) || null.len > 0 || algorithm.len > 0))
		return false;
	return bits.len > 0 && bits.ptr[0] == 0 && rsa_public_key(str_from_offset(bits, 1), record);
}

static unsigned number_bits(struct str n)
{
	unsigned bits = (unsigned)n.len * 8;
	for (unsigned top = n.len > 0 ? (uint8_t)n.ptr[0] : 0x80; top < 0x80; top <<= 1)
		bits--;
	return bits;
}

static void broken(struct key_record *record, const char *problem)
{
	record->state = KEY_BROKEN;
	record->problem = str_from(problem);
}

static void read_rsa(struct str der, struct key_record *record)
{
	if (!subject_public_key_info(der, record) && !rsa_public_key(der, record)) {
		broken(record, "p= is neither a SubjectPublicKeyInfo of RSA nor an RSAPublicKey");
		return;
	}
	record->bits = number_bits(record->n);
	/* RFC 8017 section 3.1: both are odd, and e is at least 3; else forgeries come for nothing. */
	if (record->n.len == 0 || !(record->n.ptr[record->n.len - 1] & 1))
		broken(record, "the modulus is even");
	else if (record->e.len == 0 || !(record->e.ptr[record->e.len - 1] & 1))
		broken(record, "the public exponent is even");
	else if (record->e.len == 1 && record->e.ptr[0] == 1)
		broken(record, "the public exponent is 1");
	else if (record->e.len > 4)
		broken(record, "the public exponent is above 2^32");
}

static void read_p(struct arena *arena, struct str p, struct key_record *record)
{
	struct str bytes;
	if (p.len == 0) {
		record->state = KEY_REVOKED;
		record->problem = STR("p= is empty: the key was revoked");
	} else if (!base64_decode(arena, p, &bytes)) {
		broken(record, "p= is not base64");
	} else if (record->type == KEY_RSA) {
		read_rsa(bytes, record);
	} else if (bytes.len != ED25519_BYTES) {
		broken(record, "p= has not the 32 octets of an Ed25519 key");
	} else {
		record->point = bytes;
		record->bits = ED25519_BYTES * 8;
	}
}

/* True when the list with colons has one of these, or the tag is absent. */
static bool names(const struct tag_list *list, struct str tag, struct str word, struct str other)
{
	struct str rest = tag_list_value(list, tag), item;
	if (!rest.ptr)
		return true;
	while (tag_item(&rest, &item))
		if (str_eq(item, word) || (other.ptr && str_eq(item, other)))
			return true;
	return false;
}

static void ignored(struct key_record *record, enum key_state state, struct str problem)
{
	record->state = state;
	record->problem = problem;
}

void key_record_parse(struct arena *arena, struct str text, struct key_record *record_r)
{
	struct tag_list list;
	struct str problem = STR_NONE, k;
	*record_r = (struct key_record){.state = KEY_USABLE, .type = KEY_RSA};
	if (text.len > DNS_TXT_BYTES_MAX) {
		ignored(record_r, KEY_SYNTAX, STR("the record is longer than 4,096 octets"));
		return;
	}
	if (!tag_list_parse(arena, text, &list, &problem)) {
		ignored(record_r, KEY_SYNTAX, problem);
		return;
	}
	const struct tag *v = tag_list_find(&list, STR("v"));
	if (v && (v != list.tags || !str_eq(v->value, STR("DKIM1")))) {
		ignored(record_r, KEY_NOT_DKIM, STR("v= is not DKIM1, or not the first tag"));
		return;
	}
	if (!tag_list_find(&list, STR("p"))) {
		ignored(record_r, KEY_SYNTAX, STR("there is no p="));
		return;
	}
	k = tag_list_value(&list, STR("k"));
	if (str_eq(k, STR("ed25519")) && k.ptr) {
		record_r->type = KEY_ED25519;
	} else if (k.ptr && !str_eq(k, STR("rsa"))) {
		ignored(record_r, KEY_UNSUPPORTED, STR("k= is neither rsa nor ed25519"));
		return;
	}
	record_r->sha256 = names(&list, STR("h"), STR("sha256"), STR_NONE);
	record_r->email = names(&list, STR("s"), STR("email"), STR("*"));
	record_r->tlsrpt = names(&list, STR("s"), STR("tlsrpt"), STR("*"));
	record_r->testing = tag_list_find(&list, STR("t")) && names(&list, STR("t"), STR("y"), STR_NONE);
	record_r->strict = tag_list_find(&list, STR("t")) && names(&list, STR("t"), STR("s"), STR_NONE);
	read_p(arena, tag_list_value(&list, STR("p")), record_r);
}
