// SPDX-License-Identifier: Apache-2.0
#include "model/coherence.h"

static const struct {
	const char *code;
	const char *sentence;
	enum coherence_kind kind;
} codes[] = {
#define COHERENCE(name, code, kind, sentence) {code, sentence, COHERENCE_OF_##kind},
#include "model/coherence_list.h"
#undef COHERENCE
};

_Static_assert(COHERENCE_CODE_COUNT < 32, "a set of codes is 32 bits");

const char *coherence_code_text(enum coherence_code code)
{
	return codes[code].code;
}

const char *coherence_sentence(enum coherence_code code)
{
	return codes[code].sentence;
}

enum coherence_kind coherence_kind(enum coherence_code code)
{
	return codes[code].kind;
}
