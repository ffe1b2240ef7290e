// SPDX-License-Identifier: Apache-2.0
/*
 * A verdict comes out again to the letter from the answers that it kept: over
 * all mails of the corpus, with a DNS that knows their keys and answers all
 * else with what it likes, refusals, odd records and remarks among it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/verdict_wire.h"
#include "model/verify_request.h"
#include "tests/verifier/corpus.h"
#include "worker/verify_job.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <yaml.h>

#define NOW ((int64_t)1790000000)
#define ARENA_BYTES ((size_t)512 * 1024 * 1024)
#define ROUNDS 3 /* answers bring new questions */
#define REQUEST_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct bench {
	struct arena *arena;
	struct str keys; /* of the corpus, as a replay file */
	size_t mails, answers;
};

static void take(void *context, const void *bytes, size_t len)
{
	struct verdict_reader *reader = context;
	if (!verdict_reader_add(reader, (struct str){bytes, len}))
		fail_msg("frames that are not valid");
}

static const struct verdict *verify(struct verdict_reader *reader, const struct verify_request *request)
{
	static const struct limits *limits;
	static struct limits defaults;
	struct wire_writer writer;
	struct buf bytes;
	if (!limits) {
		defaults = limits_default();
		limits = &defaults;
	}
	buf_init(&bytes, REQUEST_BYTES_MAX);
	verify_request_put(&bytes, request);
	int fd = memfd_create("request", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
	verdict_reader_reset(reader);
	wire_writer_init(&writer, take, reader);
	wire_write_hello(&writer);
	verify_job(&(struct verify_input){fd, bytes.len, -1, NOW, limits}, &writer);
	wire_writer_fini(&writer);
	(void)close(fd);
	buf_fini(&bytes);
	const struct verdict *verdict = verdict_reader_finish(reader);
	if (!verdict)
		fail_msg("no verdict");
	if (verdict->refused.ptr)
		fail_msg("refused: %.*s", STR_FMT(verdict->refused));
	return verdict;
}

static struct str as_json(struct arena *arena, const struct verdict *verdict)
{
	struct json json;
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	json_init(&json, &buf);
	verdict_json(&json, verdict);
	struct str text = arena_str(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

static unsigned hash(struct str text, unsigned seed)
{
	for (size_t i = 0; i < text.len; i++)
		seed = (seed ^ (uint8_t)text.ptr[i]) * 16777619u;
	return seed >> 8;
}

static const char *const texts[] = {
	"\"v=spf1 include:a.example mx ptr exists:%{i}.b.example redirect=c.example\"",
	"\"v=DMARC1; p=reject; sp=none; np=quarantine; rua=mailto:a@other.example\"",
	"\"v=DMARC1; p=none; psd=n\"", "\"v=DKIM1; p=\"", "\"v=BIMI1; l=https://a.example/a.svg; a=\"",
	"\"\\255\\000odd\" \"\" \"strings\"", "\"v=spf1 ip4:192.0.2.0/24 a:d.example -all\"",
	"\"v=spf1 +all exp=e.example\"",
};

static const char *const failures[] = {"!NXDOMAIN", "!NODATA", "!SERVFAIL #: \"a lame server\"", "!TIMEOUT", "!BOGUS"};

static const char *const remarks[] = {"", " #: secure ttl=300", " #: ttl=7 alias=target.example", " #: \"a note\""};

/* An answer to this question, which is always the same of one seed. */
static void answer(struct buf *zone, struct str name, struct str type, unsigned seed)
{
	unsigned n = hash(name, seed);
	const char *remark = remarks[n / 64 % 4], *data = NULL;
	if (n % 4 == 0) {
		buf_printf(zone, "%.*s %.*s %s\n", STR_FMT(name), STR_FMT(type), failures[n / 4 % 5]);
		return;
	}
	if (str_eq(type, STR("TXT")))
		data = texts[n / 16 % 8];
	else if (str_eq(type, STR("A")))
		data = "192.0.2.7";
	else if (str_eq(type, STR("AAAA")))
		data = "2001:db8::7";
	else if (str_eq(type, STR("MX")))
		data = "10 mx.f.example";
	else if (str_eq(type, STR("PTR")))
		data = "g.example";
	if (!data)
		return;
	buf_printf(zone, "%.*s %.*s %s%s\n", STR_FMT(name), STR_FMT(type), data, remark);
	if (n % 8 == 1 && str_eq(type, STR("TXT")))
		buf_printf(zone, "%.*s TXT %s\n", STR_FMT(name), texts[n / 128 % 8]);
}

static bool knows(struct str zone, struct str name, struct str type)
{
	struct str line;
	while (str_line(&zone, &line)) {
		size_t space = str_find_char(line, ' ');
		struct str rest = str_from_offset(line, space == SIZE_MAX ? line.len : space + 1);
		if (str_eq_nocase(str_sub(line, 0, space), name) && str_starts(rest, type))
			return true;
	}
	return false;
}

/* Answers for what was asked in vain. */
static void answer_all(struct bench *bench, struct buf *zone, struct str answers, unsigned seed)
{
	struct str rest = answers, line, name, type;
	while (str_line(&rest, &line)) {
		if (!str_split(&line, ' ', &name) || !str_split(&line, ' ', &type))
			continue;
		if (str_ends(name, STR(".")))
			name.len--;
		bool known = knows(bench->keys, name, type) || knows(buf_str(zone), name, type);
		if (!known && str_starts(line, STR("!NXDOMAIN")))
			answer(zone, name, type, seed);
	}
}

static void expect_again(struct bench *bench, const char *what, const struct verify_request *asked)
{
	struct verdict_reader *reader = verdict_reader_open();
	struct verify_request request = *asked;
	struct str first = as_json(bench->arena, verify(reader, &request));
	request.replay = arena_str(bench->arena, verdict_reader_finish(reader)->answers);
	if (!request.replay.ptr)
		request.replay = STR("");
	for (int i = 0; i < 2; i++) {
		const struct verdict *verdict = verify(reader, &request);
		struct str again = as_json(bench->arena, verdict);
		size_t at = 0;
		while (at < first.len && at < again.len && first.ptr[at] == again.ptr[at])
			at++;
		if (!str_eq(first, again))
			fail_msg("%s: another verdict from its answers:\n%.*s\n%.*s", what,
				STR_FMT(str_sub(str_from_offset(first, at > 60 ? at - 60 : 0), 0, 200)),
				STR_FMT(str_sub(str_from_offset(again, at > 60 ? at - 60 : 0), 0, 200)));
		if (!str_eq(verdict->answers, request.replay))
			fail_msg("%s: other answers", what);
	}
	for (size_t i = 0; i < request.replay.len; i++)
		bench->answers += request.replay.ptr[i] == '\n';
	verdict_reader_close(&reader);
}

static void check_mail(struct bench *bench, const char *what, struct str bytes)
{
	static const struct str hops[] = {{"mx.example", 10}};
	struct verify_claim claims[] = {
		{.kind = STR("aggregate"), .org_name = STR("google.com"), .email = STR("a@google.com"),
			.report_id = STR("1"), .policy_domain = STR("example.com"),
			.member = STR("google.com!example.com!1!2.xml"), .begin_epoch_secs = 1, .end_epoch_secs = 2},
		{.report_no = 1, .kind = STR("tlsrpt"), .org_name = STR("h.example"),
			.policy_domain = STR("i.example")},
	};
	struct str pairs[] = {STR("a.b.example"), STR("c.b.example"), STR("j.example"), STR("j.example")};
	for (unsigned seed = 0; seed < 2; seed++) {
		struct buf zone;
		struct arena *kept = bench->arena;
		struct verdict_reader *reader = verdict_reader_open();
		bench->arena = arena_open(ARENA_BYTES);
		struct verify_request request = {.what = VERIFY_MESSAGE, .trace = true, .psl = seed == 1,
			.replay_file = STR("answers"), .message = bytes, .mail_from = STR("x@k.example"),
			.helo = STR("l.example"), .pairs = {pairs, 4}};
		assert_true(ip_parse(STR("192.0.2.77"), &request.ip));
		if (seed == 0)
			request.claims = (struct verify_claims){claims, 2};
		else
			request.trusted_hops = (struct verify_list){(struct str *)(uintptr_t)hops, 1};
		request.has_reporter = seed == 1;
		request.reporter.auth_failure = STR("dmarc");
		request.reporter.authentication_results = STR("m.example; spf=fail; dkim=pass header.d=example.com");
		buf_init(&zone, SIZE_MAX / 2);
		buf_add_str(&zone, bench->keys);
		for (int round = 0; round < ROUNDS; round++) {
			request.replay = arena_str(bench->arena, buf_str(&zone));
			struct str answers = arena_str(bench->arena, verify(reader, &request)->answers);
			answer_all(bench, &zone, answers, seed + 1);
		}
		request.replay = arena_str(bench->arena, buf_str(&zone));
		expect_again(bench, what, &request);
		buf_fini(&zone);
		verdict_reader_close(&reader);
		arena_close(&bench->arena);
		bench->arena = kept;
	}
	bench->mails++;
}

static bool is_mail(const char *name)
{
	struct str text = str_from(name);
	return str_ends(text, STR(".eml")) || str_ends(text, STR(".msg")) || str_ends(text, STR(".message")) ||
		(str_starts(text, STR("mail-dkim-")) && str_ends(text, STR(".txt")));
}

static void check_folder(struct bench *bench, const char *folder)
{
	DIR *dir = opendir(arena_printf(bench->arena, "%s/%s", getenv("DMARCD_CORPUS"), folder));
	struct dirent *entry;
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (is_mail(entry->d_name))
			check_mail(bench, entry->d_name, corpus_file(bench->arena, folder, str_from(entry->d_name)));
	(void)closedir(dir);
}

/* Every "message" of the suite, without looking at the rest of it. */
static void check_arc_suite(struct bench *bench)
{
	struct str text = corpus_file(bench->arena, "arc", STR("arc-draft-validation-tests.yml"));
	yaml_parser_t parser;
	yaml_event_t event;
	bool next = false, more = true;
	assert_true(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
	while (more && yaml_parser_parse(&parser, &event)) {
		struct str value = STR_NONE;
		if (event.type == YAML_SCALAR_EVENT)
			value = arena_str(bench->arena,
				(struct str){(const char *)event.data.scalar.value, event.data.scalar.length});
		if (next)
			check_mail(bench, "arc", value);
		next = str_eq(value, STR("message"));
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
}

/* "name value" of the corpus as a line of a replay file. */
static void add_key(struct buf *keys, struct str line)
{
	struct str name;
	if (str_starts(line, STR("#")) || !str_split(&line, ' ', &name) || name.len == 0 || line.len == 0)
		return;
	line = str_trim(line);
	if (str_starts(line, STR("!"))) {
		buf_printf(keys, "%.*s TXT %.*s\n", STR_FMT(name), STR_FMT(line));
		return;
	}
	buf_printf(keys, "%.*s TXT \"", STR_FMT(name));
	for (size_t i = 0; i < line.len; i++)
		buf_printf(keys, "\\%03u", (unsigned)(uint8_t)line.ptr[i]);
	buf_add_str(keys, STR("\"\n"));
}

static struct str corpus_keys(struct arena *arena)
{
	static const char *const files[] = {"dns-rfc.txt", "dns-dkimpy.txt", "dns-mail-dkim.txt"};
	struct buf keys;
	buf_init(&keys, SIZE_MAX / 2);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct str rest = corpus_file(arena, "dkim", str_from(files[i])), line;
		while (str_line(&rest, &line))
			add_key(&keys, line);
	}
	struct str text = arena_str(arena, buf_str(&keys));
	buf_fini(&keys);
	return text;
}

static void test_corpus(void **state)
{
	static const char *const folders[] = {"aggregate", "failure", "tlsrpt", "dkim", "bimi"};
	struct bench bench = {.arena = arena_open(ARENA_BYTES)};
	(void)state;
	corpus_need();
	bench.keys = corpus_keys(bench.arena);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		check_folder(&bench, folders[i]);
	check_arc_suite(&bench);
	assert_true(bench.mails > 200);
	assert_true(bench.answers > 1000);
	print_message("%zu mails, %zu answers\n", bench.mails, bench.answers);
	arena_close(&bench.arena);
}

/* What the verifier does by itself is what the configuration has it do unless it says otherwise. */
static void test_limits(void **state)
{
	struct limits limits = limits_default();
	const struct verify_limits own = verify_limits_default(), given = verify_job_limits(&limits);
	(void)state;
	assert_memory_equal(&own, &given, sizeof(own));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_corpus), cmocka_unit_test(test_limits)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
