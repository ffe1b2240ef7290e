// SPDX-License-Identifier: Apache-2.0
/* Mark certificates: those of the corpus at times inside and outside their validity, and own ones with one fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "model/digest.h"
#include "tests/verifier/corpus.h"
#include "tests/verifier/mark.h"
#include "verifier/bimi/vmc.h"

#include <string.h>

#define ARENA_BYTES ((size_t)256 << 20)
#define FOLDER "bimi"

enum column { FILE_NAME, KIND, ORG, SAN, MARK_TYPE, TRADEMARK, NOT_BEFORE, NOT_AFTER, EKU, LOGO_BYTES, LOGO_SHA256,
	LOGO_HASH, CERT_SHA256, EXPECTED };

static struct arena *arena;

static int open_arena(void **state)
{
	(void)state;
	arena = arena_open(ARENA_BYTES);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

static void assert_str(struct str s, struct str expected)
{
	if (!str_eq(s, expected))
		fail_msg("\"%.*s\", not \"%.*s\"", STR_FMT(s), STR_FMT(expected));
}

static struct vmc judged(struct arena *of, struct vmc_request request)
{
	struct vmc vmc;
	request.evidence_bytes_max = request.evidence_bytes_max ? request.evidence_bytes_max : VMC_BYTES;
	request.svg_bytes_max = request.svg_bytes_max ? request.svg_bytes_max : SVG_BYTES;
	vmc_check(of, &request, &vmc);
	return vmc;
}

static struct vmc expect(const struct vmc_request *request, enum vmc_state state, const char *reason)
{
	struct vmc vmc = judged(arena, *request);
	if (vmc.state != state || strcmp(vmc.reason ? vmc.reason : "", reason ? reason : "") != 0)
		fail_msg("state %d, %s (%.*s), not %d, %s", (int)vmc.state, vmc.reason ? vmc.reason : "-",
			STR_FMT(vmc.detail), (int)state, reason ? reason : "-");
	return vmc;
}

static int64_t epoch(struct str iso)
{
	int64_t secs;
	assert_true(time_parse_iso(iso, &secs));
	return secs;
}

static void check_columns(struct str line, const struct vmc *vmc)
{
	char hex[SHA256_HEX_BYTES];
	struct sha256 sum = sha256_of(vmc->svg.bytes.ptr, vmc->svg.bytes.len);
	assert_str(vmc->organization, corpus_column(line, ORG));
	assert_str(vmc->names, corpus_column(line, SAN));
	assert_str(vmc->mark_type, corpus_column(line, MARK_TYPE));
	assert_str(vmc->trademark, corpus_column(line, TRADEMARK));
	assert_str(str_from(arena_printf(arena, "%zu", vmc->svg.bytes.len)), corpus_column(line, LOGO_BYTES));
	assert_str(str_from(sha256_hex(&sum, hex)), corpus_column(line, LOGO_SHA256));
	assert_str(str_from(arena_printf(arena, "%s(svg)", vmc->hash_algorithm)), corpus_column(line, LOGO_HASH));
	assert_true(vmc->has_scts);
}

static void check_mark(struct str line, struct vmc_request request, struct str other_root)
{
	const struct str roots[] = {corpus_file(arena, FOLDER, STR("vmc-digicert.pem"))};
	int64_t from = epoch(corpus_column(line, NOT_BEFORE)), to = epoch(corpus_column(line, NOT_AFTER));
	request.roots = roots;
	request.roots_count = 1;
	for (int i = 0; i < 3; i++) {
		request.now_epoch_secs = i == 0 ? from + 1 : i == 1 ? (from + to) / 2 : to - 1;
		struct vmc vmc = expect(&request, VMC_PASS, NULL);
		check_columns(line, &vmc);
	}
	request.now_epoch_secs = from - 1;
	(void)expect(&request, VMC_FAIL, "vmc.not_yet_valid");
	request.now_epoch_secs = to + 1;
	(void)expect(&request, VMC_FAIL, "vmc.expired");
	request.now_epoch_secs = MARK_NOW;
	(void)expect(&request, VMC_FAIL, "vmc.expired");
	request.now_epoch_secs = to - 1;
	request.domain = STR("example.com");
	(void)expect(&request, VMC_FAIL, "vmc.domain");
	request.domain = corpus_column(line, SAN);
	request.roots = &other_root;
	(void)expect(&request, VMC_FAIL, "vmc.chain");
	request.roots_count = 0;
	(void)expect(&request, VMC_UNTRUSTED, "vmc.no_roots");
}

static void check_certificate(struct str line, struct vmc_request request)
{
	struct str expected = corpus_column(line, EXPECTED), names = corpus_column(line, SAN);
	request.domain = str_starts(names, STR("*")) ? STR("catchall.delivery") : names;
	request.evidence = corpus_file(arena, FOLDER, corpus_column(line, FILE_NAME));
	request.now_epoch_secs = epoch(corpus_column(line, NOT_BEFORE)) + 1;
	struct vmc vmc = judged(arena, request);
	assert_str(vmc.sha256, corpus_column(line, CERT_SHA256));
	assert_str(vmc.not_before, corpus_column(line, NOT_BEFORE));
	assert_str(vmc.not_after, corpus_column(line, NOT_AFTER));
	if (str_starts(expected, STR("VMC chain"))) {
		check_mark(line, request, corpus_file(arena, FOLDER, STR("vmc-entrust_vmc_specific.pem")));
	} else if (str_eq(expected, STR("trust anchor"))) {
		assert_int_equal(vmc.state, VMC_FAIL);
	} else {
		assert_true(str_starts(expected, STR("reject: no BIMI extended key usage")));
		assert_string_equal(vmc.reason, "vmc.eku");
		assert_true(str_find(vmc.detail, STR("no logotype extension")) != SIZE_MAX);
	}
}

static void test_corpus(void **state)
{
	(void)state;
	corpus_need();
	struct str table = corpus_file(arena, FOLDER, STR("expected.tsv")), line;
	int certificates = 0, images = 0;
	assert_true(str_line(&table, &line));
	while (str_line(&table, &line)) {
		struct str kind = corpus_column(line, KIND);
		if (str_eq(kind, STR("svg"))) {
			struct svg svg;
			svg_check(arena, corpus_file(arena, FOLDER, corpus_column(line, FILE_NAME)), SVG_BYTES, &svg);
			if (!svg.valid)
				fail_msg("%.*s: %.*s", STR_FMT(line), STR_FMT(svg.detail));
			assert_int_equal(svg.advice.len, 0);
			images++;
		} else if (!str_eq(kind, STR("mail"))) {
			check_certificate(line, (struct vmc_request){.selector = STR("default")});
			certificates++;
		}
	}
	assert_int_equal(images, 2);
	assert_int_equal(certificates, 6);
}

/* Roots of three authorities in one text, and the document's own root no more than untrusted. */
static void test_roots(void **state)
{
	(void)state;
	struct mark_options options = mark_good();
	struct mark mark = mark_make(arena, &options), other = mark_make(arena, &options);
	struct str both = str_from(arena_printf(arena, "%.*snoise\n%.*s", STR_FMT(other.root), STR_FMT(mark.root)));
	struct vmc_request request = {.evidence = mark.evidence, .roots = &both, .roots_count = 1,
		.now_epoch_secs = MARK_NOW, .domain = STR("example.com"), .selector = STR("default")};
	struct vmc vmc = expect(&request, VMC_PASS, NULL);
	assert_string_equal(vmc.kind, "VMC");
	assert_false(vmc.has_scts);
	request.roots_count = 0;
	(void)expect(&request, VMC_UNTRUSTED, "vmc.no_roots");
	request.now_epoch_secs += 11 * 86400;
	(void)expect(&request, VMC_FAIL, "vmc.expired");
	request.roots_count = 1;
	vmc = expect(&request, VMC_FAIL, "vmc.expired");
	assert_true(str_starts(vmc.detail, STR("\"leaf\" expired at ")));
	request.roots_count = 0;
	request.now_epoch_secs = MARK_NOW;
	request.evidence = mark.root;
	vmc = expect(&request, VMC_FAIL, "vmc.eku");
	assert_true(str_find(vmc.detail, STR("it is self-signed")) != SIZE_MAX);
	request.evidence = mark.evidence;
	request.roots_count = 1;
	request.roots = &other.root;
	(void)expect(&request, VMC_FAIL, "vmc.chain");
	struct str none = STR("no certificate");
	request.roots = &none;
	(void)expect(&request, VMC_FAIL, "vmc.roots");
}

