// SPDX-License-Identifier: Apache-2.0
#include "dns/unbound.h"

#include "base/buf.h"
#include "base/clock.h"
#include "dns/present.h"
#include "dns/rdata.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>
#include <unistd.h>

#define CLASS_IN 1
#define HEADER_BYTES 12
#define RCODE_SERVFAIL 2
#define RETRIES 3 /* of a question that fails: two tries, each again without EDNS or by TCP */
#define NAME_TEXT_BYTES_MAX ((size_t)4 * DNS_NAME_WIRE_BYTES_MAX) /* each byte \DDD */
/* A zone that no question can name, answered without the network: asking it is what makes libunbound
 * read its files, so that it never does so later. */
#define OWN_ZONE "start.dmarcd.invalid."

struct dns_unbound {
	struct dns dns;
	struct ub_ctx *context;
	size_t txt_records_max, txt_bytes_max;
	unsigned cnames_max;
	int query_msecs, job_msecs;
	int64_t begun_msecs; /* of the job of query() */
};

struct dns_pending {
	const struct dns_unbound *unbound;
	char name[DNS_NAME_BYTES_MAX + 1];
	size_t name_len;
	enum dns_type type;
	int64_t end_msecs;
	bool last;  /* its end is that of its job */
	bool asked; /* id is valid */
	int id;
	bool done;
	int error; /* of libunbound */
	struct ub_result *result;
};

struct option {
	const char *name, *value;
};

/* unbound.conf(5). Our questions are few and their answers small. */
static const struct option common[] = {
	{"verbosity:", "0"},
	{"use-syslog:", "no"},
	{"edns-buffer-size:", "1232"},
	{"cache-max-negative-ttl:", "3600"},
	{"msg-cache-size:", "8m"},
	{"rrset-cache-size:", "16m"},
	{"key-cache-size:", "2m"},
	{"neg-cache-size:", "1m"},
	{"num-queries-per-thread:", "256"},
	{"outgoing-range:", "256"},
	{"outgoing-num-tcp:", "16"},
	{"infra-host-ttl:", "60"}, /* a server that was dead is soon asked again */
	{"infra-keep-probing:", "yes"},
	{"outbound-msg-retry:", "2"}, /* as RETRIES says */
	{"harden-below-nxdomain:", "yes"},
	{"harden-dnssec-stripped:", "yes"},
};

/* The server may be of this machine, where from the root a zone's owner would choose who is asked; and what libunbound
 * would answer itself belongs to the server. */
static const struct option forwarding[] = {
	{"do-not-query-localhost:", "no"},
	{"unblock-lan-zones:", "yes"},
	{"insecure-lan-zones:", "yes"},
};
static const char *const zones_of_the_server[] = {
	"localhost.", "127.in-addr.arpa.", "home.arpa.", "test.", "invalid.",
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.",
};

static int set_options(struct ub_ctx *context, const struct option *options, size_t count)
{
	int status = 0;
	for (size_t i = 0; i < count && status == 0; i++)
		status = ub_ctx_set_option(context, options[i].name, options[i].value);
	return status;
}

static int set_number(struct ub_ctx *context, const char *name, unsigned number)
{
	char text[16];
	(void)snprintf(text, sizeof(text), "%u", number);
	return ub_ctx_set_option(context, name, text);
}

static unsigned or_default(unsigned given, unsigned otherwise)
{
	return given > 0 ? given : otherwise;
}

static int add_server(struct ub_ctx *context, struct str server)
{
	char text[64];
	if (server.len >= sizeof(text))
		return UB_SYNTAX;
	memcpy(text, server.ptr, server.len);
	text[server.len] = '\0';
	return ub_ctx_set_fwd(context, text);
}

