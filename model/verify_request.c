// SPDX-License-Identifier: Apache-2.0
#include "model/verify_request.h"

#include "model/wire_field.h"

#define TEXTS(X) \
	X(helo) X(mail_from) X(receiver) X(authserv_id) X(domain) X(replay) X(replay_file) X(evidence) X(indicator) \
	X(message)
#define LISTS(X) X(trusted_hops) X(authserv_ids) X(sealers) X(selectors) X(roots) X(pairs)
#define CLAIM_TEXTS(X) X(kind) X(org_name) X(email) X(report_id) X(policy_domain) X(member)
#define CLAIM_BYTES_MIN (3 * 8 + 1 + 6) /* numbers, a flag and lengths */
#define REPORTER_TEXTS(X) \
	X(auth_failure) X(identity_alignment) X(authentication_results) X(dkim_domain) X(dkim_selector)

static void put_list(struct buf *buf, const struct verify_list *list)
{
	wire_put_u32(buf, (uint32_t)list->count);
	for (size_t i = 0; i < list->count; i++)
		wire_put_str(buf, list->at[i]);
}

static struct verify_list get_list(struct wire_cursor *cursor, struct arena *arena)
{
	struct verify_list list = {.count = wire_get_count(cursor, 1)};
	list.at = ARENA_ARRAY(arena, list.count, struct str);
	for (size_t i = 0; i < list.count; i++)
		list.at[i] = wire_get_bytes(cursor);
	return list;
}

static void put_claims(struct buf *buf, const struct verify_claims *claims)
{
	wire_put_u32(buf, (uint32_t)claims->count);
	for (size_t i = 0; i < claims->count; i++) {
		const struct verify_claim *claim = &claims->at[i];
		wire_put_u64(buf, claim->report_no);
		wire_put_u64(buf, (uint64_t)claim->begin_epoch_secs);
		wire_put_u64(buf, (uint64_t)claim->end_epoch_secs);
		wire_put_u8(buf, claim->in_text);
#define PUT(member) wire_put_str(buf, claim->member);
		CLAIM_TEXTS(PUT)
#undef PUT
	}
}

static struct verify_claims get_claims(struct wire_cursor *cursor, struct arena *arena)
{
	struct verify_claims claims = {.count = wire_get_count(cursor, CLAIM_BYTES_MIN)};
	claims.at = ARENA_ARRAY(arena, claims.count, struct verify_claim);
	for (size_t i = 0; i < claims.count; i++) {
		struct verify_claim *claim = &claims.at[i];
		claim->report_no = wire_get_u64(cursor);
		claim->begin_epoch_secs = (int64_t)wire_get_u64(cursor);
		claim->end_epoch_secs = (int64_t)wire_get_u64(cursor);
		claim->in_text = wire_get_enum(cursor, 0, 1) == 1;
#define GET(member) claim->member = wire_get_bytes(cursor);
		CLAIM_TEXTS(GET)
#undef GET
	}
	return claims;
}

void verify_request_put(struct buf *buf, const struct verify_request *request)
{
	wire_put_u8(buf, (uint8_t)request->what);
	wire_put_u8(buf, request->psl);
	wire_put_u8(buf, request->trace);
	wire_put_u8(buf, request->dig);
	wire_put_u8(buf, request->headers_only);
	wire_put_u8(buf, request->has_reporter);
	wire_put_u8(buf, request->sends_no_mail);
	wire_put_u8(buf, request->ip.family);
	buf_add(buf, request->ip.bytes, sizeof(request->ip.bytes));
#define PUT(member) wire_put_str(buf, request->member);
	TEXTS(PUT)
#undef PUT
#define PUT(member) put_list(buf, &request->member);
	LISTS(PUT)
#undef PUT
#define PUT(member) wire_put_str(buf, request->reporter.member);
	REPORTER_TEXTS(PUT)
#undef PUT
	wire_put_u64(buf, (uint64_t)request->reporter.arrived_epoch_secs);
	put_claims(buf, &request->claims);
}

bool verify_request_get(struct str bytes, struct arena *arena, struct verify_request *request_r)
{
	struct wire_cursor cursor = wire_cursor(bytes);
	*request_r = (struct verify_request){0};
	request_r->what = (enum verify_what)wire_get_enum(&cursor, VERIFY_MESSAGE, VERIFY_DOMAIN);
	request_r->psl = wire_get_enum(&cursor, 0, 1) == 1;
	request_r->trace = wire_get_enum(&cursor, 0, 1) == 1;
	request_r->dig = wire_get_enum(&cursor, 0, 1) == 1;
	request_r->headers_only = wire_get_enum(&cursor, 0, 1) == 1;
	request_r->has_reporter = wire_get_enum(&cursor, 0, 1) == 1;
	request_r->sends_no_mail = wire_get_enum(&cursor, 0, 1) == 1;
	request_r->ip.family = wire_get_enum(&cursor, 0, 6);
	for (size_t i = 0; i < sizeof(request_r->ip.bytes); i++)
		request_r->ip.bytes[i] = wire_get_u8(&cursor);
#define GET(member) request_r->member = wire_get_bytes(&cursor);
	TEXTS(GET)
#undef GET
#define GET(member) request_r->member = get_list(&cursor, arena);
	LISTS(GET)
#undef GET
#define GET(member) request_r->reporter.member = wire_get_bytes(&cursor);
	REPORTER_TEXTS(GET)
#undef GET
	request_r->reporter.arrived_epoch_secs = (int64_t)wire_get_u64(&cursor);
	request_r->claims = get_claims(&cursor, arena);
	return wire_cursor_done(&cursor);
}
