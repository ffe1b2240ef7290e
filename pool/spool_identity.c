// SPDX-License-Identifier: Apache-2.0
#include "pool/spool_identity.h"

#include "base/utf8.h"
#include "model/wire_field.h"

#define TEXT_BYTES ((size_t)1024 * 1024)

static void put_folded(struct buf *buf, struct str s)
{
	struct buf folded;
	buf_init(&folded, TEXT_BYTES);
	utf8_add_folded(&folded, s);
	wire_put_str(buf, buf_str(&folded));
	buf_fini(&folded);
}

static struct str domain_of(struct str email)
{
	size_t at = str_rfind_char(email, '@');
	struct str domain = at == SIZE_MAX ? email : str_from_offset(email, at + 1);
	while (str_ends(domain, STR(">")))
		domain = str_sub(domain, 0, domain.len - 1);
	return str_trim(domain);
}

static void put_reporter(struct buf *buf, struct str name, struct str email)
{
	name = str_trim(name);
	put_folded(buf, name.len > 0 ? name : domain_of(email));
}

/* Some reporters write <id> in one copy and id in the other. */
static void put_report_id(struct buf *buf, struct str id)
{
	id = str_trim(id);
	if (id.len >= 2 && id.ptr[0] == '<' && id.ptr[id.len - 1] == '>')
		id = str_sub(id, 1, id.len - 2);
	wire_put_str(buf, id);
}

static void put_period(struct buf *buf, int64_t begin, int64_t end)
{
	wire_put_u64(buf, (uint64_t)begin);
	wire_put_u64(buf, (uint64_t)end);
}

/* Absent and empty say the same. */
static void put_word(struct buf *buf, struct str s)
{
	put_folded(buf, str_trim(s));
}

static void put_policy(struct buf *buf, const struct policy_published *policy)
{
	put_word(buf, policy->p);
	put_word(buf, policy->sp);
	put_word(buf, policy->np);
	put_word(buf, policy->adkim);
	put_word(buf, policy->aspf);
	put_word(buf, policy->pct);
	put_word(buf, policy->fo);
	put_word(buf, policy->testing);
	put_word(buf, policy->discovery_method);
}

static struct sha256 sum_of(struct buf *buf)
{
	return sha256_of(buf->ptr ? buf->ptr : "", buf->len);
}

static void identify_failure(struct spool_report *report, const struct sha256 *mail_sha256, size_t report_no)
{
	struct buf buf;
	buf_init(&buf, TEXT_BYTES);
	wire_put_u8(&buf, (uint8_t)report->kind);
	buf_add(&buf, mail_sha256->bytes, SHA256_BYTES);
	wire_put_u64(&buf, report_no);
	report->identity = report->content = report->key = sum_of(&buf);
	buf_fini(&buf);
}

void spool_identity(struct spool_report *report, const struct sha256 *mail_sha256, size_t report_no,
	struct digest *rows)
{
	struct buf buf;
	if (report->kind == REPORT_FAILURE) {
		identify_failure(report, mail_sha256, report_no);
		return;
	}
	buf_init(&buf, TEXT_BYTES);
	wire_put_u8(&buf, (uint8_t)report->kind);
	if (report->kind == REPORT_AGGREGATE) {
		const struct aggregate_head *head = &report->aggregate;
		put_reporter(&buf, head->org_name, head->email);
		put_report_id(&buf, head->report_id);
		wire_put_str(&buf, head->policy.domain);
		put_period(&buf, head->begin_epoch_secs, head->end_epoch_secs);
	} else {
		put_reporter(&buf, report->tls.organization, report->tls.contact);
		put_report_id(&buf, report->tls.report_id);
		put_period(&buf, report->tls.begin_epoch_secs, report->tls.end_epoch_secs);
	}
	report->identity = sum_of(&buf);
	buf_reset(&buf);
	if (report->kind == REPORT_AGGREGATE)
		put_policy(&buf, &report->aggregate.policy);
	digest_add(rows, buf.ptr ? buf.ptr : "", buf.len);
	report->content = digest_take(rows);
	buf_reset(&buf);
	buf_add(&buf, report->identity.bytes, SHA256_BYTES);
	buf_add(&buf, report->content.bytes, SHA256_BYTES);
	report->key = sum_of(&buf);
	buf_fini(&buf);
}