static int configure(struct ub_ctx *context, const struct dns_unbound_options *options)
{
	int status = ub_ctx_debugout(context, NULL);
	if (status == 0)
		status = ub_ctx_async(context, true);
	if (status == 0)
		status = set_options(context, common, sizeof(common) / sizeof(common[0]));
	if (status == 0)
		status = set_number(context, "cache-min-ttl:", or_default(options->ttl_min_secs, DNS_TTL_MIN_SECS));
	if (status == 0)
		status = set_number(context, "cache-max-ttl:", or_default(options->ttl_max_secs, DNS_TTL_MAX_SECS));
	if (status == 0)
		status = set_number(context, "max-query-restarts:", or_default(options->cnames_max, DNS_CNAMES));
	if (status == 0 && options->servers_count > 0)
		status = set_options(context, forwarding, sizeof(forwarding) / sizeof(forwarding[0]));
	for (size_t i = 0; i < options->servers_count && status == 0; i++)
		status = add_server(context, options->servers[i]);
	if (status == 0 && options->trust_anchor_file)
		status = ub_ctx_add_ta_file(context, options->trust_anchor_file);
	return status;
}

/* Ends configuration, and reads what there is to read. */
static int start(struct ub_ctx *context, bool forwards)
{
	const size_t zones = forwards ? sizeof(zones_of_the_server) / sizeof(zones_of_the_server[0]) : 0;
	struct ub_result *result = NULL;
	int status = 0;
	for (size_t i = 0; i < zones && status == 0; i++)
		status = ub_ctx_zone_remove(context, zones_of_the_server[i]);
	if (status == 0)
		status = ub_ctx_zone_add(context, OWN_ZONE, "static");
	if (status == 0)
		status = ub_resolve(context, OWN_ZONE, DNS_A, CLASS_IN, &result);
	if (status == 0)
		ub_resolve_free(result);
	return status;
}

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r);

enum err dns_unbound_open(const struct dns_unbound_options *options, struct dns_unbound **unbound_r,
	struct error *error)
{
	for (size_t i = 0; i < options->servers_count; i++)
		if (!dns_server_valid(options->servers[i]))
			return error_set(error, ERR_INVALID, "\"%.*s\" is not ADDRESS or ADDRESS@PORT of a DNS server",
				STR_FMT(options->servers[i]));
	if (options->trust_anchor_file && access(options->trust_anchor_file, R_OK) != 0)
		return error_errno(error, ERR_INVALID, errno, "could not read the trust anchor %s",
			options->trust_anchor_file);
	struct ub_ctx *context = ub_ctx_create();
	if (!context)
		return error_set(error, ERR_TEMP, "libunbound could not be started");
	int status = configure(context, options);
	if (status == 0)
		status = start(context, options->servers_count > 0);
	if (status != 0) {
		ub_ctx_delete(context);
		if (options->trust_anchor_file)
			return error_set(error, ERR_INVALID, "libunbound could not be started with trust anchor %s: %s",
				options->trust_anchor_file, ub_strerror(status));
		return error_set(error, ERR_TEMP, "libunbound could not be started: %s", ub_strerror(status));
	}
	struct dns_unbound *unbound = calloc(1, sizeof(*unbound));
	if (!unbound)
		die_out_of_memory();
	unbound->dns.query = query;
	unbound->context = context;
	unbound->txt_records_max = or_default(options->txt_records_max, DNS_TXT_RECORDS_MAX);
	unbound->txt_bytes_max = or_default(options->txt_bytes_max, DNS_TXT_BYTES_MAX);
	unbound->cnames_max = or_default(options->cnames_max, DNS_CNAMES);
	unbound->query_msecs = options->query_msecs;
	unbound->job_msecs = options->job_msecs;
	dns_unbound_begin(unbound, clock_monotonic_msecs());
	*unbound_r = unbound;
	return ERR_OK;
}

void dns_unbound_close(struct dns_unbound **unbound)
{
	if (!*unbound)
		return;
	ub_ctx_delete((*unbound)->context);
	free(*unbound);
	*unbound = NULL;
}

struct dns *dns_unbound_dns(struct dns_unbound *unbound)
{
	return &unbound->dns;
}

void dns_unbound_begin(struct dns_unbound *unbound, int64_t begun_msecs)
{
	unbound->begun_msecs = begun_msecs;
}

