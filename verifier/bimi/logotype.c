// SPDX-License-Identifier: Apache-2.0
#include "verifier/bimi/logotype.h"

#include "verifier/dkim/base64.h"

/* Tags as they stand in DER. */
#define SEQUENCE 0x30
#define IA5_STRING 0x16
#define OCTET_STRING 0x04
#define OBJECT_IDENTIFIER 0x06
#define SUBJECT_LOGO 0xa2
#define DIRECT 0xa0

#define DATA_URI STR("data:image/svg+xml;base64,")

/* Cuts the next element off *rest. False: there is none, or it is no DER with a length of at most 4 bytes. */
static bool der_next(struct str *rest, unsigned *tag_r, struct str *content_r)
{
	if (rest->len < 2)
		return false;
	const unsigned char *bytes = (const unsigned char *)rest->ptr;
	size_t len = bytes[1], head = 2;
	if (len >= 0x80) {
		size_t count = len & 0x7f;
		if (count == 0 || count > 4 || rest->len < 2 + count)
			return false;
		len = 0;
		for (size_t i = 0; i < count; i++)
			len = len << 8 | bytes[head++];
	}
	if (len > rest->len - head)
		return false;
	*tag_r = bytes[0];
	*content_r = str_sub(*rest, head, len);
	*rest = str_from_offset(*rest, head + len);
	return true;
}

/* The next element when it has that tag. */
static bool der_enter(struct str *rest, unsigned tag, struct str *content_r)
{
	unsigned found;
	return der_next(rest, &found, content_r) && found == tag;
}

static enum logotype_algorithm algorithm_of(struct str oid)
{
	if (str_eq(oid, STR("\x2b\x0e\x03\x02\x1a"))) /* 1.3.14.3.2.26 */
		return LOGOTYPE_SHA1;
	if (str_eq(oid, STR("\x60\x86\x48\x01\x65\x03\x04\x02\x01"))) /* 2.16.840.1.101.3.4.2.1 */
		return LOGOTYPE_SHA256;
	return LOGOTYPE_OTHER;
}

static bool read_hashes(struct str list, struct logotype *logotype)
{
	struct str pair, algorithm, oid, value;
	while (list.len > 0) {
		if (!der_enter(&list, SEQUENCE, &pair) || !der_enter(&pair, SEQUENCE, &algorithm) ||
			!der_enter(&algorithm, OBJECT_IDENTIFIER, &oid) || !der_enter(&pair, OCTET_STRING, &value))
			return false;
		if (logotype->hashes_count == LOGOTYPE_HASHES_MAX)
			return false;
		logotype->hashes[logotype->hashes_count++] = (struct logotype_hash){
			.algorithm = algorithm_of(oid),
			.value = value,
		};
	}
	return true;
}

/* LogotypeDetails (RFC 3709 section 4.1). */
static bool read_details(struct arena *arena, struct str details, struct logotype *logotype, const char **detail_r)
{
	struct str hashes, places, place;
	*detail_r = "its logotype extension is malformed";
	if (!der_enter(&details, IA5_STRING, &logotype->media_type) || !der_enter(&details, SEQUENCE, &hashes) ||
		!read_hashes(hashes, logotype) || !der_enter(&details, SEQUENCE, &places))
		return false;
	if (!str_eq_nocase(logotype->media_type, STR("image/svg+xml")) &&
		!str_eq_nocase(logotype->media_type, STR("image/svg+xml+gzip"))) {
		*detail_r = "its logotype is no SVG";
		return false;
	}
	while (der_enter(&places, IA5_STRING, &place)) {
		*detail_r = "its logotype is not inside the certificate (no data:image/svg+xml;base64 URI)";
		if (!str_starts_nocase(place, DATA_URI))
			continue;
		*detail_r = "the base64 of its logotype is damaged";
		return base64_decode(arena, str_from_offset(place, DATA_URI.len), &logotype->image);
	}
	return false;
}

bool logotype_parse(struct arena *arena, struct str der, struct logotype *logotype_r, const char **detail_r)
{
	struct str extension, part, info, images, image, details;
	unsigned tag = 0;
	*logotype_r = (struct logotype){0};
	*detail_r = "its logotype extension is malformed";
	if (!der_enter(&der, SEQUENCE, &extension))
		return false;
	while (tag != SUBJECT_LOGO)
		if (!der_next(&extension, &tag, &part)) {
			*detail_r = "its logotype extension has no logo of the subject";
			return false;
		}
	if (!der_enter(&part, DIRECT, &info) || !der_enter(&info, SEQUENCE, &images) ||
		!der_enter(&images, SEQUENCE, &image) || !der_enter(&image, SEQUENCE, &details))
		return false;
	return read_details(arena, details, logotype_r, detail_r);
}
