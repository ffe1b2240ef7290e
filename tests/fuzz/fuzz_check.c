// SPDX-License-Identifier: Apache-2.0
/*
 * All mechanisms together on a report mail, and on a sample. What a report
 * says of itself (lines up to an empty one), and the mail that brings it, or
 * whose sample it is. Its author passes SPF or does not, by the
 * length of the names asked for. Each claim has one of the states, of which
 * those of a mail that passes stand on a pass; the texts are clean; a sample
 * without its body never fails for that.
 */
#include "tests/fuzz/fuzz_text.h"

#include "dns/session.h"
#include "verifier/address.h"
#include "verifier/check.h"

#define ARENA_BYTES ((size_t)256 << 20)

static const char *const records[] = {
	"v=spf1 +all", "v=DMARC1; p=reject", "v=DMARC1; p=none; psd=y", "v=DMARC1; p=none; psd=n",
	"k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "",
};

#define RECORDS (sizeof(records) / sizeof(records[0]))

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	size_t record = str_starts(name, STR("_dmarc.")) ? 1 + name.len % 3 : name.len % RECORDS;
	(void)dns;
	if (!dns_name_valid(name))
		die("an odd question");
	answer_r->status = name.len % 11 == 10 ? DNS_TIMEOUT : type != DNS_TXT ? DNS_NODATA : DNS_OK;
	if (answer_r->status != DNS_OK)
		return;
	if (str_find(name, STR("_domainkey")) == SIZE_MAX && !str_starts(name, STR("_dmarc.")))
		record = name.len % 5 == 4 ? 5 : 0;
	answer_r->count = 1;
	answer_r->records = ARENA_ARRAY(arena, 1, struct dns_record);
	answer_r->records[0].text = str_from(records[record]);
}

static bool is_one_of(struct str word, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(word, str_from(*words)))
			return true;
	return false;
}

static void prove_provenance(const struct verdict *verdict, size_t claims)
{
	static const char *const passed[] = {"verified", "plausible", "contradicted", NULL};
	static const char *const others[] = {"pending", "unverified", NULL};
	if (verdict->provenance.count != claims)
		die("not an item for each claim");
	for (size_t i = 0; i < claims; i++) {
		const struct verdict_provenance *item = &verdict->provenance.at[i];
		if (is_one_of(item->state, passed) ? verdict->dmarc.result != AUTH_PASS || !item->domain.ptr :
			!is_one_of(item->state, others))
			die("a state without its grounds");
		if (str_find(item->reasons, STR("dmarc.")) == SIZE_MAX)
			die("no reason");
		prove_text(item->reasons);
		prove_text(item->detail);
		prove_text(item->submitter);
		prove_text(item->destination);
	}
}

static void prove_recheck(const struct verdict *verdict)
{
	static const char *const differences[] = {"same", "headers_only", "redacted", "key_rotated", "key_gone",
		"dns_changed", "canonicalization", "we_pass", "we_fail", "not_checkable", NULL};
	if (verdict->recheck.count > 3)
		die("more methods than there are");
	for (size_t i = 0; i < verdict->recheck.count; i++) {
		const struct verdict_recheck *item = &verdict->recheck.at[i];
		if (!is_one_of(item->difference, differences) || item->detail.len == 0)
			die("no difference that is known");
		prove_text(item->reporter);
		prove_text(item->ours);
		prove_text(item->detail);
	}
	for (size_t i = 0; i < verdict->dkim.count; i++)
		if (str_eq(verdict->dkim.at[i].reason, STR("body_hash")) ||
			str_eq(verdict->dkim.at[i].reason, STR("body_length")))
			die("a body that is not there fails");
}

static void check(struct arena *arena, struct str bytes, struct check_request *request, struct verdict *verdict_r)
{
	struct dns dns = {query};
	struct psl *psl = psl_builtin_list();
	struct verify verify = {.arena = arena, .now_epoch_secs = FUZZ_NOW, .limits = verify_limits_default(),
		.trace = trace_open(arena)};
	struct dns_session *session = dns_session_open(arena, &dns, DNS_QUERIES_MAX);
	struct message message;
	struct author author;
	verify.dns = dns_session_dns(session);
	message_parse(arena, bytes, &message);
	address_author(arena, &message, &author);
	request->dmarc = (struct dmarc_options){.method = DMARC_TREEWALK, .psl = psl};
	request->hints.ip = (struct ip){.family = 4, .bytes = {192, 0, 2, 1}};
	if (author.domain.ptr)
		request->hints.mail_from = str_from(arena_printf(arena, "x@%.*s", STR_FMT(author.domain)));
	check_message(&verify, bytes, request, verdict_r);
	psl_close(&psl);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const char *const kinds[] = {"aggregate", "failure", "tlsrpt"};
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str lines[5] = {STR_NONE, STR_NONE, STR_NONE, STR_NONE, STR_NONE}, line;
	struct str rest = {(const char *)bytes, len};
	struct verdict verdict;
	for (size_t i = 0; str_line(&rest, &line) && line.len > 0; i++)
		if (i < 5)
			lines[i] = line;
	struct verify_claim claims[2] = {{.kind = str_from(kinds[len % 3]), .org_name = lines[0], .email = lines[1],
		.report_id = lines[2], .policy_domain = lines[3], .member = lines[4], .begin_epoch_secs = 1700000000,
		.end_epoch_secs = 1700086399}};
	claims[1] = claims[0];
	claims[1].member = STR_NONE;
	struct check_request request = {.claims = {claims, 2}};
	check(arena, rest, &request, &verdict);
	prove_provenance(&verdict, 2);
	const struct verify_reporter reporter = {.auth_failure = lines[0], .authentication_results = lines[1],
		.dkim_domain = lines[2], .dkim_selector = lines[3]};
	request = (struct check_request){.reporter = &reporter, .headers_only = true};
	check(arena, rest, &request, &verdict);
	prove_recheck(&verdict);
	arena_close(&arena);
	return 0;
}
