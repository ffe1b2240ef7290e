// SPDX-License-Identifier: Apache-2.0
#include "library/library.h"

#include "verifier/check.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 256

/* Each value has memory of its own, so that a handle may be told of as many transactions as one likes. */
struct list {
	struct str at[LIST_MAX];
	size_t count;
};

struct dmarcverify {
	struct dkim_keys *keys;
	struct psl *psl;
	struct ip ip;
	struct str helo, mail_from, receiver, evidence, indicator;
	struct list trusted_hops, authserv_ids, trusted_sealers, roots;
	enum dmarc_method method;
	uint8_t sample;
	bool trace;
	unsigned queries_max;
};

const char *dmarcverify_version(void)
{
	return DMARCD_VERSION;
}

struct dmarcverify *dmarcverify_open(void)
{
	struct dmarcverify *handle = calloc(1, sizeof(*handle));
	if (!handle)
		die_out_of_memory();
	handle->keys = dkim_keys_open();
	handle->psl = psl_builtin_list();
	handle->method = DMARC_TREEWALK;
	handle->queries_max = DNS_QUERIES_MAX;
	return handle;
}

static bool set_text(struct str *place, struct str value)
{
	char *copy = value.ptr ? malloc(value.len + 1) : NULL;
	if (value.ptr && !copy)
		die_out_of_memory();
	if (copy)
		memcpy(copy, value.ptr, value.len);
	free((void *)(uintptr_t)place->ptr);
	*place = (struct str){copy, value.len};
	return true;
}

static bool add(struct list *list, struct str value)
{
	while (!value.ptr && list->count > 0)
		(void)set_text(&list->at[--list->count], STR_NONE);
	if (!value.ptr)
		return true;
	if (list->count == LIST_MAX)
		return false;
	return set_text(&list->at[list->count++], value);
}

void dmarcverify_close(struct dmarcverify *handle)
{
	if (!handle)
		return;
	struct str *const texts[] = {&handle->helo, &handle->mail_from, &handle->receiver, &handle->evidence,
		&handle->indicator};
	struct list *const lists[] = {&handle->trusted_hops, &handle->authserv_ids, &handle->trusted_sealers,
		&handle->roots};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		(void)set_text(texts[i], STR_NONE);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		(void)add(lists[i], STR_NONE);
	dkim_keys_close(&handle->keys);
	psl_close(&handle->psl);
	free(handle);
}

static bool set_ip(struct dmarcverify *handle, struct str value)
{
	struct ip ip = {0};
	if (value.ptr && !ip_parse(value, &ip))
		return false;
	handle->ip = ip;
	return true;
}

static bool set_method(struct dmarcverify *handle, struct str value)
{
	if (value.ptr && !str_eq(value, STR("treewalk")) && !str_eq(value, STR("psl")))
		return false;
	handle->method = str_eq(value, STR("psl")) ? DMARC_PSL : DMARC_TREEWALK;
	return true;
}

static bool set_psl(struct dmarcverify *handle, struct str value)
{
	struct psl *psl = value.ptr ? psl_open(value) : psl_builtin_list();
	if (value.ptr && !psl)
		return false;
	psl_close(&handle->psl);
	handle->psl = psl;
	return true;
}

static bool set_number(struct str value, uint64_t max, uint64_t otherwise, uint64_t *number_r)
{
	*number_r = otherwise;
	return !value.ptr || str_to_u64(value, max, number_r);
}

static bool set_sample(struct dmarcverify *handle, struct str value)
{
	uint64_t number;
	if (!set_number(value, 99, 0, &number))
		return false;
	handle->sample = (uint8_t)number;
	return true;
}

static bool set_queries(struct dmarcverify *handle, struct str value)
{
	uint64_t number;
	if (!set_number(value, 100000, DNS_QUERIES_MAX, &number))
		return false;
	handle->queries_max = (unsigned)number;
	return true;
}

static bool set_trace(struct dmarcverify *handle, struct str value)
{
	if (value.ptr && !str_eq(value, STR("yes")) && !str_eq(value, STR("no")))
		return false;
	handle->trace = str_eq(value, STR("yes"));
	return true;
}

