// SPDX-License-Identifier: Apache-2.0
#include "verifier/psl.h"

#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>

struct psl {
	const psl_ctx_t *list;
	psl_ctx_t *own; /* NULL: libpsl's */
};

static struct psl *psl_new(const psl_ctx_t *list, psl_ctx_t *own)
{
	struct psl *psl = malloc(sizeof(*psl));
	if (!psl)
		die_out_of_memory();
	*psl = (struct psl){.list = list, .own = own};
	return psl;
}

struct psl *psl_builtin_list(void)
{
	const psl_ctx_t *list = psl_builtin();
	return list ? psl_new(list, NULL) : NULL;
}

struct psl *psl_open(struct str text)
{
	if (text.len == 0)
		return NULL;
	FILE *file = fmemopen((void *)(uintptr_t)text.ptr, text.len, "r");
	if (!file)
		die_out_of_memory();
	psl_ctx_t *list = psl_load_fp(file);
	(void)fclose(file);
	if (list && psl_suffix_count(list) > 0)
		return psl_new(list, list);
	psl_free(list);
	return NULL;
}

void psl_close(struct psl **psl)
{
	if (!*psl)
		return;
	psl_free((*psl)->own);
	free(*psl);
	*psl = NULL;
}

struct str psl_org_domain(const struct psl *psl, struct arena *arena, struct str domain)
{
	const char *name = arena_cstr(arena, domain);
	const char *found = psl_registrable_domain(psl->list, name);
	return str_from(found ? found : name);
}