static size_t skip_name(struct str packet, size_t at)
{
	while (at < packet.len) {
		uint8_t len = (uint8_t)packet.ptr[at];
		if (len == 0)
			return at + 1;
		if ((len & 0xc0) == 0xc0)
			return at + 2;
		at += 1 + (size_t)len;
	}
	return SIZE_MAX;
}

static unsigned number_at(struct str packet, size_t at)
{
	return (unsigned)(uint8_t)packet.ptr[at] << 8 | (uint8_t)packet.ptr[at + 1];
}

/* CNAMEs in the answer section (RFC 1035 section 4.1). */
static unsigned count_cnames(struct str packet)
{
	unsigned cnames = 0;
	if (packet.len < HEADER_BYTES)
		return 0;
	unsigned questions = number_at(packet, 4), answers = number_at(packet, 6);
	size_t at = HEADER_BYTES;
	for (; questions > 0 && at < packet.len; questions--) {
		at = skip_name(packet, at);
		if (at < packet.len)
			at += 4;
	}
	for (; answers > 0 && at < packet.len; answers--) {
		at = skip_name(packet, at);
		if (at >= packet.len || packet.len - at < 10)
			break;
		cnames += number_at(packet, at) == DNS_CNAME;
		at += 10 + (size_t)number_at(packet, at + 8);
	}
	return cnames;
}

static struct str alias_of(struct arena *arena, struct str name, const char *canonical)
{
	char text[DNS_NAME_BYTES_MAX + 1];
	size_t len;
	struct str alias = STR_NONE;
	struct buf wire;
	buf_init(&wire, DNS_RDATA_BYTES_MAX);
	if (canonical && !dns_present_name(str_from(canonical), &wire) &&
		dns_name_from_wire(buf_str(&wire), text, &len) > 0 && !str_eq((struct str){text, len}, name))
		alias = arena_str(arena, (struct str){text, len});
	buf_fini(&wire);
	return alias;
}

static void fill_records(struct arena *arena, const struct ub_result *result, const struct dns_pending *taken,
	struct dns_answer *answer_r)
{
	const size_t records_max = taken->type == DNS_TXT ? taken->unbound->txt_records_max : DNS_RECORDS_MAX;
	struct str rdatas[DNS_RECORDS_MAX + 1];
	size_t count = 0;
	for (; count <= DNS_RECORDS_MAX && result->data && result->data[count]; count++)
		rdatas[count] = (struct str){result->data[count], (size_t)result->len[count]};
	if (count > records_max)
		dns_answer_fail(answer_r, DNS_SERVFAIL, STR(DNS_TOO_MANY_RECORDS));
	else
		dns_answer_fill(arena, taken->type, rdatas, count, answer_r);
	for (size_t i = 0; taken->type == DNS_TXT && i < answer_r->count; i++)
		if (answer_r->records[i].text.len > taken->unbound->txt_bytes_max)
			dns_answer_fail(answer_r, DNS_SERVFAIL, STR(DNS_TOO_LONG_TXT));
}

static void fill(struct arena *arena, const struct dns_pending *taken, struct str name, struct dns_answer *answer_r)
{
	const struct ub_result *result = taken->result;
	const enum dns_type type = taken->type;
	const struct str packet = {result->answer_packet, (size_t)result->answer_len};
	if (result->bogus) {
		const char *why = result->why_bogus ? result->why_bogus : "not validated by DNSSEC";
		dns_answer_fail(answer_r, DNS_BOGUS, arena_str(arena, str_from(why)));
		return;
	}
	if (type != DNS_CNAME && count_cnames(packet) > taken->unbound->cnames_max) {
		dns_answer_fail(answer_r, DNS_SERVFAIL,
			str_from(arena_printf(arena, "more than %u CNAMEs", taken->unbound->cnames_max)));
		return;
	}
	answer_r->secure = result->secure;
	answer_r->ttl_secs = result->havedata && result->ttl > 0 ? (uint32_t)result->ttl : 0;
	answer_r->alias = type == DNS_CNAME ? STR_NONE : alias_of(arena, name, result->canonname);
	if (result->nxdomain)
		dns_answer_fail(answer_r, DNS_NXDOMAIN, STR_NONE);
	else if (result->rcode == RCODE_SERVFAIL)
		dns_answer_fail(answer_r, DNS_SERVFAIL, STR("no server gave a good answer"));
	else if (result->rcode != 0)
		dns_answer_fail(answer_r, DNS_SERVFAIL, str_from(arena_printf(arena, "RCODE %d", result->rcode)));
	else
		fill_records(arena, result, taken, answer_r);
}

