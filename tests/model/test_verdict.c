// SPDX-License-Identifier: Apache-2.0
/* A verdict through the doorway and into JSON; a request to verify and back. */
#include "model/verdict_wire.h"
#include "model/verify_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void keep(void *context, const void *bytes, size_t len)
{
	buf_add(context, bytes, len);
}

static void write_all(struct buf *out, const struct verdict *verdict)
{
	struct wire_writer writer;
	buf_init(out, SIZE_MAX / 2);
	wire_writer_init(&writer, keep, out);
	wire_write_hello(&writer);
	verdict_write(&writer, verdict);
	wire_writer_fini(&writer);
}

static void fill(struct arena *arena, struct verdict *verdict)
{
	*verdict = (struct verdict){0};
	*VERDICT_ADD(arena, &verdict->identities) = (struct verdict_identity){
		.kind = STR("helo"), .value = STR("mx.example.org"), .source = STR("given")};
	*VERDICT_ADD(arena, &verdict->spf) = (struct verdict_spf){.result = AUTH_FAIL, .domain = STR("example.org"),
		.explanation = STR("see \"spf\""), .lookups = 10};
	for (unsigned i = 0; i < 20; i++)
		*VERDICT_ADD(arena, &verdict->dkim) = (struct verdict_dkim){.result = AUTH_PASS, .key_bits = i,
			.selector = STR(""), .body_hash_matches = MAYBE_YES, .signature_matches = MAYBE_NO};
	verdict->arc = (struct verdict_arc){.result = AUTH_NONE, .sets = 50, .would_override = true};
	*VERDICT_ADD(arena, &verdict->arc_sets) = (struct verdict_arc_set){.instance = 7};
	verdict->dmarc = (struct verdict_dmarc){.result = AUTH_PASS, .policy = STR("reject"), .spf_aligned = true};
	verdict->bimi = (struct verdict_bimi){.result = AUTH_SKIPPED};
	*VERDICT_ADD(arena, &verdict->claims) = (struct verdict_claim){.method = STR("spf")};
	*VERDICT_ADD(arena, &verdict->provenance) = (struct verdict_provenance){.report_no = 3,
		.state = STR("verified"), .destination_authorised = MAYBE_NO};
	*VERDICT_ADD(arena, &verdict->recheck) = (struct verdict_recheck){.method = STR("dkim"), .ours = STR("pass")};
	*VERDICT_ADD(arena, &verdict->alignments) = (struct verdict_alignment){.identifier = STR("a.example.org"),
		.author = STR("example.org"), .treewalk = MAYBE_YES};
	*VERDICT_ADD(arena, &verdict->advice) = (struct verdict_advice){.code = STR("c"), .text = STR("t")};
	*VERDICT_ADD(arena, &verdict->trace) = (struct trace_step){.part = STR("spf"), .depth = 3, .kind = STR("term")};
	verdict->answers = STR("example.org TXT \"v=spf1 -all\"\nexample.net * !NXDOMAIN\n");
	verdict->authres = STR("Authentication-Results: x; none\r\n");
}

static struct str as_json(struct arena *arena, const struct verdict *verdict)
{
	struct buf buf;
	struct json json;
	buf_init(&buf, 1 << 20);
	json_init(&json, &buf);
	verdict_json(&json, verdict);
	struct str text = arena_str(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

static void round_trip(void **state)
{
	struct arena *arena = arena_open(1 << 20);
	struct verdict verdict;
	struct buf frames;
	(void)state;
	fill(arena, &verdict);
	write_all(&frames, &verdict);
	struct verdict_reader *reader = verdict_reader_open();
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < frames.len; i++) {
			assert_null(verdict_reader_finish(reader));
			assert_true(verdict_reader_add(reader, str_sub(buf_str(&frames), i, 1)));
		}
		const struct verdict *read = verdict_reader_finish(reader);
		assert_non_null(read);
		assert_int_equal(read->dkim.count, 20);
		assert_int_equal(read->dkim.at[19].key_bits, 19);
		assert_non_null(read->dkim.at[0].selector.ptr); /* empty is not absent */
		assert_null(read->dkim.at[0].domain.ptr);
		assert_true(str_eq(read->authres, verdict.authres));
		assert_true(str_eq(as_json(arena, read), as_json(arena, &verdict)));
		assert_false(verdict_reader_add(reader, buf_str(&frames)));
		verdict_reader_reset(reader);
	}
	verdict_reader_close(&reader);
	buf_fini(&frames);
	arena_close(&arena);
}

/* Whatever a worker writes, the reader says no or gives texts that are sound. */
static void hostile(void **state)
{
	struct arena *arena = arena_open(1 << 20);
	struct verdict verdict;
	struct buf frames;
	(void)state;
	fill(arena, &verdict);
	write_all(&frames, &verdict);
	struct verdict_reader *reader = verdict_reader_open();
	for (size_t i = 0; i < frames.len; i++) {
		char saved = frames.ptr[i];
		frames.ptr[i] = (char)(saved ^ (1 << i % 8));
		verdict_reader_reset(reader);
		if (verdict_reader_add(reader, buf_str(&frames)) && verdict_reader_finish(reader))
			assert_true(as_json(arena, verdict_reader_finish(reader)).len > 0);
		frames.ptr[i] = saved;
		arena_reset(arena);
	}
	verdict_reader_reset(reader);
	struct str end = STR("\0\0\0\0\x10");
	assert_false(verdict_reader_add(reader, end)); /* nobody said hello */
	verdict_reader_close(&reader);
	buf_fini(&frames);
	arena_close(&arena);
}

