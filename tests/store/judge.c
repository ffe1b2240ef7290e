// SPDX-License-Identifier: Apache-2.0
/*
 * A judge that finds what it is told to: the functions of store/verdict/judgement.h, one a line of stdin, for
 * test_verdicts.py. Answers end with a line "."; an error is a line "! KIND text".
 *
 *	lease SECS MOST           leases mails and keeps them in mind: HASH KIND TRIES PACKED_BYTES and its reports,
 *	                          each NO KEY own|copy CLAIM…
 *	put STATE [HASH=STATE…]   writes that of all in mind, and forgets them: HASH written|lost
 *	defer SECS [untried]      gives all in mind back
 *	stats                     WAITING DUE TRIED
 *	sample MAILDIR FILE HASH  known|new
 *	stored REPORT|-           HASH PART KIND PACKED_BYTES REPORTS and the row's texts
 *
 * usage: judge CONNINFO
 */
#include "store/verdict/judgement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 256
#define WORDS_MAX 64
#define STRANGE "a\\b\tc\n\"d\" {e,f} \xc3\xbc" /* what COPY and arrays have to escape */

static struct store *store;
static struct arena *arena;
static struct judged_mail *mails;
static size_t mails_count;

static void say_mail(const struct judged_mail *mail)
{
	char hex[SHA256_HEX_BYTES];
	printf("%s %s %u %zd", sha256_hex(&mail->sha256, hex), judged_kind_text(mail->kind), mail->tries,
		mail->packed.ptr ? (ssize_t)mail->packed.len : -1);
	for (size_t i = 0; i < mail->claims.count; i++)
		printf(" | %llu %s %s %.*s %.*s %.*s %.*s", (unsigned long long)mail->claims.at[i].report_no,
			mail->reports[i].key, mail->reports[i].copy ? "copy" : "own",
			STR_FMT(mail->claims.at[i].kind), STR_FMT(mail->claims.at[i].policy_domain),
			STR_FMT(mail->claims.at[i].report_id), STR_FMT(mail->claims.at[i].member));
	printf("\n");
}

static enum err lease(char **words, struct error *error)
{
	arena_reset(arena);
	enum err err = verdict_lease(store, (int64_t)time(NULL), (unsigned)atoi(words[1]), (unsigned)atoi(words[2]),
		atoi(words[3]) != 0, arena, &mails, &mails_count, error);
	for (size_t i = 0; i < mails_count && !err; i++)
		say_mail(&mails[i]);
	return err;
}

static const char *state_of(const struct judged_mail *mail, char **words)
{
	char hex[SHA256_HEX_BYTES];
	(void)sha256_hex(&mail->sha256, hex);
	for (size_t i = 2; words[i]; i++)
		if (strncmp(words[i], hex, strlen(hex)) == 0 && words[i][strlen(hex)] == '=')
			return words[i] + strlen(hex) + 1;
	return words[1];
}

static void judge(const struct judged_mail *mail, const char *state, struct judgement *judgement)
{
	static struct str names[] = {{STRANGE, sizeof(STRANGE) - 1}, {"mx.example", 10}};
	static const struct verdict_recheck spf = {.method = {"spf", 3}, .reporter = {"fail", 4}, .ours = {"pass", 4},
		.difference = {"we_pass", 7}, .detail = {"said so", 7}};
	struct verdict_row *row = ARENA_NEW(arena, struct verdict_row);
	struct report_finding *findings = ARENA_ARRAY(arena, mail->claims.count + 1, struct report_finding);
	*row = (struct verdict_row){.sha256 = mail->sha256, .kind = mail->kind, .judged_epoch_secs = 1767225600,
		.ip = {.family = 4, .bytes = {192, 0, 2, 1}}, .helo = STR(STRANGE), .mail_from = STR(""),
		.trusted_hops = {names, 2}, .spf = STR("pass"), .dkim = STR("fail"), .dmarc = STR("pass"),
		.arc = STR("none"), .author_domain = STR("example.com"), .verdict = STR("{\"x\": \"" "\\\\" "\"}"),
		.answers = STR("a.example TXT \"\\007\"\n")};
	for (size_t i = 0; i < mail->claims.count; i++)
		findings[i] = (struct report_finding){
			.state = str_from(state),
			.domain = strcmp(state, "unverified") == 0 ? STR_NONE : STR("example.com"),
			.reasons = STR("dmarc.pass org.match"),
			.recheck = &spf,
			.recheck_count = str_eq(mail->claims.at[i].kind, STR("failure")),
		};
	*judgement = (struct judgement){.mail = mail, .judged_epoch_secs = 1767225600, .rows = row,
		.rows_count = mail->packed.ptr ? 1 : 0, .findings = findings};
}