struct given {
	struct mark_options options;
	const char *reason;
};

static void expect_made(const struct mark_options *options, enum vmc_state state, const char *reason)
{
	struct mark mark = mark_make(arena, options);
	struct vmc_request request = {.evidence = mark.evidence, .roots = &mark.root, .roots_count = 1,
		.now_epoch_secs = MARK_NOW, .domain = STR("example.com"), .org_domain = STR("example.com"),
		.selector = STR("Brand")};
	(void)expect(&request, state, reason);
}

static void test_faults(void **state)
{
	(void)state;
	struct given given[20];
	size_t n = 0;
#define GIVEN(change, word) given[n] = (struct given){mark_good(), word}, given[n].options change, n++
	GIVEN(.eku = NULL, "vmc.eku");
	GIVEN(.eku = "serverAuth", "vmc.eku");
	GIVEN(.eku = "serverAuth,1.3.6.1.5.5.7.3.31", NULL);
	GIVEN(.ca_eku = NULL, "vmc.ca_eku");
	GIVEN(.svg = STR_NONE, "vmc.logotype");
	GIVEN(.svg = STR("<svg/>"), "vmc.svg");
	GIVEN(.plain_svg = true, NULL);
	GIVEN(.media_type = "image/png", "vmc.logotype");
	GIVEN(.wrong_hash = true, "vmc.hash");
	GIVEN(.sha256 = true, NULL);
	GIVEN(.domain = NULL, "vmc.domain");
	GIVEN(.domain = "example.org", "vmc.domain");
	GIVEN(.domain = "*.example.com", "vmc.domain");
	GIVEN(.domain = "sub.example.com", "vmc.domain");
	GIVEN(.domain = "EXAMPLE.com", NULL);
	GIVEN(.domain = "brand._bimi.example.com", NULL);
	GIVEN(.domain = "other._bimi.example.com", "vmc.domain");
	GIVEN(.days = 5, "vmc.expired");
	GIVEN(.days_from_now = 5, "vmc.not_yet_valid");
	GIVEN(.rsa_bits = 1024, "vmc.chain");
	for (size_t i = 0; i < n; i++)
		expect_made(&given[i].options, given[i].reason ? VMC_FAIL : VMC_PASS, given[i].reason);
}

