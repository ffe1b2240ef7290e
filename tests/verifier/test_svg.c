// SPDX-License-Identifier: Apache-2.0
/* SVG Tiny PS, rule by rule: each document breaks one of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "verifier/bimi/svg.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define ARENA_BYTES ((size_t)64 << 20)
#define HEAD "<svg version=\"1.2\" baseProfile=\"tiny-ps\" viewBox=\"0 0 9 9\" xmlns=\"http://www.w3.org/2000/svg\""
#define XLINK " xmlns:xlink=\"http://www.w3.org/1999/xlink\""
#define TITLE "<title>t</title>"
/* A document of which only the inside is given. */
#define INSIDE(xml) HEAD XLINK ">" TITLE xml "</svg>"
#define ROOT(attributes) "<svg xmlns=\"http://www.w3.org/2000/svg\" " attributes ">" TITLE "</svg>"

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

/* Dies unless the answer is that word; NULL: valid. */
static struct svg expect_of(struct str bytes, size_t bytes_max, const char *reason)
{
	struct svg svg;
	svg_check(arena, bytes, bytes_max, &svg);
	const char *got = svg.valid ? "valid" : svg.reason;
	if (strcmp(got, reason ? reason : "valid") != 0)
		fail_msg("%.200s: %s (%.*s), not %s", bytes.ptr, got, STR_FMT(svg.detail), reason ? reason : "valid");
	assert_true(svg.valid == !svg.reason);
	assert_true(svg.valid || svg.detail.len > 0);
	return svg;
}

static struct svg expect(struct str bytes, const char *reason)
{
	return expect_of(bytes, SVG_BYTES, reason);
}

struct given {
	const char *xml, *reason;
};

static void expect_all(const struct given *given, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)expect(str_from(given[i].xml), given[i].reason);
}

#define EXPECT_ALL(given) expect_all(given, sizeof(given) / sizeof((given)[0]))

static void test_accepted(void **state)
{
	(void)state;
	static const struct given GIVEN[] = {
		{INSIDE(""), NULL},
		{"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- c -->" INSIDE("<g><rect/></g>"),
			NULL},
		{INSIDE("<defs><linearGradient id='a' gradientUnits='userSpaceOnUse'>"
			"<stop offset='0' stop-color='red'/></linearGradient></defs>"
			"<circle cx='1' cy='1' r='1' fill='url(#a)'/>"), NULL},
		{INSIDE("<rect id='r'/><use xlink:href='#r' x='1'/>"), NULL},
		{INSIDE("<desc>a&amp;b &#60;</desc><text xml:space='preserve' font-family='url'>u</text>"), NULL},
		{"<s:svg version='1.2' baseProfile='tiny-ps' xmlns:s='http://www.w3.org/2000/svg'>"
			"<s:title>t</s:title></s:svg>",
			NULL},
	};
	EXPECT_ALL(GIVEN);
}

