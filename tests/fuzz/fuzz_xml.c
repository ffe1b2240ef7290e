// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz_xml.h"

static void add_text(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		switch (text.ptr[i]) {
		case '<':
			buf_add_str(out, STR("&lt;"));
			break;
		case '>':
			buf_add_str(out, STR("&gt;"));
			break;
		case '&':
			buf_add_str(out, STR("&amp;"));
			break;
		default:
			buf_add_char(out, text.ptr[i]);
		}
}

/* An absent text is no element, an empty one is an empty element. */
static void leaf(struct buf *out, const char *name, struct str text)
{
	if (!text.ptr)
		return;
	buf_printf(out, "<%s>", name);
	add_text(out, text);
	buf_printf(out, "</%s>\n", name);
}

static void number(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, "<%s>%llu</%s>\n", name, (unsigned long long)value, name);
}

/* As it was sent; 0 is the unknown member of each enum, and no word. */
static void word(struct buf *out, const char *name, struct str raw, int value, const char *text)
{
	leaf(out, name, raw.ptr ? raw : value != 0 ? str_from(text) : STR_NONE);
}

void fuzz_xml_begin(struct buf *out)
{
	buf_add_str(out, STR("<feedback>\n"));
}

static void row(struct buf *out, const struct aggregate_record *record)
{
	char address[IP_TEXT_BYTES];
	buf_add_str(out, STR("<row>\n"));
	word(out, "source_ip", record->source_raw, record->source_ip.family,
		record->source_ip.family ? ip_format(&record->source_ip, address) : "");
	if (!record->messages_missing)
		number(out, "count", record->messages);
	buf_add_str(out, STR("<policy_evaluated>\n"));
	word(out, "disposition", record->disposition_raw, (int)record->disposition,
		disposition_text(record->disposition));
	word(out, "dkim", record->dkim_aligned_raw, (int)record->dkim_aligned, aligned_text(record->dkim_aligned));
	word(out, "spf", record->spf_aligned_raw, (int)record->spf_aligned, aligned_text(record->spf_aligned));
	for (size_t i = 0; i < record->reasons_count; i++) {
		const struct override_reason *reason = &record->reasons[i];
		buf_add_str(out, STR("<reason>\n"));
		word(out, "type", reason->type_raw, (int)reason->type, override_type_text(reason->type));
		leaf(out, "comment", reason->comment);
		buf_add_str(out, STR("</reason>\n"));
	}
	buf_add_str(out, STR("</policy_evaluated>\n</row>\n"));
}

void fuzz_xml_record(struct buf *out, const struct aggregate_record *record)
{
	buf_add_str(out, STR("<record>\n"));
	row(out, record);
	buf_add_str(out, STR("<identifiers>\n"));
	leaf(out, "header_from", record->header_from);
	leaf(out, "envelope_from", record->envelope_from);
	leaf(out, "envelope_to", record->envelope_to);
	buf_add_str(out, STR("</identifiers>\n<auth_results>\n"));
	for (size_t i = 0; i < record->dkim_count; i++) {
		const struct dkim_result *dkim = &record->dkim[i];
		buf_add_str(out, STR("<dkim>\n"));
		leaf(out, "domain", dkim->domain);
		leaf(out, "selector", dkim->selector);
		word(out, "result", dkim->result_raw, (int)dkim->result, auth_result_text(dkim->result));
		leaf(out, "human_result", dkim->human_result);
		buf_add_str(out, STR("</dkim>\n"));
	}
	for (size_t i = 0; i < record->spf_count; i++) {
		const struct spf_result *spf = &record->spf[i];
		buf_add_str(out, STR("<spf>\n"));
		leaf(out, "domain", spf->domain);
		word(out, "scope", spf->scope_raw, (int)spf->scope, spf_scope_text(spf->scope));
		word(out, "result", spf->result_raw, (int)spf->result, auth_result_text(spf->result));
		leaf(out, "human_result", spf->human_result);
		buf_add_str(out, STR("</spf>\n"));
	}
	buf_add_str(out, STR("</auth_results>\n</record>\n"));
}

void fuzz_xml_end(struct buf *out, const struct aggregate_head *head)
{
	const struct policy_published *policy = &head->policy;
	leaf(out, "version", head->version);
	buf_add_str(out, STR("<report_metadata>\n"));
	leaf(out, "org_name", head->org_name);
	leaf(out, "email", head->email);
	leaf(out, "extra_contact_info", head->extra_contact_info);
	leaf(out, "report_id", head->report_id);
	leaf(out, "generator", head->generator);
	buf_add_str(out, STR("<date_range>\n"));
	number(out, "begin", (uint64_t)head->begin_epoch_secs);
	number(out, "end", (uint64_t)head->end_epoch_secs);
	buf_add_str(out, STR("</date_range>\n"));
	for (size_t i = 0; i < head->errors_count; i++)
		leaf(out, "error", head->errors[i]);
	buf_add_str(out, STR("</report_metadata>\n<policy_published>\n"));
	leaf(out, "domain", policy->domain_raw.ptr ? policy->domain_raw : policy->domain);
	leaf(out, "p", policy->p);
	leaf(out, "sp", policy->sp);
	leaf(out, "np", policy->np);
	leaf(out, "adkim", policy->adkim);
	leaf(out, "aspf", policy->aspf);
	leaf(out, "pct", policy->pct);
	leaf(out, "fo", policy->fo);
	leaf(out, "testing", policy->testing);
	leaf(out, "discovery_method", policy->discovery_method);
	buf_add_str(out, STR("</policy_published>\n</feedback>\n"));
}