static void finished(void *context, int error, struct ub_result *result)
{
	struct dns_pending *pending = context;
	pending->done = true;
	pending->error = error;
	pending->result = result;
}

struct dns_pending *dns_unbound_ask(struct dns_unbound *unbound, struct str name, enum dns_type type,
	int64_t begun_msecs)
{
	struct dns_pending *pending = calloc(1, sizeof(*pending));
	int64_t now_msecs = clock_monotonic_msecs(), job_end_msecs = begun_msecs + unbound->job_msecs;
	struct buf text;
	if (!pending)
		die_out_of_memory();
	pending->unbound = unbound;
	pending->name_len = name.len;
	(void)memcpy(pending->name, name.ptr, name.len);
	pending->type = type;
	pending->end_msecs = now_msecs + unbound->query_msecs;
	pending->last = pending->end_msecs >= job_end_msecs;
	if (pending->last)
		pending->end_msecs = job_end_msecs;
	if (pending->end_msecs <= now_msecs)
		return pending;
	buf_init(&text, NAME_TEXT_BYTES_MAX);
	dns_present_add_name(&text, name);
	buf_add_char(&text, '.');
	pending->error = ub_resolve_async(unbound->context, buf_cstr(&text), (int)type, CLASS_IN, pending, finished,
		&pending->id);
	buf_fini(&text);
	pending->asked = pending->error == 0;
	pending->done = pending->error != 0;
	return pending;
}

int dns_unbound_fd(const struct dns_unbound *unbound)
{
	return ub_fd(unbound->context);
}

bool dns_unbound_process(struct dns_unbound *unbound)
{
	return ub_process(unbound->context) == 0;
}

bool dns_pending_over(const struct dns_pending *pending, int64_t now_msecs)
{
	return pending->done || now_msecs >= pending->end_msecs;
}

int64_t dns_pending_end_msecs(const struct dns_pending *pending)
{
	return pending->end_msecs;
}

unsigned dns_pending_take(struct dns_pending **pending, struct arena *arena, struct dns_answer *answer_r)
{
	struct dns_pending *taken = *pending;
	struct str name = arena_str(arena, (struct str){taken->name, taken->name_len});
	*answer_r = (struct dns_answer){.name = name, .type = taken->type};
	if (taken->asked && !taken->done)
		(void)ub_cancel(taken->unbound->context, taken->id);
	if (!taken->done)
		dns_answer_fail(answer_r, DNS_TIMEOUT,
			taken->last ? STR("the time for all questions is used up") : STR("no answer in time"));
	else if (taken->error != 0 || !taken->result)
		dns_answer_fail(answer_r, DNS_SERVFAIL, str_from(ub_strerror(taken->error)));
	else
		fill(arena, taken, name, answer_r);
	unsigned asked = 1;
	if (taken->asked && dns_failed(answer_r))
		asked += RETRIES;
	if (taken->result) {
		asked += count_cnames((struct str){taken->result->answer_packet, (size_t)taken->result->answer_len});
		ub_resolve_free(taken->result);
	}
	free(taken);
	*pending = NULL;
	return asked;
}

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	struct dns_unbound *unbound = (struct dns_unbound *)dns;
	struct dns_pending *pending = dns_unbound_ask(unbound, name, type, unbound->begun_msecs);
	struct pollfd wanted = {.fd = dns_unbound_fd(unbound), .events = POLLIN};
	int64_t now_msecs = clock_monotonic_msecs();
	for (; !dns_pending_over(pending, now_msecs); now_msecs = clock_monotonic_msecs())
		if (poll(&wanted, 1, (int)(pending->end_msecs - now_msecs)) > 0 && !dns_unbound_process(unbound))
			break;
	(void)dns_pending_take(&pending, arena, answer_r);
}
