// SPDX-License-Identifier: Apache-2.0
/*
 * Opaque S/MIME (RFC 8551 section 3.5.2): the content inside a CMS SignedData
 * is taken out, the signature is not judged. Nothing is decrypted. The only
 * file that includes OpenSSL's CMS is cms.c.
 */
#pragma once

#include "base/buf.h"

enum cms_kind {
	CMS_SIGNED,    /* the content was appended to out */
	CMS_ENCRYPTED,
	CMS_HOLLOW,     /* of another kind, or without content */
	CMS_UNREADABLE, /* not CMS */
};

/* Once, before confinement. */
void cms_init(void);

/* True when bytes begin like signed or enveloped CMS content in DER. */
bool cms_sniff(struct str head);

/* bytes: DER or PEM. */
enum cms_kind cms_unwrap(struct str bytes, struct buf *out);
