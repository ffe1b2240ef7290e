// SPDX-License-Identifier: Apache-2.0
/* RFC 9990 section 4 and RFC 9991 section 5: does the other side want reports about this domain? */
#include "verifier/dmarc.h"

#include "verifier/dmarc/walk.h"

/* A destination that the receiver of reports names in its place has to be at the same host. */
static bool stays_at_host(const struct verify *verify, const struct dmarc_record *record, enum dmarc_report kind,
	struct str host)
{
	const struct str *uris = kind == DMARC_RUA ? record->rua : record->ruf;
	size_t count = kind == DMARC_RUA ? record->rua_count : record->ruf_count;
	struct str other;
	for (size_t i = 0; i < count; i++)
		if (!dmarc_uri_host(verify->arena, uris[i], &other) || !str_eq(other, host))
			return false;
	return true;
}

static enum maybe ask(const struct verify *verify, struct str name, enum dmarc_report kind, struct str host)
{
	const struct dns_answer *answer = verify_query(verify, PART_DMARC, 0, "are reports wanted there?", name,
		DNS_TXT);
	struct dmarc_record record;
	if (dns_failed(answer))
		return MAYBE_UNKNOWN;
	for (size_t i = 0; i < answer->count; i++)
		if (dmarc_record_parse(verify->arena, answer->records[i].text, &record) &&
			stays_at_host(verify, &record, kind, host))
			return MAYBE_YES;
	return MAYBE_NO;
}

enum maybe dmarc_external(const struct verify *verify, const struct dmarc_options *options,
	struct str record_domain, enum dmarc_report kind, struct str uri, struct str *asked_r)
{
	struct str host, org, host_org;
	struct verify quiet = *verify; /* the record's own name has been walked before */
	quiet.trace = NULL;
	*asked_r = STR_NONE;
	if (!dmarc_uri_host(verify->arena, uri, &host))
		return MAYBE_NO;
	if (str_eq(host, record_domain))
		return MAYBE_YES;
	if (!dmarc_org_domain(&quiet, options, record_domain, &org) ||
		!dmarc_org_domain(verify, options, host, &host_org))
		return MAYBE_UNKNOWN;
	if (str_eq(org, host_org))
		return MAYBE_YES;
	*asked_r = str_from(arena_printf(verify->arena, "%.*s._report._dmarc.%.*s", STR_FMT(record_domain),
		STR_FMT(host)));
	enum maybe wanted = dns_name_valid(*asked_r) ? ask(verify, *asked_r, kind, host) : MAYBE_NO;
	dmarc_trace(verify, 0, "report", *asked_r, uri,
		wanted == MAYBE_YES ? "wanted" : wanted == MAYBE_NO ? "not wanted" : "temperror",
		"%s", wanted == MAYBE_NO ? "receivers have to ignore this destination (RFC 9990 section 4)" : "");
	return wanted;
}