static void test_kinds(void **state)
{
	(void)state;
	static const char *const TYPES[][2] = {{"Registered Mark", "VMC"}, {"Government Mark", "VMC"},
		{"Prior Use Mark", "CMC"}, {"Modified Registered Mark", "CMC"}, {"registered mark", NULL}};
	for (size_t i = 0; i < 5; i++) {
		struct mark_options options = mark_good();
		options.mark_type = TYPES[i][0];
		struct mark mark = mark_make(arena, &options);
		struct vmc_request request = {.evidence = mark.evidence, .roots = &mark.root, .roots_count = 1,
			.now_epoch_secs = MARK_NOW, .domain = STR("example.com"), .selector = STR("default")};
		struct vmc vmc = expect(&request, VMC_PASS, NULL);
		assert_str(vmc.mark_type, str_from(TYPES[i][0]));
		assert_true(TYPES[i][1] ? vmc.kind && strcmp(vmc.kind, TYPES[i][1]) == 0 : !vmc.kind);
	}
}

static void test_documents(void **state)
{
	(void)state;
	struct mark_options options = mark_good();
	struct mark mark = mark_make(arena, &options), other = mark_make(arena, &options);
	struct vmc_request request = {.roots = &mark.root, .roots_count = 1, .now_epoch_secs = MARK_NOW,
		.domain = STR("example.com"), .selector = STR("default")};
	const struct {
		struct str evidence;
		const char *reason;
	} given[] = {
		{STR(""), "vmc.pem"},
		{STR_NONE, "vmc.pem"},
		{STR("hello\n"), "vmc.pem"},
		{str_sub(mark.evidence, 0, mark.evidence.len - 30), "vmc.pem"},
		{STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "vmc.pem"},
		{STR("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"), "vmc.pem"},
		{mark.reversed, "vmc.order"},
		{str_from(arena_printf(arena, "%.*s%.*s", STR_FMT(mark.evidence), STR_FMT(other.evidence))),
			"vmc.several"},
	};
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		request.evidence = given[i].evidence;
		(void)expect(&request, VMC_FAIL, given[i].reason);
	}
}

