// SPDX-License-Identifier: Apache-2.0
/* RFC 8601: what is sent in the wild is read, what is written is strict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "verifier/authres.h"

#include <string.h>

#define ARENA_CEILING_BYTES ((size_t)256 * 1024 * 1024)

static struct arena *arena;

static struct authres parsed(struct str body)
{
	struct authres authres;
	if (!authres_parse(arena, body, &authres))
		fail_msg("nothing read: %.*s", STR_FMT(body));
	return authres;
}

/* "id|method=result|reason|comment|type.name=value|…" for each result, the id once. */
static const char *dump(const struct authres *authres)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	if (authres->instance)
		buf_printf(&buf, "%llu ", (unsigned long long)authres->instance);
	buf_add_str(&buf, authres->authserv_id.ptr ? authres->authserv_id : STR("-"));
	for (size_t i = 0; i < authres->results_count; i++) {
		const struct authres_result *result = &authres->results[i];
		buf_printf(&buf, "; %.*s=%.*s", STR_FMT(result->method), STR_FMT(result->result));
		if (result->comment.ptr)
			buf_printf(&buf, " (%.*s)", STR_FMT(result->comment));
		if (result->reason.ptr)
			buf_printf(&buf, " reason=%.*s", STR_FMT(result->reason));
		for (size_t j = 0; j < result->properties_count; j++)
			buf_printf(&buf, " %.*s.%.*s=[%.*s]", STR_FMT(result->properties[j].type),
				STR_FMT(result->properties[j].name), STR_FMT(result->properties[j].value));
	}
	const char *text = arena_cstr(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

static void reads(struct str body, bool lenient, const char *want, int line)
{
	struct authres authres = parsed(body);
	if (strcmp(dump(&authres), want) != 0 || authres.lenient != lenient)
		fail_msg("line %d: lenient %d: %s", line, authres.lenient, dump(&authres));
}

#define STRICT(body, want) reads(STR(body), false, want, __LINE__)
#define LENIENT(body, want) reads(STR(body), true, want, __LINE__)

/* RFC 8601 appendix B. */
static void test_examples(void **state)
{
	(void)state;
	STRICT(" example.org 1; none\r\n", "example.org");
	STRICT(" example.com;\r\n\tspf=pass smtp.mailfrom=example.net",
		"example.com; spf=pass smtp.mailfrom=[example.net]");
	STRICT(" example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
		" spf=pass smtp.mailfrom=example.net",
		"example.com; auth=pass (cram-md5) smtp.auth=[sender@example.net]; "
		"spf=pass smtp.mailfrom=[example.net]");
	STRICT(" example.com;\r\n dkim=pass reason=\"good signature\"\r\n header.i=@mail-router.example.net;\r\n"
		" dkim=fail reason=\"bad signature\" header.i=@newyork.example.com",
		"example.com; dkim=pass reason=good signature header.i=[@mail-router.example.net]; "
		"dkim=fail reason=bad signature header.i=[@newyork.example.com]");
	STRICT(" foo.example.net (foobar) 1 (baz);\r\n"
		"    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
		"      policy (A dot can go here) . (like that) expired\r\n"
		"      (this surprised me) = (as I wasn't expecting it)"
		" 1362471462",
		"foo.example.net; dkim=fail (Because I like it) policy.expired=[1362471462]");
	STRICT("i=2; mx.example; arc=pass header.oldest-pass=1", "2 mx.example; arc=pass header.oldest-pass=[1]");
	STRICT(" \"a;b\"; spf=pass smtp.mailfrom=\"a b\"@example.com",
		"a;b; spf=pass smtp.mailfrom=[a b@example.com]");
	STRICT("MX.example; SPF=Pass SMTP.MailFrom=A@Example.com",
		"MX.example; spf=pass smtp.mailfrom=[A@Example.com]");
	STRICT("a; dkim=pass header.b=ab/cd+== header.a=rsa-sha256",
		"a; dkim=pass header.b=[ab/cd+==] header.a=[rsa-sha256]");
}

static void test_wild(void **state)
{
	(void)state;
	/* Microsoft: no authserv-id, properties without a type. */
	LENIENT("spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=example.com; dmarc=bestguesspass action=none\r\n"
		" header.from=example.com;compauth=pass reason=109",
		"-; spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=[example.com]; "
		"dmarc=bestguesspass .action=[none] header.from=[example.com]; compauth=pass reason=109");
	/* Google. */
	STRICT("mx.google.com;\r\n       dkim=pass header.i=@example.com header.s=s1 header.b=AbC/dEf1;\r\n"
		"       spf=pass (google.com: domain of a@example.com designates 192.0.2.1 as permitted sender)"
		" smtp.mailfrom=a@example.com;\r\n       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=example.com",
		"mx.google.com; dkim=pass header.i=[@example.com] header.s=[s1] header.b=[AbC/dEf1]; "
		"spf=pass (google.com: domain of a@example.com designates 192.0.2.1 as permitted sender) "
		"smtp.mailfrom=[a@example.com]; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=[example.com]");
	STRICT("a; spf=hardfail smtp.mfrom=b@example.com", "a; spf=hardfail smtp.mfrom=[b@example.com]");
	LENIENT("a; dkim=pass;", "a; dkim=pass");
	LENIENT("a; dkim=pass; ; spf=none", "a; dkim=pass; spf=none");
	LENIENT("a; dmarc=pass header.from=<b@example.com>", "a; dmarc=pass header.from=[b@example.com]");
	LENIENT("a; dkim=pass header.d=x.example reason=late", "a; dkim=pass reason=late header.d=[x.example]");
	LENIENT("a; dkim=fail reason=bad signature header.d=x.example",
		"a; dkim=fail reason=bad signature header.d=[x.example]");
	LENIENT("a; dkim=fail (a (b) c header.d=x.example; spf=pass",
		"a; dkim=fail (a (b) c header.d=x.example); spf=pass");
	LENIENT("a; dkim=fail a) header.d=x.example", "a; dkim=fail header.d=[x.example]");
	STRICT("a; dkim=fail (a;b \\) (c;d)) header.d=x.example", "a; dkim=fail (a;b ) (c;d)) header.d=[x.example]");
	STRICT("a; spf = pass smtp.mailfrom = b@example.com", "a; spf=pass smtp.mailfrom=[b@example.com]");
	STRICT("a; spf=pass smtp.mailfrom= smtp.helo=h.example", "a; spf=pass smtp.mailfrom=[] smtp.helo=[h.example]");
	LENIENT("a; dkim=pass header.b=abc\r\n def header.d=x.example",
		"a; dkim=pass header.b=[abcdef] header.d=[x.example]");
	LENIENT("spf = pass smtp.mailfrom=x.example", "-; spf=pass smtp.mailfrom=[x.example]");
	LENIENT("a spf=pass smtp.mailfrom=x.example", "a; spf=pass smtp.mailfrom=[x.example]");
	LENIENT("; spf=pass", "-; spf=pass");
	LENIENT("a; spf=pass; none", "a; spf=pass");
	LENIENT("a; nonsense; spf=pass", "a; spf=pass");
	LENIENT("a; =x; spf=pass", "a; spf=pass");
	STRICT("a; x-tls/1=pass", "a; x-tls=pass");
	STRICT("a; spf/2=pass; dkim=none", "a; dkim=none");
	STRICT("a; spf=pass smtp.mailfrom=\xe7\x94\xb0@example.com",
		"a; spf=pass smtp.mailfrom=[\xe7\x94\xb0@example.com]");
	LENIENT("a; spf=pass smtp.mailfrom=\"unclosed", "a; spf=pass smtp.mailfrom=[unclosed]");
	STRICT("a; spf=pass smtp.mailfrom=\"x\r\n y\"", "a; spf=pass smtp.mailfrom=[x y]");
	STRICT("a; spf=pass smtp.mailfrom=\"x\x01\"", "a; spf=pass smtp.mailfrom=[x?]");
	LENIENT("a", "a");
	LENIENT("a;", "a");
	LENIENT("a; x/2=pass", "a");
}

static void test_nothing(void **state)
{
	struct authres authres;
	(void)state;
	assert_false(authres_parse(arena, STR(""), &authres));
	assert_false(authres_parse(arena, STR(" (x) "), &authres));
	assert_false(authres_parse(arena, STR("a 2; spf=pass"), &authres));
	assert_false(authres_parse(arena, STR(";;;"), &authres));
	assert_false(received_spf_parse(arena, STR(" (x)"), &authres));
}

static const char *spf_field(struct str body)
{
	struct authres authres;
	assert_true(received_spf_parse(arena, body, &authres));
	return dump(&authres);
}

static void test_received_spf(void **state)
{
	(void)state;
	assert_string_equal(spf_field(STR(" pass (mybox.example.org: domain of\r\n"
		" myname@example.com designates 192.0.2.1 as"
		" permitted sender)\r\n receiver=mybox.example.org; client-ip=192.0.2.1;\r\n"
		" envelope-from=\"myname@example.com\"; helo=foo.example.com;")),
		"mybox.example.org; spf=pass (mybox.example.org: domain of myname@example.com designates 192.0.2.1 as "
		"permitted sender) .receiver=[mybox.example.org] smtp.remote-ip=[192.0.2.1] "
		"smtp.mailfrom=[myname@example.com] smtp.helo=[foo.example.com]");
	assert_string_equal(spf_field(STR("Pass (mailfrom) identity=mailfrom; client-ip=2001:db8::1; helo=h.example; "
		"envelope-from=a@example.com; receiver=<UNKNOWN>")),
		"UNKNOWN; spf=pass (mailfrom) .identity=[mailfrom] smtp.remote-ip=[2001:db8::1] smtp.helo=[h.example] "
		"smtp.mailfrom=[a@example.com] .receiver=[UNKNOWN]");
	assert_string_equal(spf_field(STR("SOFTFAIL client-ip=192.0.2.1 helo=h.example x-y=\"z w\"")),
		"-; spf=softfail smtp.remote-ip=[192.0.2.1] smtp.helo=[h.example] .x-y=[z w]");
}

static struct str printed(const struct authres *authres)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	authres_print(&buf, authres, 23);
	struct str text = arena_str(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

/* One field, whose lines are no longer than they have to be. */
static void assert_one_field(struct str text)
{
	struct str rest = text, line;
	while (str_split(&rest, '\n', &line)) {
		if (line.ptr != text.ptr && rest.ptr)
			assert_true(line.ptr[0] == ' ' && str_trim(line).len > 0);
		assert_true(line.len <= 1000);
		for (size_t i = 0; i < line.len; i++)
			assert_true((unsigned char)line.ptr[i] >= ' ' || (line.ptr[i] == '\r' && i + 1 == line.len));
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"a; none",
		"i=7; a; arc=pass",
		"\"a b;c\\\"\"; spf=pass reason=\"x (y) \\\\ z\" smtp.mailfrom=\"a b\"@example.com smtp.helo=\"\"",
		"a; spf=pass (a (b) \\\\ \\( c) smtp.remote-ip=\"2001:db8::1\" policy.x=\"   \"",
		"spf=pass action=none",
		"a; "
		"dkim=pass (one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
			"sixteen) reason=\"one two three four five six seven eight nine ten eleven twelve thirteen "
			"fifteen  sixteen\" header.d=a-very-long-name-that-does-not-fit-into-a-line-of-seventy-eight-"
			"columns.example.com header.b=\"ab/cd==\"",
	};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct authres once = parsed(str_from(bodies[i]));
		struct str text = printed(&once);
		struct authres again = parsed(text);
		assert_string_equal(dump(&once), dump(&again));
		assert_one_field(text);
	}
}

static struct verdict example(void)
{
	static struct verdict_spf spf[2];
	static struct verdict_dkim dkim[2];
	struct verdict verdict = {.spf = {spf, 2}, .dkim = {dkim, 2}};
	spf[0] = (struct verdict_spf){.result = AUTH_PASS, .identity = STR("mailfrom"),
		.sender = STR("bounce+x=y@example.com"),
		.domain = STR("example.com"), .ip = STR("192.0.2.1")};
	spf[1] = (struct verdict_spf){.result = AUTH_PERMERROR, .identity = STR("helo"), .helo = STR("h.example.com"),
		.domain = STR("h.example.com"), .ip = STR("192.0.2.1"), .problem = STR("two records")};
	dkim[0] = (struct verdict_dkim){.result = AUTH_PASS, .domain = STR("example.com"), .selector = STR("s1"),
		.auid = STR("@example.com"), .algorithm = STR("rsa-sha256"), .signature = STR("AbCd/fGhIjKl")};
	dkim[1] = (struct verdict_dkim){.result = AUTH_FAIL, .domain = STR("example.net"), .selector = STR("s2"),
		.signature = STR("xyz"), .detail = STR("the body hash differs")};
	verdict.arc = (struct verdict_arc){.result = AUTH_PASS, .oldest_pass = 2};
	verdict.dmarc = (struct verdict_dmarc){.result = AUTH_PASS, .policy = STR("reject"),
		.author_domain = STR("example.com")};
	verdict.bimi = (struct verdict_bimi){.result = AUTH_PASS, .domain = STR("example.com"),
		.selector = STR("default")};
	return verdict;
}

static struct str written(struct str authserv_id, const struct verdict *verdict)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	authres_write(&buf, authserv_id, verdict);
	struct str text = arena_str(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

static void test_write(void **state)
{
	(void)state;
	struct verdict verdict = example();
	struct str text = written(STR("mx.example.org"), &verdict);
	assert_one_field(text);
	assert_true(str_ends(text, STR("\r\n")));
	struct message message;
	message_parse(arena, text, &message);
	assert_int_equal(message.fields_count, 1);
	reads(message.fields[0].body, false,
		"mx.example.org; spf=pass smtp.mailfrom=[bounce+x=y@example.com]; "
		"spf=permerror reason=two records smtp.helo=[h.example.com]; "
		"dkim=pass header.d=[example.com] header.i=[@example.com] header.s=[s1] header.a=[rsa-sha256] "
		"header.b=[AbCd/fGh]; "
		"dkim=fail reason=the body hash differs header.d=[example.net] header.s=[s2] header.b=[xyz]; "
		"arc=pass header.oldest-pass=[2]; dmarc=pass policy.dmarc=[reject] header.from=[example.com]; "
		"bimi=pass header.d=[example.com] header.selector=[default]", __LINE__);
	/* RFC 6008 section 4: as much of b= as tells one signature from the other. */
	static const struct {
		const char *other, *shown, *other_shown;
	} signatures[] = {
		{"AbCd/fGhxxxx", "header.b=\"AbCd/fGhI\"", "header.b=\"AbCd/fGhx\""},
		{"AbCd/fGhIjK", "header.b=\"AbCd/fGhIjKl\"", "header.b=\"AbCd/fGhIjK\"\r\n"},
		{"AbCd/fGhIjKl", "header.b=\"AbCd/fGh\"", "header.b=\"AbCd/fGh\""},
	};
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		verdict.dkim.at[1].signature = str_from(signatures[i].other);
		verdict.arc.result = verdict.dmarc.result = verdict.bimi.result = AUTH_UNKNOWN;
		text = written(STR("mx"), &verdict);
		assert_true(str_find(text, str_from(signatures[i].shown)) != SIZE_MAX);
		assert_true(str_find(text, str_from(signatures[i].other_shown)) != SIZE_MAX);
	}
	verdict = (struct verdict){.spf = {NULL, 0}};
	assert_true(str_eq(written(STR("mx"), &verdict), STR("Authentication-Results: mx; none\r\n")));
}

/* A flood of signatures leaves room for those that pass and for what stands behind them. */
static void test_write_flood(void **state)
{
	enum { SIGNATURES = 9990 };
	(void)state;
	struct verdict verdict = example();
	verdict.dkim.at = ARENA_ARRAY(arena, SIGNATURES, struct verdict_dkim);
	verdict.dkim.count = SIGNATURES;
	for (size_t i = 0; i < SIGNATURES; i++)
		verdict.dkim.at[i] = (struct verdict_dkim){.result = i < SIGNATURES - 10 ? AUTH_POLICY : AUTH_PASS,
			.domain = STR("example.com"), .signature = STR("AbCd/fGhIjKl")};
	struct str text = written(STR("mx"), &verdict);
	struct message message;
	struct authres authres;
	size_t passes = 0;
	message_parse(arena, text, &message);
	assert_true(authres_parse(arena, message.fields[0].body, &authres));
	for (size_t i = 0; i < authres.results_count; i++)
		passes += str_eq(authres.results[i].method, STR("dkim")) &&
			str_eq(authres.results[i].result, STR("pass"));
	assert_int_equal(passes, 10);
	assert_true(authres.results_count >= 60);
	assert_true(str_find(text, STR("arc=pass")) != SIZE_MAX);
	assert_true(str_find(text, STR("dmarc=pass")) != SIZE_MAX);
	assert_true(str_find(text, STR("bimi=pass")) != SIZE_MAX);
}

/* CVE-free whatever a verdict holds. */
static void test_injection(void **state)
{
	(void)state;
	struct verdict verdict = example();
	char big[5000];
	memset(big, 'x', sizeof(big));
	verdict.spf.at[0].sender = STR("a\r\nX-Evil: 1\r\n\r\nbody\"; dmarc=pass (\\@example.com");
	verdict.dkim.at[0].domain = STR("example.com; dmarc=pass\n header.from=victim.example");
	verdict.dkim.at[0].selector = STR("\"\\");
	verdict.dkim.at[1].selector = (struct str){big, sizeof(big)};
	verdict.dkim.at[1].detail = STR("\r\n\r\n(\x7f\x1b[31m");
	verdict.dmarc.author_domain = STR("\0\r\n");
	struct str text = written(STR("mx\r\n\r\nx"), &verdict);
	assert_one_field(text);
	struct message message;
	struct authres authres;
	message_parse(arena, text, &message);
	assert_int_equal(message.fields_count, 1);
	assert_int_equal(message.body.len, 0);
	assert_true(authres_parse(arena, message.fields[0].body, &authres));
	assert_int_equal(authres.results_count, 7);
	for (size_t i = 0; i < authres.results_count; i++)
		assert_true(!str_eq(authres.results[i].method, STR("dmarc")) || i == 5);
}

static void test_claims(void **state)
{
	static const struct { const char *method; enum maybe agrees; bool trusted; } want[] = {
		{"spf", MAYBE_YES, true}, {"dkim", MAYBE_YES, true}, {"dkim", MAYBE_NO, true}, {"dkim", MAYBE_UNKNOWN,
			true},
		{"dmarc", MAYBE_NO, true}, {"iprev", MAYBE_UNKNOWN, true}, {"dmarc", MAYBE_UNKNOWN, false},
		{"arc", MAYBE_YES, false}, {"spf", MAYBE_NO, true},
	};
	struct verify verify = {.arena = arena};
	struct verdict verdict = example();
	struct message message;
	struct str ids[] = {STR("MX.example.org"), STR("other")};
	(void)state;
	verdict.dkim.at[0].auid = STR("@mail.example.com");
	message_parse(arena, STR("Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=q@Example.com;\r\n"
		" dkim=pass header.i=@mail.example.com; dkim=pass (a (b)) header.d=example.net header.s=s2;\r\n"
		" dkim=fail (c) reason=\"d e\" header.d=example.com header.b=zzz;"
		" dmarc=fail header.from=example.com; iprev=pass\r\n"
		"Subject: x\r\n"
		"authentication-results: evil.example; dmarc=pass header.from=example.org\r\n"
		"ARC-Authentication-Results: i=1; mx.example.org; arc=pass\r\n"
		"Received-SPF: fail identity=helo; helo=h.example.com; client-ip=192.0.2.1; receiver=other\r\n"
		"Authentication-Results: mx.example.org 9; spf=fail\r\n\r\n"), &message);
	struct authres_trust trust = {ids, 2, message.fields_count};
	authres_claims(&verify, &message, &trust, &verdict);
	assert_int_equal(verdict.claims.count, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < verdict.claims.count; i++) {
		const struct verdict_claim *claim = &verdict.claims.at[i];
		if (!str_eq(claim->method, str_from(want[i].method)) || claim->agrees != want[i].agrees ||
			claim->trusted != want[i].trusted)
			fail_msg("%zu: %.*s, agrees %d, trusted %d", i, STR_FMT(claim->method), (int)claim->agrees,
				claim->trusted);
	}
	trust.inside_fields = 4; /* the Received-SPF field is the fifth */
	authres_claims(&verify, &message, &trust, &verdict);
	assert_true(verdict.claims.at[0].trusted);
	assert_false(verdict.claims.at[8].trusted);
	assert_true(str_eq(verdict.claims.at[7].properties, STR("i=1")));
	assert_true(str_eq(verdict.claims.at[2].properties, STR("header.d=example.net header.s=s2")));
	assert_null(verdict.claims.at[1].reason.ptr);
	assert_true(str_eq(verdict.claims.at[2].reason, STR("a (b)")));
	assert_true(str_eq(verdict.claims.at[3].reason, STR("d e")));
}

/* Long, and with nothing that ends. */
static void test_bombs(void **state)
{
	static const char *const pieces[] = {"(", "(;", "\"", "a=", "a=b;", "a=b c.d=e ", "x ", "a; b=c reason=x y ",
		"\\", ";",
		"a.b=\"c"};
	const size_t bytes = (size_t)1024 * 1024;
	char *text = arena_alloc(arena, bytes + 16);
	struct authres authres;
	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t len = strlen(pieces[i]);
		for (size_t at = 0; at < bytes; at += len)
			memcpy(text + at, pieces[i], len);
		(void)authres_parse(arena, (struct str){text, bytes}, &authres);
		assert_true(authres.results_count <= AUTHRES_RESULTS_MAX);
		(void)received_spf_parse(arena, (struct str){text, bytes}, &authres);
	}
	/* Values of thousands of words, each put together from its first to its last. */
	static const char *const heads[] = {"a; b=c reason=d", "a; b=c d.e=f"};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		struct buf buf;
		buf_init(&buf, bytes);
		buf_add_str(&buf, STR("x;"));
		for (size_t value = 0; value < 20; value++) {
			buf_add_str(&buf, str_from(heads[i]));
			for (size_t word = 0; word < 3000; word++)
				buf_add_str(&buf, STR("\r\n z"));
			buf_add_char(&buf, ';');
		}
		size_t before = arena_used_bytes(arena);
		assert_true(authres_parse(arena, buf_str(&buf), &authres));
		assert_true(arena_used_bytes(arena) - before < 32 * buf.len);
		buf_fini(&buf);
	}
}