static enum err put(char **words, struct error *error)
{
	char hex[SHA256_HEX_BYTES];
	static struct judgement judgements[MOST];
	for (size_t i = 0; i < mails_count; i++)
		judge(&mails[i], state_of(&mails[i], words), &judgements[i]);
	enum err err = verdict_put(store, judgements, mails_count, error);
	for (size_t i = 0; i < mails_count && !err; i++)
		printf("%s %s\n", sha256_hex(&mails[i].sha256, hex), judgements[i].written ? "written" : "lost");
	mails_count = 0;
	return err;
}

static enum err defer(char **words, struct error *error)
{
	static struct verdict_later later[MOST];
	for (size_t i = 0; i < mails_count; i++)
		later[i] = (struct verdict_later){.mail = &mails[i], .problem = STR("the DNS is \"slow\""),
			.due_epoch_secs = (int64_t)time(NULL) + atoi(words[1]), .untried = words[2] != NULL};
	const size_t count = mails_count;
	mails_count = 0;
	return verdict_defer(store, later, count, error);
}

static enum err stats(struct error *error)
{
	struct verdict_queue queue = {0};
	enum err err = verdict_queue_stats(store, (int64_t)time(NULL), &queue, error);
	printf("%llu %llu %llu\n", (unsigned long long)queue.waiting, (unsigned long long)queue.due,
		(unsigned long long)queue.tried);
	return err;
}

static enum err sample(char **words, struct error *error)
{
	bool known = false;
	struct sample_mail mail = {.maildir = str_from(words[1]), .file = str_from(words[2]), .packed = STR("bytes"),
		.bytes = 5, .arrived_epoch_secs = 1767225600};
	if (!sha256_parse(str_from(words[3]), &mail.sha256))
		exit(64);
	enum err err = sample_put(store, &mail, (int64_t)time(NULL), &known, error);
	printf("%s\n", known ? "known" : "new");
	return err;
}

static enum err stored(char **words, struct error *error)
{
	uint64_t count = 0;
	char hex[SHA256_HEX_BYTES];
	struct stored_verdicts *verdicts = NULL;
	struct stored_verdict verdict;
	const struct stored_wanted wanted = {.report_key = strcmp(words[1], "-") == 0 ? NULL : words[1]};
	enum err err = stored_verdicts_open(store, &wanted, &verdicts, &count, error);
	while (!err && stored_verdicts_next(verdicts, &verdict, error)) {
		const struct verdict_row *row = &verdict.row;
		bool same = row->judged_epoch_secs == 1767225600 && str_eq(row->helo, STR(STRANGE)) &&
			row->trusted_hops.count > 1 && str_eq(row->trusted_hops.at[row->trusted_hops.count - 1],
				STR("mx.example")) && str_eq(row->verdict, STR("{\"x\": \"" "\\\\" "\"}")) &&
			str_eq(row->answers, STR("a.example TXT \"\\007\"\n")) && row->mail_from.ptr;
		printf("%s %llu %s %zu %zu %s\n", sha256_hex(&row->sha256, hex), (unsigned long long)row->part,
			judged_kind_text(row->kind), verdict.mail.packed.len, verdict.mail.claims.count,
			same ? "same" : "other");
		count--;
	}
	stored_verdicts_close(&verdicts);
	return err || count == 0 ? err : error_set(error, ERR_PERM, "not as many as counted");
}

static enum err run(char **words, struct error *error)
{
	static const struct {
		const char *name;
		enum err (*run)(char **words, struct error *error);
	} commands[] = {{"lease", lease}, {"put", put}, {"defer", defer}, {"sample", sample}, {"stored", stored}};
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(words[0], commands[i].name) == 0)
			return commands[i].run(words, error);
	return stats(error);
}

int main(int argc, char **argv)
{
	char line[16384];
	struct error error = {0};
	const struct store_options options = {.conninfo = argv[1], .application = "judge", .statement_secs = 30};
	if (argc != 2)
		return 64;
	if (store_open(&options, &store, &error) != ERR_OK) {
		(void)fprintf(stderr, "%s\n", error.text);
		return 69;
	}
	arena = arena_open((size_t)256 * 1024 * 1024);
	while (fgets(line, sizeof(line), stdin)) {
		char *words[WORDS_MAX + 1] = {0};
		char *rest = line;
		for (size_t i = 0; i < WORDS_MAX && (words[i] = strsep(&rest, " \n")) && words[i][0] != '\0'; i++)
			words[i + 1] = NULL;
		for (size_t i = 0; i < WORDS_MAX; i++)
			if (words[i] && words[i][0] == '\0')
				words[i] = NULL;
		error = (struct error){0};
		enum err err = words[0] ? run(words, &error) : ERR_OK;
		if (err)
			printf("! %d %s\n", (int)err, error.text);
		printf(".\n");
		(void)fflush(stdout);
	}
	arena_close(&arena);
	store_close(&store);
	return 0;
}
