// SPDX-License-Identifier: Apache-2.0
/* Where a report contradicts itself: stable codes, and sets of them as bits. */
#pragma once

#include "base/str.h"

enum coherence_code {
#define COHERENCE(name, code, kind, sentence) COHERENCE_##name,
#include "model/coherence_list.h"
#undef COHERENCE
	COHERENCE_CODE_COUNT,
};

enum coherence_kind { COHERENCE_OF_RECORD = 1, COHERENCE_OF_REPORT, COHERENCE_OF_NOTE };

#define COHERENCE_BIT(name) ((uint32_t)1 << COHERENCE_##name)

const char *coherence_code_text(enum coherence_code code);
const char *coherence_sentence(enum coherence_code code);
enum coherence_kind coherence_kind(enum coherence_code code);

/* All codes of a kind. */
enum coherence_set {
#define COHERENCE(name, code, kind, sentence) | (COHERENCE_OF_##kind == COHERENCE_OF_RECORD ? COHERENCE_BIT(name) : 0)
	COHERENCE_RECORD_BITS = 0
#include "model/coherence_list.h"
#undef COHERENCE
	,
#define COHERENCE(name, code, kind, sentence) | (COHERENCE_OF_##kind == COHERENCE_OF_REPORT ? COHERENCE_BIT(name) : 0)
	COHERENCE_REPORT_BITS = 0
#include "model/coherence_list.h"
#undef COHERENCE
};
