// SPDX-License-Identifier: Apache-2.0
/*
 * A report mail against what its reports say. Lines first: kind, org_name, email, report id, policy domain and file
 * name of one report, twice; then the mail, which passes DMARC for reporter.example, or does not. The DNS answers by
 * the name asked for. A state and reasons are of the known form, each reason once; who does not pass is held to
 * nothing; few questions are asked; the texts are clean; the same is said twice.
 */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "verifier/provenance.h"

#define ARENA_BYTES ((size_t)256 << 20)
#define CLAIMS 2
#define QUESTIONS_MAX (2 * PROVENANCE_LOOKUPS_MAX * 9)

static const char *const records[] = {"v=DMARC1; p=none", "v=DMARC1; p=reject; psd=n", "v=DMARC1; psd=y",
	"v=spf1 -all"};

#define RECORDS (sizeof(records) / sizeof(records[0]))

static size_t questions;

static void query(struct dns *dns, struct arena *arena, struct str name, enum dns_type type,
	struct dns_answer *answer_r)
{
	size_t record = name.len % (RECORDS + 2);
	(void)dns;
	if (type != DNS_TXT || !dns_name_valid(name))
		die("an odd question");
	questions++;
	answer_r->status = record == RECORDS ? DNS_NXDOMAIN : record > RECORDS ? DNS_TIMEOUT : DNS_OK;
	if (answer_r->status != DNS_OK)
		return;
	answer_r->count = 1;
	answer_r->records = ARENA_ARRAY(arena, 1, struct dns_record);
	answer_r->records[0].text = str_from(records[record]);
}

static bool has(struct str reasons, const char *wanted)
{
	struct str word;
	while (str_split(&reasons, ' ', &word))
		if (str_starts(word, str_from(wanted)))
			return true;
	return false;
}

static void check_reasons(struct str reasons)
{
	struct str rest = reasons, word, other;
	while (str_split(&rest, ' ', &word)) {
		size_t dot = str_find_char(word, '.'), count = 0;
		if (dot == 0 || dot + 1 >= word.len)
			die("no code: %.*s", STR_FMT(reasons));
		for (size_t i = 0; i < word.len; i++)
			if (!ascii_is_alpha(word.ptr[i]) && word.ptr[i] != '.' && word.ptr[i] != '_')
				die("no code: %.*s", STR_FMT(reasons));
		for (struct str again = reasons; str_split(&again, ' ', &other);)
			count += str_eq(other, word);
		if (count != 1)
			die("twice: %.*s", STR_FMT(reasons));
	}
}

static void check_item(const struct verdict_provenance *item, bool passes)
{
	static const char *const states[] = {"verified", "plausible", "contradicted", "unverified", "pending"};
	size_t state = 0;
	while (state < 5 && !str_eq(item->state, str_from(states[state])))
		state++;
	check_reasons(item->reasons);
	bool held = has(item->reasons, "org.") || has(item->reasons, "email.") || has(item->reasons, "submitter.");
	if (state == 5 || (!passes && (state != 3 || held)) || (state == 3 && held))
		die("%.*s: %.*s", STR_FMT(item->state), STR_FMT(item->reasons));
	if (!utf8_valid(item->detail) || !utf8_valid(item->submitter) || !utf8_valid(item->destination) ||
		!utf8_valid(item->domain))
		die("an unclean text");
}

static void judge(struct arena *arena, struct str bytes, bool passes, struct verdict *verdict_r)
{
	static struct dns dns = {query};
	struct psl *psl = psl_builtin_list();
	const struct verify verify = {.arena = arena, .dns = &dns, .now_epoch_secs = FUZZ_NOW,
		.limits = verify_limits_default()};
	const struct dmarc_options options = {.method = DMARC_TREEWALK, .psl = psl};
	struct verify_claim claims[CLAIMS];
	struct message message;
	for (size_t i = 0; i < CLAIMS; i++) {
		struct str lines[6];
		for (size_t n = 0; n < 6; n++)
			if (!str_split(&bytes, '\n', &lines[n]))
				lines[n] = STR_NONE;
		claims[i] = (struct verify_claim){.report_no = i, .kind = lines[0], .org_name = lines[1],
			.email = lines[2], .report_id = lines[3], .policy_domain = lines[4], .member = lines[5],
			.begin_epoch_secs = FUZZ_NOW - 86400, .end_epoch_secs = FUZZ_NOW};
	}
	message_parse(arena, bytes.ptr ? bytes : STR(""), &message);
	*verdict_r = (struct verdict){.dmarc = {.result = passes ? AUTH_PASS : AUTH_FAIL,
		.author_domain = STR("reporter.example"), .dkim_aligned = passes,
			.org_domain = STR("reporter.example")}};
	*VERDICT_ADD(arena, &verdict_r->dkim) = (struct verdict_dkim){.result = passes ? AUTH_PASS : AUTH_FAIL,
		.domain = STR("reporter.example"), .author_domain = true, .signed_fields = STR("from:subject")};
	questions = 0;
	provenance_check(&verify, &message, &(struct verify_claims){claims, CLAIMS}, &options, verdict_r);
	if (questions > QUESTIONS_MAX || verdict_r->provenance.count != CLAIMS)
		die("%zu questions, %zu items", questions, verdict_r->provenance.count);
	for (size_t i = 0; i < CLAIMS; i++)
		check_item(&verdict_r->provenance.at[i], passes);
	psl_close(&psl);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *arena = arena_open(ARENA_BYTES);
	struct str text = {(const char *)bytes, len};
	struct verdict one, other, none;
	judge(arena, text, true, &one);
	judge(arena, text, true, &other);
	judge(arena, text, false, &none);
	for (size_t i = 0; i < CLAIMS; i++)
		if (!str_eq(one.provenance.at[i].state, other.provenance.at[i].state) ||
			!str_eq(one.provenance.at[i].reasons, other.provenance.at[i].reasons))
			die("not the same twice");
	arena_close(&arena);
	return 0;
}
