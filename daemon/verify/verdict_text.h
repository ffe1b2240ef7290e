// SPDX-License-Identifier: Apache-2.0
/* A verdict for people: what was found, step by step, and what to do. */
#pragma once

#include "base/buf.h"
#include "model/verdict.h"

/* The whole: identities, each mechanism with its steps, what others said, what reports rest on it, advice. */
void verdict_text(struct buf *out, const struct verdict *verdict);

/* One mechanism's steps, each a line. */
void verdict_text_steps(struct buf *out, const struct verdict *verdict, struct str part);
void verdict_text_spf(struct buf *out, const struct verdict *verdict);
void verdict_text_advice(struct buf *out, const struct verdict *verdict);

/* Each report's provenance, a failure report's sample beside its reporter's words, pairs: where they were asked for. */
void verdict_text_provenance(struct buf *out, const struct verdict *verdict);
void verdict_text_recheck(struct buf *out, const struct verdict *verdict);
void verdict_text_alignments(struct buf *out, const struct verdict *verdict);

/* The questions that were asked as dig commands, each once, with what it is for. resolver: "ADDR[@PORT]" or NULL. */
void verdict_dig(struct buf *out, const struct verdict *verdict, const char *resolver);