/* More than fits: the end of the trace, and of signatures and claims, is left out, never the verdict. */
static void bounded(void **state)
{
	struct arena *arena = arena_open((size_t)256 * 1024 * 1024);
	struct verdict verdict = {.dmarc = {.result = AUTH_PASS}};
	char *long_text = arena_alloc(arena, 200000);
	struct buf frames;
	(void)state;
	memset(long_text, 'x', 199999);
	for (int i = 0; i < 30000; i++)
		*VERDICT_ADD(arena, &verdict.trace) = (struct trace_step){.value = {long_text, 199999}};
	for (unsigned i = 0; i < 9990; i++)
		*VERDICT_ADD(arena, &verdict.dkim) = (struct verdict_dkim){.signature = {long_text, 5000},
			.key_bits = i};
	for (int i = 0; i < 200; i++)
		*VERDICT_ADD(arena, &verdict.claims) = (struct verdict_claim){.properties = {long_text, 64000}};
	verdict.authres = verdict.answers = (struct str){long_text, 199999};
	write_all(&frames, &verdict);
	struct verdict_reader *reader = verdict_reader_open();
	assert_true(verdict_reader_add(reader, buf_str(&frames)));
	const struct verdict *read = verdict_reader_finish(reader);
	assert_non_null(read);
	assert_int_equal(read->dmarc.result, AUTH_PASS);
	assert_int_equal(read->authres.len, 199999);
	assert_int_equal(read->answers.len, 199999);
	assert_in_range(read->dkim.count, 100, 9000);
	assert_int_equal(read->dkim.at[read->dkim.count - 1].key_bits, read->dkim.count - 1);
	assert_int_equal(read->trace.count, 0);
	verdict.dkim.count = verdict.claims.count = 0;
	buf_fini(&frames);
	write_all(&frames, &verdict);
	verdict_reader_reset(reader);
	assert_true(verdict_reader_add(reader, buf_str(&frames)));
	assert_in_range(verdict_reader_finish(reader)->trace.count, 100, VERDICT_ITEMS_MAX);
	verdict_reader_close(&reader);
	buf_fini(&frames);
	arena_close(&arena);
}

/* The keys that the command line's contract names. */
static void contract_keys(void **state)
{
	static const char *const keys[] = {"\"spf\":{\"result\":\"fail\",\"domain\":\"example.org\"",
		"\"explanation\":\"see \\\"spf\\\"\"",
		"\"dkim\":[{\"result\":\"pass\",\"domain\":null,\"selector\":\"\"",
		"\"arc\":{\"result\":\"none\",\"sets\":50", "\"dmarc\":{\"result\":\"pass\",\"policy\":\"reject\"",
		"\"spf_aligned\":true,\"dkim_aligned\":false", "\"bimi\":{\"result\":\"skipped\"",
		"\"trace\":[{\"part\":\"spf\",\"depth\":3", "\"helo\":null", "\"body_hash_matches\":true",
		"\"signature_matches\":false", "\"answers\":[\"example.org TXT \\\"v=spf1 -all\\\"\""};
	struct arena *arena = arena_open(1 << 20);
	struct verdict verdict;
	(void)state;
	fill(arena, &verdict);
	struct str text = as_json(arena, &verdict);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (str_find(text, str_from(keys[i])) == SIZE_MAX)
			fail_msg("%s is not in %.*s", keys[i], STR_FMT(text));
	arena_close(&arena);
}

static void request(void **state)
{
	struct arena *arena = arena_open(1 << 20);
	struct str hops[] = {STR("mx1.example.org"), STR("")};
	struct verify_request read;
	const struct verify_request asked = {
		.what = VERIFY_MESSAGE, .psl = true, .trace = true, .ip = {.family = 4, .bytes = {192, 0, 2, 1}},
		.mail_from = STR(""), .trusted_hops = {hops, 2}, .message = STR("a\0b\xff"),
	};
	struct buf buf;
	(void)state;
	buf_init(&buf, 1 << 20);
	verify_request_put(&buf, &asked);
	assert_true(verify_request_get(buf_str(&buf), arena, &read));
	assert_int_equal(read.what, VERIFY_MESSAGE);
	assert_true(read.psl && read.trace && ip_eq(&read.ip, &asked.ip));
	assert_true(read.mail_from.ptr && read.mail_from.len == 0 && !read.helo.ptr);
	assert_int_equal(read.trusted_hops.count, 2);
	assert_true(str_eq(read.trusted_hops.at[0], hops[0]));
	assert_true(str_eq(read.message, asked.message));
	for (size_t len = 0; len < buf.len; len++)
		assert_false(verify_request_get(str_sub(buf_str(&buf), 0, len), arena, &read));
	buf_fini(&buf);
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(hostile),
		cmocka_unit_test(bounded),
		cmocka_unit_test(contract_keys),
		cmocka_unit_test(request),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
