// SPDX-License-Identifier: Apache-2.0
/*
 * SPF by scripted DNS. Lines: the client's address, HELO, MAIL FROM, then the
 * answers in the order of the questions, again from the first when they are
 * used up: "T" TXT, MX or PTR records or addresses with "|" between, "N"
 * NXDOMAIN, "D" NODATA, "S" SERVFAIL, "W" timeout. Whatever they say: at most
 * 10 look-ups and 2 void ones, a bounded number of questions, names that DNS
 * can carry, clean text in the verdict, an ASCII explanation, a reason for
 * each error, the same verdict with a trace and without.
 */
#include "tests/fuzz/fuzz_text.h"

#include <string.h>

#include "verifier/spf.h"

#define RECORDS_MAX 20
/* A term asks for an MX and ten addresses, or PTR, ten addresses and its own ones; then the explanation. */
#define QUESTIONS_MAX (1 + 11 * (1 + 10 + 1 + 10) + 12)
#define EXPLANATION_BYTES_MAX 4096

struct script {
	struct dns dns;
	struct str lines, rest;
	size_t questions;
};

static void answer_records(struct arena *arena, struct str line, enum dns_type type, struct dns_answer *answer_r)
{
	struct str piece;
	answer_r->records = ARENA_ARRAY(arena, RECORDS_MAX, struct dns_record);
	while (answer_r->count < RECORDS_MAX && str_split(&line, '|', &piece)) {
		struct dns_record *record = &answer_r->records[answer_r->count];
		if (type != DNS_A && type != DNS_AAAA)
			record->text = piece;
		else if (!ip_parse(piece, &record->ip) || record->ip.family != (type == DNS_A ? 4 : 6))
			continue;
		answer_r->count++;
	}
	answer_r->status = answer_r->count > 0 ? DNS_OK : DNS_NODATA;
}

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	struct script *script = (struct script *)dns;
	struct str line = STR_NONE;
	if (!dns_name_valid(name))
		die("asked for what is no name");
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z')
			die("asked in capitals");
	script->questions++;
	if (!script->rest.ptr)
		script->rest = script->lines;
	(void)str_split(&script->rest, '\n', &line);
	answer_r->status = DNS_NXDOMAIN;
	switch (line.len > 0 ? line.ptr[0] : 'N') {
	case 'D':
		answer_r->status = DNS_NODATA;
		break;
	case 'S':
		answer_r->status = DNS_SERVFAIL;
		break;
	case 'W':
		answer_r->status = DNS_TIMEOUT;
		break;
	case 'T':
		answer_records(arena, str_from_offset(line, 1), type, answer_r);
		break;
	default:
		break;
	}
}

static void prove(const struct verdict_spf *verdict, const struct script *script)
{
	bool error = verdict->result == AUTH_PERMERROR || verdict->result == AUTH_TEMPERROR;
	if (verdict->result < AUTH_NONE || verdict->result > AUTH_PERMERROR)
		die("no result of SPF");
	if (verdict->lookups > 10 || verdict->void_lookups > 2)
		die("more look-ups than allowed");
	if (script->questions > QUESTIONS_MAX)
		die("%zu questions", script->questions);
	if (error && verdict->problem.len == 0)
		die("an error without a problem");
	if (!error && verdict->result != AUTH_NONE && verdict->problem.ptr)
		die("a problem without an error");
	if (verdict->explanation.ptr && verdict->result != AUTH_FAIL)
		die("something else than a fail is explained");
	if (verdict->explanation.len > EXPLANATION_BYTES_MAX)
		die("a long explanation");
	for (size_t i = 0; i < verdict->explanation.len; i++)
		if (verdict->explanation.ptr[i] < ' ' || verdict->explanation.ptr[i] > '~')
			die("an explanation that is not ASCII");
	const struct str texts[] = {verdict->domain, verdict->identity, verdict->sender, verdict->helo, verdict->ip,
		verdict->explanation, verdict->problem, verdict->term, verdict->record};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		prove_text(texts[i]);
}

static void check(struct str lines, bool traced, struct arena *arena, struct verdict_spf *verdict_r)
{
	struct spf_request request = {0};
	struct str ip = STR_NONE;
	(void)str_split(&lines, '\n', &ip);
	(void)str_split(&lines, '\n', &request.helo);
	(void)str_split(&lines, '\n', &request.mail_from);
	(void)ip_parse(ip, &request.ip);
	request.helo_identity = str_eq(request.mail_from, STR("-"));
	struct script script = {.dns = {query}, .lines = lines};
	struct verify verify = {
		.arena = arena,
		.dns = &script.dns,
		.trace = traced ? trace_open(arena) : NULL,
		.now_epoch_secs = FUZZ_NOW,
		.limits = verify_limits_default(),
	};
	spf_check(&verify, &request, verdict_r);
	prove(verdict_r, &script);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open((size_t)64 << 20);
	struct verdict_spf plain, traced;
	check((struct str){(const char *)bytes, len}, false, arena, &plain);
	check((struct str){(const char *)bytes, len}, true, arena, &traced);
	if (plain.result != traced.result || plain.lookups != traced.lookups || !str_eq(plain.term, traced.term) ||
		!str_eq(plain.problem, traced.problem) || !str_eq(plain.explanation, traced.explanation))
		die("another verdict with a trace");
	arena_close(&arena);
	return 0;
}