static int setup(void **state)
{
	(void)state;
	arena = arena_open(ARENA_CEILING_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_close(&arena);
	return 0;
}

/* Each claim may be of each signature: what is alike of them is looked at once. */
static void test_many_claims(void **state)
{
	enum { SIGNATURES = 9000, CLAIMS = 200 };
	(void)state;
	struct verify verify = {.arena = arena};
	struct verdict verdict = {.dkim = {ARENA_ARRAY(arena, SIGNATURES, struct verdict_dkim), SIGNATURES}};
	struct buf buf;
	struct message message;
	buf_init(&buf, SIZE_MAX / 2);
	for (size_t i = 0; i < SIGNATURES; i++)
		verdict.dkim.at[i] = (struct verdict_dkim){.result = AUTH_PERMERROR,
			.domain = STR("a-name.example.com"), .auid = STR("@a-name.example.com")};
	for (size_t i = 0; i < CLAIMS; i++)
		buf_printf(&buf, "Authentication-Results: x; dkim=pass header.i=@a-name.example.com\r\n");
	message_parse(arena, buf_str(&buf), &message);
	struct authres_trust trust = {NULL, 0, 0};
	size_t before = arena_used_bytes(arena);
	authres_claims(&verify, &message, &trust, &verdict);
	assert_int_equal(verdict.claims.count, CLAIMS);
	assert_int_equal(verdict.claims.at[CLAIMS - 1].agrees, MAYBE_NO);
	assert_true(arena_used_bytes(arena) - before < (size_t)4 * 1024 * 1024);
	buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_wild),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_received_spf),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_flood),
		cmocka_unit_test(test_injection),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_many_claims),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
