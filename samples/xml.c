// SPDX-License-Identifier: Apache-2.0
#include "samples/xml.h"

struct xml {
	struct buf *out;
	unsigned depth;
	bool one_line;
};

static void xml_indent(struct xml *xml)
{
	if (xml->one_line)
		return;
	for (unsigned i = 0; i < xml->depth; i++)
		buf_add_str(xml->out, STR("  "));
}

static void xml_break(struct xml *xml)
{
	if (!xml->one_line)
		buf_add_char(xml->out, '\n');
}

static void xml_open(struct xml *xml, const char *name)
{
	xml_indent(xml);
	buf_printf(xml->out, "<%s>", name);
	xml_break(xml);
	xml->depth++;
}

static void xml_close(struct xml *xml, const char *name)
{
	xml->depth--;
	xml_indent(xml);
	buf_printf(xml->out, "</%s>", name);
	xml_break(xml);
}

static void xml_escaped(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_add_str(out, STR("&amp;"));
		else if (*text == '<')
			buf_add_str(out, STR("&lt;"));
		else if (*text == '>')
			buf_add_str(out, STR("&gt;"));
		else
			buf_add_char(out, *text);
	}
}

/* Nothing at all when text is NULL. */
static void xml_text(struct xml *xml, const char *name, const char *text)
{
	if (!text)
		return;
	xml_indent(xml);
	buf_printf(xml->out, "<%s>", name);
	xml_escaped(xml->out, text);
	buf_printf(xml->out, "</%s>", name);
	xml_break(xml);
}

static void xml_number(struct xml *xml, const char *name, uint64_t value)
{
	xml_indent(xml);
	buf_printf(xml->out, "<%s>%llu</%s>", name, (unsigned long long)value, name);
	xml_break(xml);
}

static void write_metadata(struct xml *xml, const struct sample_report *report)
{
	const struct world_reporter *who = report->reporter;
	xml_open(xml, "report_metadata");
	xml_text(xml, "org_name", who->org_name);
	xml_text(xml, "email", who->email);
	xml_text(xml, "extra_contact_info", who->contact);
	xml_text(xml, "report_id", report->id);
	xml_open(xml, "date_range");
	xml_number(xml, "begin", (uint64_t)report->begin);
	xml_number(xml, "end", (uint64_t)report->end);
	xml_close(xml, "date_range");
	if (who->xml & XML_RFC9990)
		xml_text(xml, "generator", "Aggregate Reporter 3.2");
	xml_close(xml, "report_metadata");
}

static void write_policy(struct xml *xml, const struct sample_report *report)
{
	unsigned habits = report->reporter->xml;
	xml_open(xml, "policy_published");
	xml_text(xml, "domain", report->domain);
	if (habits & XML_RFC9990)
		xml_text(xml, "discovery_method", "treewalk");
	xml_text(xml, "adkim", "r");
	xml_text(xml, "aspf", "r");
	xml_text(xml, "p", report->p);
	if (!(habits & XML_NO_SP))
		xml_text(xml, "sp", habits & XML_SP_EMPTY ? "" : report->sp);
	if (habits & (XML_RFC9990 | XML_NP))
		xml_text(xml, "np", report->sp);
	if (habits & XML_RFC9990)
		xml_text(xml, "testing", "n");
	else
		xml_text(xml, "pct", "100");
	if (habits & XML_FO)
		xml_text(xml, "fo", "1");
	xml_close(xml, "policy_published");
}

static void write_row(struct xml *xml, const struct sample_row *row, unsigned habits)
{
	bool pass = row->dkim_aligned || row->spf_aligned;
	xml_open(xml, "row");
	xml_text(xml, "source_ip", row->source);
	xml_number(xml, "count", row->count);
	xml_open(xml, "policy_evaluated");
	xml_text(xml, "disposition", pass && habits & XML_RFC9990 ? "pass" : row->disposition);
	xml_text(xml, "dkim", row->dkim_aligned ? "pass" : "fail");
	xml_text(xml, "spf", row->spf_aligned ? "pass" : "fail");
	if (row->reason) {
		xml_open(xml, "reason");
		xml_text(xml, "type", row->reason);
		xml_text(xml, "comment", row->comment);
		xml_close(xml, "reason");
	}
	xml_close(xml, "policy_evaluated");
	xml_close(xml, "row");
}

static void write_auth(struct xml *xml, const struct sample_row *row, unsigned habits)
{
	xml_open(xml, "auth_results");
	for (unsigned i = 0; i < row->dkim_count; i++) {
		xml_open(xml, "dkim");
		xml_text(xml, "domain", row->dkim[i].domain);
		xml_text(xml, "selector", row->dkim[i].selector);
		xml_text(xml, "result", row->dkim[i].result);
		if (habits & XML_HUMAN_RESULT)
			xml_text(xml, "human_result", "checked <now> & noted");
		xml_close(xml, "dkim");
	}
	xml_open(xml, "spf");
	xml_text(xml, "domain", row->spf.domain);
	if (habits & XML_SPF_SCOPE)
		xml_text(xml, "scope", "mfrom");
	xml_text(xml, "result", row->spf.result);
	xml_close(xml, "spf");
	xml_close(xml, "auth_results");
}

static void write_record(struct xml *xml, const struct sample_row *row,
	const struct world_reporter *who)
{
	xml_open(xml, "record");
	write_row(xml, row, who->xml);
	xml_open(xml, "identifiers");
	if (who->xml & XML_ENVELOPE_TO)
		xml_text(xml, "envelope_to", who->recipient_domain);
	if (who->xml & XML_ENVELOPE_FROM)
		xml_text(xml, "envelope_from", row->envelope_from);
	xml_text(xml, "header_from", row->header_from);
	xml_close(xml, "identifiers");
	write_auth(xml, row, who->xml);
	xml_close(xml, "record");
}

void xml_write_report(struct buf *out, const struct sample_report *report)
{
	const unsigned habits = report->reporter->xml;
	struct xml xml = {.out = out, .one_line = habits & XML_ONE_LINE};
	if (habits & XML_BOM)
		buf_add_str(out, STR("\xef\xbb\xbf"));
	buf_add_str(out, STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
	xml_break(&xml);
	if (habits & XML_RFC9990)
		xml_open(&xml, "feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\"");
	else if (habits & XML_XSD_ATTRIBUTES)
		xml_open(&xml, "feedback xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" "
			"xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"");
	else
		xml_open(&xml, "feedback");
	if (habits & XML_VERSION)
		xml_text(&xml, "version", "1.0");
	write_metadata(&xml, report);
	write_policy(&xml, report);
	for (size_t i = 0; i < report->rows_count; i++)
		write_record(&xml, &report->rows[i], report->reporter);
	xml_close(&xml, "feedback");
}
