// SPDX-License-Identifier: Apache-2.0
/* RFC 9990 section 4 and RFC 9991 section 5: does the other side want reports about this domain? */
#include "verifier/dmarc.h"

#include "verifier/dmarc/walk.h"

struct question {
	const struct verify *verify;
	enum dmarc_report kind;
	struct str host; /* of the destination */
	struct dmarc_destination *destination;
};

/* Destinations that the receiver of reports names in place of the original one have to be at the same host. */
static bool stays_at_host(const struct question *question, const struct dmarc_record *record)
{
	const struct str *uris = question->kind == DMARC_RUA ? record->rua : record->ruf;
	size_t count = question->kind == DMARC_RUA ? record->rua_count : record->ruf_count;
	struct arena *arena = question->verify->arena;
	struct str other, instead = STR_NONE;
	for (size_t i = 0; i < count; i++) {
		if (!dmarc_uri_host(arena, uris[i], &other) || !str_eq(other, question->host))
			return false;
		instead = str_from(arena_printf(arena, "%.*s%s%.*s", STR_FMT(instead), i > 0 ? ", " : "",
			STR_FMT(uris[i])));
	}
	question->destination->instead = instead;
	return true;
}

static enum maybe ask(const struct question *question)
{
	struct dmarc_destination *destination = question->destination;
	const struct verify *verify = question->verify;
	struct dmarc_record record;
	if (!dns_name_valid(destination->asked)) {
		destination->why = "no host can say that it takes them, the name to ask for is longer than DNS allows";
		return MAYBE_NO;
	}
	const struct dns_answer *answer = verify_query(verify, PART_DMARC, 0, "are reports wanted there?",
		destination->asked, DNS_TXT);
	if (dns_failed(answer))
		return MAYBE_UNKNOWN;
	destination->mendable = true;
	destination->why = "its host does not say that it takes them";
	for (size_t i = 0; i < answer->count; i++) {
		if (!dmarc_record_parse(verify->arena, answer->records[i].text, &record))
			continue;
		if (stays_at_host(question, &record)) {
			destination->why = NULL;
			return MAYBE_YES;
		}
		destination->why = "its host wants them at another host, which it may not";
	}
	return MAYBE_NO;
}

static void trace(const struct question *question, enum maybe wanted, struct str uri)
{
	const struct dmarc_destination *destination = question->destination;
	const struct verify *verify = question->verify;
	const char *note = "";
	if (wanted == MAYBE_NO)
		note = arena_printf(verify->arena, "%s: receivers have to ignore this destination (RFC 9990 section 4)",
			destination->why);
	else if (destination->instead.ptr)
		note = arena_printf(verify->arena, "and sent to %.*s instead", STR_FMT(destination->instead));
	dmarc_trace(verify, 0, "report", destination->asked, uri,
		wanted == MAYBE_YES ? "wanted" : wanted == MAYBE_NO ? "not wanted" : "temperror", "%s", note);
}

enum maybe dmarc_external(const struct verify *verify, const struct dmarc_options *options,
	struct str record_domain, enum dmarc_report kind, struct str uri, struct dmarc_destination *destination_r)
{
	struct question question = {.verify = verify, .kind = kind, .destination = destination_r};
	struct str org, host_org;
	struct verify quiet = *verify; /* the record's own name has been walked before */
	quiet.trace = NULL;
	*destination_r = (struct dmarc_destination){.why = NULL};
	if (!dmarc_uri_host(verify->arena, uri, &question.host)) {
		destination_r->why = "it names no host";
		return MAYBE_NO;
	}
	if (str_eq(question.host, record_domain))
		return MAYBE_YES;
	if (!dmarc_org_domain(&quiet, options, record_domain, &org) ||
		!dmarc_org_domain(verify, options, question.host, &host_org))
		return MAYBE_UNKNOWN;
	if (str_eq(org, host_org))
		return MAYBE_YES;
	destination_r->asked = str_from(arena_printf(verify->arena, "%.*s._report._dmarc.%.*s",
		STR_FMT(record_domain), STR_FMT(question.host)));
	enum maybe wanted = ask(&question);
	trace(&question, wanted, uri);
	return wanted;
}