static bool set(struct dmarcverify *handle, enum dmarcverify_option option, struct str value)
{
	switch (option) {
	case DMARCVERIFY_IP:
		return set_ip(handle, value);
	case DMARCVERIFY_HELO:
		return set_text(&handle->helo, value);
	case DMARCVERIFY_MAIL_FROM:
		return set_text(&handle->mail_from, value);
	case DMARCVERIFY_RECEIVER:
		return set_text(&handle->receiver, value);
	case DMARCVERIFY_TRUSTED_HOP:
		return add(&handle->trusted_hops, value);
	case DMARCVERIFY_AUTHSERV_ID:
		return add(&handle->authserv_ids, value);
	case DMARCVERIFY_TRUSTED_SEALER:
		return add(&handle->trusted_sealers, value);
	case DMARCVERIFY_METHOD:
		return set_method(handle, value);
	case DMARCVERIFY_PUBLIC_SUFFIX_LIST:
		return set_psl(handle, value);
	case DMARCVERIFY_SAMPLE:
		return set_sample(handle, value);
	case DMARCVERIFY_BIMI_EVIDENCE:
		return set_text(&handle->evidence, value);
	case DMARCVERIFY_BIMI_INDICATOR:
		return set_text(&handle->indicator, value);
	case DMARCVERIFY_BIMI_ROOTS:
		return add(&handle->roots, value);
	case DMARCVERIFY_TRACE:
		return set_trace(handle, value);
	case DMARCVERIFY_QUERIES_MAX:
		return set_queries(handle, value);
	}
	return false;
}

int dmarcverify_set(struct dmarcverify *handle, enum dmarcverify_option option, const void *value, size_t len)
{
	struct str given = len == SIZE_MAX ? str_from(value) : (struct str){value, value ? len : 0};
	return set(handle, option, given) ? 0 : -1;
}

static struct dmarcverify_result *begin(const struct dmarcverify *handle, const struct dmarcverify_dns *dns,
	int64_t now_epoch_secs, struct verify *verify_r)
{
	struct arena *arena = arena_open(LIBRARY_ARENA_BYTES);
	struct dmarcverify_result *result = ARENA_NEW(arena, struct dmarcverify_result);
	result->arena = arena;
	result->session = dns_session_open(arena, library_dns(arena, dns), handle->queries_max);
	*verify_r = (struct verify){
		.arena = arena,
		.dns = dns_session_dns(result->session),
		.trace = handle->trace ? trace_open(arena) : NULL,
		.now_epoch_secs = now_epoch_secs,
		.limits = verify_limits_default(),
	};
	return result;
}

struct dmarcverify_result *dmarcverify_check(struct dmarcverify *handle, const struct dmarcverify_dns *dns,
	int64_t now_epoch_secs, const void *message, size_t len)
{
	struct verify verify;
	struct dmarcverify_result *result = begin(handle, dns, now_epoch_secs, &verify);
	struct check_request request = {
		.hints = {
			.ip = handle->ip,
			.helo = handle->helo,
			.mail_from = handle->mail_from,
			.trusted_hops = handle->trusted_hops.at,
			.trusted_hops_count = handle->trusted_hops.count,
			.authserv_ids = handle->authserv_ids.at,
			.authserv_ids_count = handle->authserv_ids.count,
		},
		.dmarc = {.method = handle->method, .psl = handle->psl, .sample = handle->sample},
		.bimi = {
			.evidence = handle->evidence,
			.indicator = handle->indicator,
			.roots = handle->roots.at,
			.roots_count = handle->roots.count,
		},
		.keys = handle->keys,
		.trusted_sealers = handle->trusted_sealers.at,
		.trusted_sealers_count = handle->trusted_sealers.count,
		.receiver = handle->receiver,
	};
	request.bimi.dmarc = &request.dmarc;
	/* Parts of a verdict may be views of the message. */
	check_message(&verify, arena_str(result->arena, (struct str){message ? message : "", len}), &request,
		&result->verdict);
	return result;
}

/* A mailbox is asked for by MAIL FROM, else HELO (RFC 7208 section 2.4). */
struct dmarcverify_result *dmarcverify_spf(struct dmarcverify *handle, const struct dmarcverify_dns *dns,
	int64_t now_epoch_secs)
{
	struct verify verify;
	struct dmarcverify_result *result = begin(handle, dns, now_epoch_secs, &verify);
	const struct spf_request request = {
		.ip = handle->ip,
		.helo = arena_str(result->arena, handle->helo),
		.mail_from = arena_str(result->arena, handle->mail_from),
		.receiver = arena_str(result->arena, handle->receiver),
	};
	spf_check(&verify, &request, VERDICT_ADD(result->arena, &result->verdict.spf));
	trace_keep(&verify, &result->verdict);
	return result;
}