static void test_document(void **state)
{
	(void)state;
	static const struct given GIVEN[] = {
		{"", "svg.xml"},
		{"hello", "svg.xml"},
		{HEAD ">" TITLE, "svg.xml"},
		{INSIDE("<g></h>"), "svg.xml"},
		{INSIDE("<g/>") "<svg/>", "svg.xml"},
		{INSIDE("<desc>&nbsp;</desc>"), "svg.xml"},
		{INSIDE("<inkscape:g/>"), "svg.namespace"},
		{"<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" "
			"\"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">" INSIDE(""), "svg.doctype"},
		{"<?xml-stylesheet href='http://a.example/x.css'?>" INSIDE(""), "svg.instruction"},
		{INSIDE("<?php echo 1 ?>"), "svg.instruction"},
		{INSIDE("<desc>\xe4</desc>"), "svg.encoding"},
		{"<?xml version='1.0' encoding='ISO-8859-1'?>" INSIDE(""), "svg.encoding"},
		{"<?xml version='1.0' encoding='UTF-16'?>" INSIDE(""), "svg.encoding"},
		{HEAD "></svg>", "svg.title"},
		{HEAD "><title> </title></svg>", "svg.title"},
		{HEAD "><g><title>t</title></g></svg>", "svg.title"},
	};
	EXPECT_ALL(GIVEN);
}

static void test_root(void **state)
{
	(void)state;
	static const struct given GIVEN[] = {
		{"<html xmlns='http://www.w3.org/1999/xhtml'/>", "svg.root"},
		{"<g xmlns='http://www.w3.org/2000/svg'/>", "svg.root"},
		{"<svg version='1.2' baseProfile='tiny-ps'>" TITLE "</svg>", "svg.namespace"},
		{ROOT("baseProfile='tiny-ps'"), "svg.version"},
		{ROOT("version='1.1' baseProfile='tiny-ps'"), "svg.version"},
		{ROOT("version='1.2'"), "svg.profile"},
		{ROOT("version='1.2' baseProfile='tiny'"), "svg.profile"},
		{ROOT("version='1.2' baseProfile='Tiny-PS'"), "svg.profile"},
		{ROOT("version='1.2' baseProfile='tiny-ps' x='0'"), "svg.position"},
		{ROOT("version='1.2' baseProfile='tiny-ps' y='0px'"), "svg.position"},
		{ROOT("version='1.2' baseProfile='tiny-ps' viewBox='0 0 100'"), "svg.viewbox"},
		{ROOT("version='1.2' baseProfile='tiny-ps' viewBox='0 0 1 1 1'"), "svg.viewbox"},
		{ROOT("version='1.2' baseProfile='tiny-ps' viewBox='0 0 a b'"), "svg.viewbox"},
		{ROOT("version='1.2' baseProfile='tiny-ps' viewBox='0 0 0 0'"), "svg.viewbox"},
		{ROOT("version='1.2' baseProfile='tiny-ps' viewBox='0 0 5 -5'"), "svg.viewbox"},
		{ROOT("version='1.2' baseProfile='tiny-ps' onload='x()'"), "svg.event"},
		{ROOT("version='1.2' baseProfile='tiny-ps' style='a'"), "svg.style"},
	};
	EXPECT_ALL(GIVEN);
	struct str wide = STR(ROOT("version='1.2' baseProfile='tiny-ps' viewBox='0,0,200,100'"));
	assert_true(expect(wide, NULL).advice.len > 0);
	assert_true(expect(STR(ROOT("version='1.2' baseProfile='tiny-ps'")), NULL).advice.len > 0);
	struct str exponent = STR(ROOT("version='1.2' baseProfile='tiny-ps' viewBox=' -5.5 0 1e2'"));
	assert_true(expect(exponent, "svg.viewbox").advice.len == 0);
	struct str square = STR(ROOT("version='1.2' baseProfile='tiny-ps' viewBox='-1,-1 100 , 100'"));
	assert_true(expect(square, NULL).advice.len == 0);
}

static void test_elements(void **state)
{
	(void)state;
	static const struct given GIVEN[] = {
		{INSIDE("<script>alert(1)</script>"), "svg.script"},
		{INSIDE("<handler/>"), "svg.script"},
		{INSIDE("<animate attributeName='x'/>"), "svg.animation"},
		{INSIDE("<rect><set attributeName='onload' to='x'/></rect>"), "svg.animation"},
		{INSIDE("<image xlink:href='#a'/>"), "svg.image"},
		{INSIDE("<video/>"), "svg.image"},
		{INSIDE("<foreignObject><b/></foreignObject>"), "svg.foreign"},
		{INSIDE("<a xlink:href='http://a.example/'/>"), "svg.link"},
		{INSIDE("<style>@import 'http://a.example/x.css'</style>"), "svg.style"},
		{INSIDE("<svg/>"), "svg.element"},
		{INSIDE("<clipPath/>"), "svg.element"},
		{INSIDE("<h:script xmlns:h='http://www.w3.org/1999/xhtml'/>"), "svg.script"},
		{INSIDE("<g xmlns='http://www.w3.org/1999/xhtml'/>"), "svg.namespace"},
		{INSIDE("<metadata><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/></metadata>"),
			"svg.element"},
	};
	EXPECT_ALL(GIVEN);
}

static void test_attributes(void **state)
{
	(void)state;
	static const struct given GIVEN[] = {
		{INSIDE("<rect onclick='x()'/>"), "svg.event"},
		{INSIDE("<rect ONCLICK='x()'/>"), "svg.event"},
		{INSIDE("<rect style='fill:red'/>"), "svg.style"},
		{INSIDE("<rect filter='url(#f)'/>"), "svg.attribute"},
		{INSIDE("<rect href='#r'/>"), "svg.reference"},
		{INSIDE("<rect x:y='1' xmlns:x='urn:x'/>"), "svg.attribute"},
		{INSIDE("<rect xlink:href='#r'/>"), "svg.attribute"},
		{INSIDE("<use xlink:href='http://a.example/#r'/>"), "svg.reference"},
		{INSIDE("<use xlink:href=' #r'/>"), "svg.reference"},
		{INSIDE("<use xlink:href='javascript:alert(1)'/>"), "svg.reference"},
		{INSIDE("<use x:href='//a.example' xmlns:x='http://www.w3.org/1999/xlink'/>"), "svg.reference"},
		{INSIDE("<rect fill='url(http://a.example/#g)'/>"), "svg.reference"},
		{INSIDE("<rect fill='red URL ( \"//a.example/#g\" )'/>"), "svg.reference"},
		{INSIDE("<rect fill='\\75rl(x)'/>"), "svg.reference"},
		{INSIDE("<rect fill='&#117;rl(x)'/>"), "svg.reference"},
		{INSIDE("<rect fill=' java&#x73;cript:x'/>"), "svg.script"},
		{INSIDE("<rect fill='data:text/html,x'/>"), "svg.reference"},
		{INSIDE("<g xml:base='http://a.example/'/>"), "svg.base"},
		{INSIDE("<rect width='1' width='2'/>"), "svg.xml"},
	};
	EXPECT_ALL(GIVEN);
}

static struct str repeated(const char *before, const char *unit, size_t times, const char *after)
{
	struct buf buf;
	buf_init(&buf, SIZE_MAX / 2);
	buf_add_str(&buf, str_from(before));
	for (size_t i = 0; i < times; i++)
		buf_printf(&buf, "%s", unit);
	buf_add_str(&buf, str_from(after));
	struct str text = arena_str(arena, buf_str(&buf));
	buf_fini(&buf);
	return text;
}

/* A document of exactly that many bytes. */
static struct str padded(size_t bytes)
{
	size_t fixed = sizeof(INSIDE("")) - 1;
	return repeated(HEAD XLINK ">" TITLE, " ", bytes - fixed, "</svg>");
}

static void test_limits(void **state)
{
	(void)state;
	(void)expect(padded(SVG_BYTES), NULL);
	(void)expect(padded(SVG_BYTES + 1), "svg.size");
	(void)expect_of(padded(1000), 1000, NULL);
	(void)expect_of(padded(1001), 1000, "svg.size");
	(void)expect_of(padded(2 * SVG_BYTES), 2 * SVG_BYTES, NULL);
	/* The root is one of them. */
	(void)expect(repeated(HEAD ">" TITLE, "<g>", SVG_DEPTH_MAX, ""), "svg.depth");
	(void)expect(repeated(HEAD ">" TITLE, "<g>", SVG_DEPTH_MAX - 1, ""), "svg.xml");
	struct str bare = repeated(HEAD ">" TITLE "<rect ", "", 0, "/></svg>");
	(void)expect(bare, NULL);
	struct buf many;
	buf_init(&many, SVG_BYTES);
	buf_printf(&many, HEAD ">" TITLE "<rect ");
	for (int i = 0; i <= SVG_ATTRIBUTES_MAX; i++)
		buf_printf(&many, "a%d='' ", i);
	buf_printf(&many, "/></svg>");
	(void)expect(buf_str(&many), "svg.attributes");
	buf_fini(&many);
}

static void test_attacks(void **state)
{
	(void)state;
	(void)expect(STR("<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol1 \"&lol;&lol;&lol;&lol;\">"
		"<!ENTITY lol2 \"&lol1;&lol1;&lol1;&lol1;\">]>" INSIDE("<desc>&lol2;</desc>")), "svg.doctype");
	(void)expect(STR("<!DOCTYPE svg [<!ENTITY xxe SYSTEM \"file:///etc/passwd\">]>" INSIDE("<desc>&xxe;</desc>")),
		"svg.doctype");
	(void)expect(STR("<!DOCTYPE svg [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x.dtd\"> %p;]>" INSIDE("")),
		"svg.doctype");
	(void)expect(repeated(HEAD ">" TITLE, "<g>", 8000, ""), "svg.depth");
	(void)expect((struct str){INSIDE("<desc>\0</desc>"), sizeof(INSIDE("<desc>\0</desc>")) - 1}, "svg.xml");
}

static struct str gzipped(struct str bytes)
{
	z_stream stream = {0};
	size_t room = bytes.len + 1024;
	char *out = arena_alloc(arena, room);
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)bytes.ptr;
	stream.avail_in = (uInt)bytes.len;
	stream.next_out = (Bytef *)out;
	stream.avail_out = (uInt)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	(void)deflateEnd(&stream);
	return (struct str){out, stream.total_out};
}

static void test_svgz(void **state)
{
	(void)state;
	struct str good = gzipped(padded(SVG_BYTES));
	struct svg svg = expect(good, NULL);
	assert_true(svg.compressed);
	assert_int_equal(svg.bytes.len, SVG_BYTES);
	(void)expect(gzipped(padded(SVG_BYTES + 1)), "svg.size");
	(void)expect(gzipped(padded((size_t)2 << 20)), "svg.size");
	(void)expect(str_sub(good, 0, good.len - 9), "svg.gzip");
	(void)expect(STR("\x1f\x8b"), "svg.gzip");
	struct buf behind;
	buf_init(&behind, SVG_BYTES);
	buf_add_str(&behind, good);
	buf_add_char(&behind, 'x');
	(void)expect(buf_str(&behind), "svg.gzip");
	buf_fini(&behind);
	(void)expect(gzipped(good), "svg.encoding");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_accepted, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_document, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_root, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_elements, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_attributes, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_limits, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_attacks, open_arena, close_arena),
		cmocka_unit_test_setup_teardown(test_svgz, open_arena, close_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
