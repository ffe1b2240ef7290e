// SPDX-License-Identifier: Apache-2.0
#include "samples/kit.h"

#include "model/digest.h"
#include "model/json.h"
#include "samples/deliver.h"

#include <stdlib.h>
#include <string.h>

#define MANIFEST_BYTES_MAX ((size_t)1 << 30)

static const char *const outcome_names[] = {
	[SAMPLE_STORED] = "stored",
	[SAMPLE_DUPLICATE] = "duplicate",
	[SAMPLE_NOT_A_REPORT] = "not_a_report",
	[SAMPLE_QUARANTINED] = "quarantined",
};

static const char *const kind_names[] = {
	[SAMPLE_NOTHING] = NULL,
	[SAMPLE_AGGREGATE] = "aggregate",
	[SAMPLE_FAILURE] = "failure",
	[SAMPLE_TLSRPT] = "tlsrpt",
};

struct day kit_day(const struct kit *kit, unsigned n)
{
	return (struct day){kit->end.number - (int32_t)kit->days + 1 + (int32_t)n};
}

struct sample_sum report_sum(const struct sample_report *report)
{
	struct sample_sum sum = {0, 0};
	for (size_t i = 0; i < report->rows_count; i++) {
		const struct sample_row *row = &report->rows[i];
		sum.messages += row->count;
		if (row->dkim_aligned || row->spf_aligned)
			sum.dmarc_pass += row->count;
	}
	return sum;
}

void kit_open(struct kit *kit)
{
	deliver_open(kit->dir);
	kit->by_day = calloc(kit->days, sizeof(*kit->by_day));
	if (!kit->by_day)
		die_out_of_memory();
	buf_init(&kit->files, MANIFEST_BYTES_MAX);
}

static void sum_add(struct sample_sum *sum, struct sample_sum more)
{
	sum->messages += more.messages;
	sum->dmarc_pass += more.dmarc_pass;
}

static struct sample_sum *domain_sum(struct kit *kit, const char *name)
{
	for (unsigned i = 0; i < KIT_DOMAINS_MAX; i++) {
		if (!kit->by_domain[i].name)
			kit->by_domain[i].name = name;
		if (strcmp(kit->by_domain[i].name, name) == 0)
			return &kit->by_domain[i].sum;
	}
	die("more than %u policy domains", KIT_DOMAINS_MAX);
}

static void book_report(struct kit *kit, const struct sample_report *report)
{
	struct sample_sum sum = report_sum(report);
	int32_t day = day_of_epoch(report->begin).number - kit_day(kit, 0).number;
	kit->reports[SAMPLE_AGGREGATE]++;
	kit->records += report->rows_count;
	sum_add(&kit->sum, sum);
	sum_add(domain_sum(kit, report->domain), sum);
	if (day >= 0 && day < (int32_t)kit->days)
		sum_add(&kit->by_day[day], sum);
}

static void book_mail(struct kit *kit, const struct sample_mail *mail)
{
	kit->outcomes[mail->outcome]++;
	if (mail->conflict)
		kit->conflicts++;
	if (mail->outcome != SAMPLE_STORED || mail->conflict)
		return;
	for (unsigned i = 0; i < SAMPLE_REPORTS_MAX && mail->reports[i]; i++)
		book_report(kit, mail->reports[i]);
	if (mail->kind != SAMPLE_AGGREGATE)
		kit->reports[mail->kind]++;
}

static void list_file(struct kit *kit, const struct sample_mail *mail, const char *file)
{
	char hex[SHA256_HEX_BYTES];
	struct sha256 sum = sha256_of(mail->bytes.ptr, mail->bytes.len);
	struct json json;
	if (kit->files.len > 0)
		buf_add_str(&kit->files, STR(",\n"));
	json_init(&json, &kit->files);
	json_object(&json);
	json_key_value_cstr(&json, "file", file);
	json_key_value_cstr(&json, "sha256", sha256_hex(&sum, hex));
	json_key_value_cstr(&json, "outcome", outcome_names[mail->outcome]);
	json_key_value_cstr(&json, "code", mail->code);
	json_key_value_cstr(&json, "kind", kind_names[mail->kind]);
	json_key_value_bool(&json, "conflict", mail->conflict);
	json_key(&json, "report_ids");
	json_array(&json);
	for (unsigned i = 0; i < SAMPLE_REPORTS_MAX && mail->reports[i]; i++)
		json_cstr(&json, mail->reports[i]->id);
	json_array_end(&json);
	json_object_end(&json);
}

void kit_deliver(struct kit *kit, const struct sample_mail *mail)
{
	char file[DELIVER_NAME_BYTES];
	deliver_mail(kit->dir, mail, kit->serial++, file);
	book_mail(kit, mail);
	list_file(kit, mail, file);
}

static void json_sum(struct json *json, struct sample_sum sum)
{
	json_object(json);
	json_key_value_u64(json, "messages", sum.messages);
	json_key_value_u64(json, "dmarc_pass", sum.dmarc_pass);
	json_object_end(json);
}

static void json_totals(struct json *json, const struct kit *kit)
{
	json_key_value_u64(json, "mails", kit->serial);
	for (unsigned i = 0; i < SAMPLE_OUTCOME_COUNT; i++)
		json_key_value_u64(json, outcome_names[i], kit->outcomes[i]);
	json_key(json, "reports");
	json_object(json);
	for (unsigned i = SAMPLE_AGGREGATE; i < SAMPLE_KIND_COUNT; i++)
		json_key_value_u64(json, kind_names[i], kit->reports[i]);
	json_object_end(json);
	json_key_value_u64(json, "conflicts", kit->conflicts);
	json_key_value_u64(json, "records", kit->records);
	json_key_value_u64(json, "messages", kit->sum.messages);
	json_key_value_u64(json, "messages_dmarc_pass", kit->sum.dmarc_pass);
}

static void json_sums(struct json *json, const struct kit *kit)
{
	char text[DAY_TEXT_BYTES];
	json_key(json, "domains");
	json_object(json);
	for (unsigned i = 0; i < KIT_DOMAINS_MAX && kit->by_domain[i].name; i++) {
		json_key(json, kit->by_domain[i].name);
		json_sum(json, kit->by_domain[i].sum);
	}
	json_object_end(json);
	json_key(json, "daily");
	json_object(json);
	for (unsigned i = 0; i < kit->days; i++) {
		json_key(json, day_format(kit_day(kit, i), text));
		json_sum(json, kit->by_day[i]);
	}
	json_object_end(json);
}

void kit_close(struct kit *kit)
{
	char text[DAY_TEXT_BYTES];
	struct buf out;
	struct json json;
	buf_init(&out, MANIFEST_BYTES_MAX);
	json_init(&json, &out);
	json_object(&json);
	json_key_value_u64(&json, "seed", kit->seed);
	json_key_value_cstr(&json, "profile", kit->profile);
	json_key_value_cstr(&json, "end", day_format(kit->end, text));
	json_key_value_u64(&json, "days", kit->days);
	json_totals(&json, kit);
	json_sums(&json, kit);
	json_key(&json, "files");
	json_array(&json);
	json_verbatim(&json, buf_str(&kit->files));
	json_array_end(&json);
	json_object_end(&json);
	buf_add_char(&out, '\n');
	deliver_manifest(kit->dir, buf_str(&out));
	buf_fini(&out);
	buf_fini(&kit->files);
	free(kit->by_day);
}
