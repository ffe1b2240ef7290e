// SPDX-License-Identifier: Apache-2.0
/* Keys of our own making and messages signed with them. The digests are ours (their canonical forms are proved by
 * test_canon and by the messages of others in the corpus), the signatures are OpenSSL's. */
#pragma once

#include "base/arena.h"

struct signer;

struct signer *signer_rsa(unsigned bits, unsigned exponent);
struct signer *signer_ed25519(void);
void signer_close(struct signer **signer);

/* "v=DKIM1; k=…; p=…" as SubjectPublicKeyInfo or raw octets, and the value of p= as RSAPublicKey. */
struct str signer_record(struct arena *arena, const struct signer *signer);
struct str signer_bare_p(struct arena *arena, const struct signer *signer);

/* The message with a signature above it. tags: all but bh= and b=, "; " between. */
struct str signer_sign(struct arena *arena, struct signer *signer, struct str tags, struct str bytes);
/* The same, with bh= and b= as given (b absent: signed). */
struct str signer_sign_hash(struct arena *arena, struct signer *signer, struct str tags, struct str bh,
	struct str bytes);
/* An ARC set of this instance above the message, ARC-Authentication-Results with results. tags: of the
 * ARC-Message-Signature without i=, bh= and b=; seal_tags: of the ARC-Seal without i= and b=. */
struct str signer_seal(struct arena *arena, struct signer *signer, unsigned instance, struct str results,
	struct str tags, struct str seal_tags, struct str bytes);
