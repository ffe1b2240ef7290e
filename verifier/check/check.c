// SPDX-License-Identifier: Apache-2.0
#include "verifier/check.h"

#include "verifier/address.h"
#include "verifier/check/advice.h"
#include "verifier/recheck.h"

static void add_spf(const struct verify *verify, const struct check_request *request,
	const struct identity *identity, bool helo_identity, struct verdict *verdict)
{
	struct spf_request spf = {
		.ip = identity->ip,
		.helo = identity->helo,
		.mail_from = identity->mail_from,
		.receiver = request->receiver,
		.helo_identity = helo_identity,
	};
	spf_check(verify, &spf, &verdict->spf.at[verdict->spf.count++]);
}

/* Where nobody says who the client is there is no result; the null path is known, an unknown one is not. */
static void check_spf(const struct verify *verify, const struct check_request *request,
	const struct identity *identity, struct verdict *verdict)
{
	verdict->spf.at = ARENA_ARRAY(verify->arena, 2, struct verdict_spf);
	if (identity->has_mail_from)
		add_spf(verify, request, identity, false, verdict);
	else
		verdict->spf.at[verdict->spf.count++] = (struct verdict_spf){
			.result = AUTH_NONE, .identity = STR("mailfrom"),
			.problem = STR("the envelope sender is not known"),
		};
	if (identity->helo.len > 0 && identity->ip.family != 0)
		add_spf(verify, request, identity, true, verdict);
}

static void read_sample(const struct check_request *request, struct message *message)
{
	message->sample = request->reporter || request->headers_only;
	if (!message->sample)
		return;
	message->headers_only = request->headers_only || str_trim(message->body).len == 0;
	message->redacted = recheck_is_redacted(message);
}

static void describe(const struct verify *verify, const struct message *message)
{
	if (!verify->trace)
		return;
	const char *text = arena_printf(verify->arena, "%zu header fields, %zu octets of body%s%s%s",
		message->fields_count, message->body.len,
		!message->bare_lf ? "" : message->crlf ? "; line ends are mixed" : "; line ends are LF, read as CRLF",
		message->no_separator && message->body.len > 0 ? "; the header ends without an empty line" : "",
		message->headers_only ? "; the body is not at hand" : message->redacted ? "; redacted" :
		message->overflow ? "; more fields than are looked at" : "");
	trace_add(verify, &(struct trace_step){
		.part = verdict_part_word(PART_MESSAGE), .kind = STR("message"), .note = str_from(text),
	});
}

void check_message(const struct verify *verify, struct str bytes, const struct check_request *request,
	struct verdict *verdict_r)
{
	struct bimi_options bimi = request->bimi;
	struct message message;
	struct identity identity;
	struct author author;
	*verdict_r = (struct verdict){.answers = STR_NONE};
	bimi.dmarc = bimi.dmarc ? bimi.dmarc : &request->dmarc;
	message_parse(verify->arena, bytes, &message);
	read_sample(request, &message);
	describe(verify, &message);
	identity_find(verify, &message, &request->hints, &identity, verdict_r);
	address_author(verify->arena, &message, &author);
	check_spf(verify, request, &identity, verdict_r);
	dkim_check(verify, &message, request->keys, author.domain, verdict_r);
	arc_check(verify, &message, request->keys, request->trusted_sealers, request->trusted_sealers_count, verdict_r);
	dmarc_check(verify, &message, &request->dmarc, verdict_r);
	bimi_check(verify, &message, &bimi, verdict_r);
	const struct authres_trust trust = {request->hints.authserv_ids, request->hints.authserv_ids_count,
		identity.inside_fields};
	authres_claims(verify, &message, &trust, verdict_r);
	if (request->reporter)
		recheck_compare(verify, request->reporter, verdict_r);
	provenance_check(verify, &message, &request->claims, &request->dmarc, verdict_r);
	advise(verify, verdict_r);
	trace_keep(verify, verdict_r);
}