static struct str times(struct str text, size_t count)
{
	char *all = arena_alloc(arena, text.len * count + 1);
	for (size_t i = 0; i < count; i++)
		memcpy(all + i * text.len, text.ptr, text.len);
	return (struct str){all, text.len * count};
}

static void test_attacks(void **state)
{
	(void)state;
	struct mark_options options = mark_good();
	struct mark mark = mark_make(arena, &options);
	struct vmc_request request = {.roots = &mark.root, .roots_count = 1, .now_epoch_secs = MARK_NOW,
		.domain = STR("example.com"), .selector = STR("default")};
	request.evidence = times(mark.root, 10000);
	(void)expect(&request, VMC_FAIL, "vmc.pem");
	request.evidence = times(mark.root, VMC_CERTIFICATES_MAX + 1);
	(void)expect(&request, VMC_FAIL, "vmc.pem");
	request.evidence = times(STR("\n"), VMC_BYTES + 1);
	(void)expect(&request, VMC_FAIL, "vmc.pem");
	request.evidence = mark.evidence;
	request.evidence_bytes_max = mark.evidence.len;
	struct vmc vmc = expect(&request, VMC_PASS, NULL);
	request.evidence_bytes_max--;
	(void)expect(&request, VMC_FAIL, "vmc.pem");
	request.evidence_bytes_max = 0;
	request.svg_bytes_max = vmc.svg.bytes.len;
	(void)expect(&request, VMC_PASS, NULL);
	request.svg_bytes_max--;
	(void)expect(&request, VMC_FAIL, "vmc.svg");
	request.svg_bytes_max = 0;
	struct str many = times(mark.root, VMC_ROOTS_MAX + 1);
	request.evidence = mark.evidence;
	request.roots = &many;
	(void)expect(&request, VMC_FAIL, "vmc.roots");
	/* A bomb in the logo, and one that is no bomb but too large. */
	options.svg = times(STR(" "), (size_t)8 << 20);
	expect_made(&options, VMC_FAIL, "vmc.svg");
	/* Every byte of the document changed once: never a pass by accident, never a crash. */
	char *copy = arena_alloc(arena, mark.evidence.len);
	request.roots = &mark.root;
	for (size_t i = 0; i + 1 < mark.evidence.len; i += 7) {
		if (mark.evidence.ptr[i + 1] == '=') /* base64 has bits there that mean nothing */
			continue;
		memcpy(copy, mark.evidence.ptr, mark.evidence.len);
		copy[i] = copy[i] == 'A' ? 'B' : 'A';
		request.evidence = (struct str){copy, mark.evidence.len};
		struct arena *scratch = arena_open(ARENA_BYTES);
		assert_true(judged(scratch, request).state == VMC_FAIL);
		arena_close(&scratch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_corpus, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_roots, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_faults, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_kinds, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_documents, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_attacks, open_arena, close_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
